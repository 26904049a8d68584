//! The files of a folder beside a copy of the database, and back. Called by the command line.
//!
//! A file is there before its row is, and is never changed: one that is there already, under the same name and of the same size, is
//! the same.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;

use super::Files;
use super::folder::{Folder, keep};

#[derive(Clone, Copy, Default)]
pub struct Carried {
    pub files: u64,
    pub bytes: u64,
}

/// A new folder, `….files` beside a copy. It goes when it is dropped, unless it is `kept`.
pub struct Beside<'a> {
    from: &'a Folder,
    to: Folder,
    carried: Carried,
    is_made: bool,
}

/// Where the files lie that belong to a copy.
pub fn beside(copy: &Path) -> PathBuf {
    copy.with_added_extension("files")
}

/// Whether a folder of files has this one.
pub fn is_there(root: &Path, name: &str) -> bool {
    Folder::new(root.into(), 0).path(name).is_ok_and(|path| is(&path, fs::FileType::is_file))
}

impl Files {
    /// None: they lie in a bucket.
    pub fn root(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder.root()),
            Self::Bucket(_) => None,
        }
    }

    /// None: the files lie in a bucket, which is copied by its own means.
    pub fn beside(&self, copy: &Path) -> Option<Beside<'_>> {
        let Self::Folder(from) = self else { return None };
        Some(Beside { from, to: Folder::new(beside(copy), 0), carried: Carried::default(), is_made: false })
    }

    /// Takes in what it lacks of those beside a copy. None: there are none, or they would have to go into a bucket.
    pub fn bring_back(&self, copy: &Path) -> anyhow::Result<Option<Carried>> {
        let (Self::Folder(to), from) = (self, beside(copy)) else { return Ok(None) };
        if !from.is_dir() {
            return Ok(None);
        }
        to.make()?;
        Folder::new(from, 0).carry(to).map(Some)
    }
}

impl Beside<'_> {
    /// Takes along what it has not yet.
    pub fn fetch(&mut self) -> anyhow::Result<()> {
        if !self.is_made {
            let place = self.to.root();
            ensure!(
                place.symlink_metadata().is_err(),
                "{} exists, and no file is overwritten: with no copy beside it, it was left by one that was cut short, and may be \
                 removed",
                place.display()
            );
            self.is_made = true;
            self.to.make()?;
        }
        let more = self.from.carry(&self.to)?;
        self.carried.files += more.files;
        self.carried.bytes += more.bytes;
        Ok(())
    }

    pub fn kept(mut self) -> Carried {
        self.is_made = false;
        let _ = fs::remove_dir(self.to.incoming());
        self.carried
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if self.is_made {
            // One that cannot be removed is in nobody's way but the next copy's, which says so.
            let _ = fs::remove_dir_all(self.to.root());
        }
    }
}

impl Folder {
    /// Into another one what that lacks. What is let go meanwhile, by a server that runs, is passed over.
    fn carry(&self, to: &Self) -> anyhow::Result<Carried> {
        let mut carried = Carried::default();
        for shelf in entries(self.root())? {
            if shelf != self.incoming() && is(&shelf, fs::FileType::is_dir) {
                for file in entries(&shelf)? {
                    let bytes = self.carry_one(&file, to);
                    let bytes = bytes.with_context(|| format!("{} to {}", file.display(), to.root().display()))?;
                    carried.files += u64::from(bytes.is_some());
                    carried.bytes += bytes.unwrap_or_default();
                }
            }
        }
        Ok(carried)
    }

