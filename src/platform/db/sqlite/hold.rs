//! One server to a file. Another would read what this one has not put on disk yet, and people on the two would not hear of
//! one another.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};

/// Ends with the process, however that ends.
pub struct Hold(#[expect(dead_code, reason = "it is held by being open")] File);

/// The file beside the database is locked, not the database: SQLite's own locks go when anybody closes that.
pub(in crate::platform::db) fn hold(path: &Path) -> anyhow::Result<Hold> {
    let beside = path.with_added_extension("server");
    let place = || format!("cannot open {}", beside.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(place)?;
    }
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&beside);
    let mut file = options.with_context(place)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            bail!(
                "another server (process {}) has {}, and a SQLite file serves one: end it, or give this one a folder of its own, \
                 as by SMILECHAT_DATA_DIR=./data2",
                holder.trim(),
                path.display()
            );
        }
        // A file system without such locks: SQLite's are what there is.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, file = %beside.display(), "cannot be locked; a second server on this database would not be noticed");
        }
    }
    // On a full disk it is held without a name.
    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    Ok(Hold(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_serves_one_until_that_one_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/chat.db");
        let first = hold(&path).expect("free");
        let refused = hold(&path).err().expect("taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(refused.contains("SMILECHAT_DATA_DIR") && refused.lines().count() == 1, "{refused}");
        drop(first);
        hold(&path).expect("free again");
    }
}