    /// None: it is there, is gone, or is none of ours.
    fn carry_one(&self, file: &Path, to: &Self) -> io::Result<Option<u64>> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (Ok(ours), Ok(theirs)) = (self.path(name), to.path(name)) else { return Ok(None) };
        if ours != file || !is(file, fs::FileType::is_file) {
            return Ok(None);
        }
        let mut from = match File::open(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let size = from.metadata()?.len();
        // One of another size lost its bytes, as by a disk that was full; that is no reason to empty a good one.
        if theirs.metadata().is_ok_and(|there| !there.is_file() || size == 0 || there.len() == size) {
            return Ok(None);
        }
        let mut copy = NamedTempFile::new_in(to.incoming())?;
        let bytes = io::copy(&mut from, &mut copy)?;
        keep(copy, &theirs, to.root())?;
        Ok(Some(bytes))
    }
}

/// None where there is no such folder: nothing was uploaded yet.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()),
    };
    listed.with_context(|| format!("cannot read {}", folder.display()))
}

/// Itself: what a link leads to was not put here by a server.
fn is(path: &Path, kind: fn(&fs::FileType) -> bool) -> bool {
    path.symlink_metadata().is_ok_and(|found| kind(&found.file_type()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::platform::config::FilesConfig;
    use crate::platform::secret::Secret;

    fn files(root: &Path) -> Files {
        let url = format!("file://{}", root.display());
        let bucket = || String::from("unused");
        let config = FilesConfig {
            url,
            min_free_mib: 0,
            s3_endpoint: bucket(),
            s3_region: bucket(),
            s3_access_key_id: bucket(),
            s3_secret_access_key: Secret::new("unused"),
        };
        Files::new(&config, "unused").expect("a folder")
    }

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a shelf")).expect("made");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn files_go_along_and_come_back_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, copy) = (folder.path().join("source"), folder.path().join("copy.db"));
        write(&source, "ab/1ab", "one");
        write(&source, "incoming/3nn", "half of one");
        write(&source, "cd/1ab", "on another's shelf");
        symlink("/etc/hostname", source.join("ab/9ab")).expect("a link");
        let from = files(&source);
        let mut beside_it = from.beside(&copy).expect("a folder");
        beside_it.fetch().expect("the first time");
        fs::remove_file(source.join("ab/1ab")).expect("it goes meanwhile");
        write(&source, "ab/2ab.thumb", "2");
        write(&source, "ab/2ab", "two");
        beside_it.fetch().expect("again");
        let Carried { files: count, bytes } = beside_it.kept();
        let kept = |name: &str| fs::read_to_string(beside(&copy).join(name)).expect(name);
        assert_eq!((count, bytes, kept("ab/1ab").as_str(), kept("ab/2ab").as_str()), (3, 7, "one", "two"));
        let mode = fs::metadata(beside(&copy).join("ab/1ab")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(entries(&beside(&copy)).expect("a folder"), [beside(&copy).join("ab")]);

        let back = folder.path().join("back");
        write(&back, "ab/2ab", "two");
        write(&back, "ab/1ab", "");
        assert!(is_there(&back, "2ab") && !is_there(&back, "2ab.thumb") && !is_there(&back, "incoming"));
        let brought = files(&back).bring_back(&copy).expect("brought").expect("there are some");
        assert_eq!((brought.files, brought.bytes), (2, 4));
        assert_eq!(fs::read_to_string(back.join("ab/1ab")).expect("a file"), "one");
        assert!(files(&back).bring_back(&folder.path().join("another.db")).expect("nothing to do").is_none());
    }

    #[test]
    fn what_is_not_kept_goes_and_what_stands_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, copy) = (folder.path().join("source"), folder.path().join("copy.db"));
        write(&source, "ab/1ab", "one");
        let from = files(&source);
        let mut dropped = from.beside(&copy).expect("a folder");
        dropped.fetch().expect("fetched");
        drop(dropped);
        assert!(!beside(&copy).exists());
        write(&beside(&copy), "somebody's", "own");
        let refused = from.beside(&copy).expect("a folder").fetch().expect_err("it is there").to_string();
        assert!(refused.contains("exists, and no file is overwritten"), "{refused}");
        assert!(beside(&copy).join("somebody's").exists());
    }
}
