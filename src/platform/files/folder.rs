//! Files in a folder: `<folder>/<last two characters>/<name>`, and `<folder>/incoming/` for what is being received.
//!
//! `incoming` is in the same folder so that a finished file is moved and not copied.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use tempfile::NamedTempFile;
use tokio_util::io::ReaderStream;

use super::{Opened, unavailable};
use crate::error::{Error, Result};

const CHUNK: usize = 64 * 1024;
/// No upload lasts as long as this.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Folder {
    root: PathBuf,
    /// Nothing is received while the disk has fewer bytes free: the database may lie on the same one.
    min_free: u64,
}

impl Folder {
    pub fn new(root: PathBuf, min_free: u64) -> Self {
        Self { root, min_free }
    }

    pub async fn prepare(self: &Arc<Self>) -> anyhow::Result<()> {
        let this = self.clone();
        blocking(move || Ok(this.make())).await?
    }

    pub fn make(&self) -> anyhow::Result<()> {
        let incoming = self.incoming();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&incoming);
        made.with_context(|| format!("files: cannot create {}", incoming.display()))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether files can be received and kept.
    pub async fn ping(&self) -> Result<()> {
        tokio::fs::metadata(self.incoming()).await.map(drop).map_err(unavailable)
    }

    pub async fn scratch(self: &Arc<Self>) -> Result<NamedTempFile> {
        let (incoming, min_free) = (self.incoming(), self.min_free);
        let made = blocking(move || {
            if min_free > 0 && free(&incoming)? < min_free {
                return Err(io::Error::new(ErrorKind::StorageFull, "the disk is nearly full"));
            }
            NamedTempFile::new_in(incoming)
        });
        made.await.map_err(unavailable)
    }

    pub async fn put(self: &Arc<Self>, name: &str, file: NamedTempFile) -> Result<()> {
        let (path, root) = (self.path(name)?, self.root.clone());
        blocking(move || keep(file, &path, &root)).await.map_err(unavailable)
    }

    pub async fn open(&self, name: &str) -> Result<Opened> {
        let file = match tokio::fs::File::open(self.path(name)?).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::NotFound),
            opened => opened.map_err(unavailable)?,
        };
        let size = file.metadata().await.map_err(unavailable)?.len();
        Ok(Opened { size, bytes: ReaderStream::with_capacity(file, CHUNK).boxed() })
    }

    pub async fn remove(&self, name: &str) -> Result<()> {
        match tokio::fs::remove_file(self.path(name)?).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(unavailable),
        }
    }

    pub async fn clear_scratch(self: &Arc<Self>) -> Result<()> {
        let incoming = self.incoming();
        blocking(move || remove_stale(&incoming)).await.map_err(unavailable)
    }

    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Names are the server's own; one that could lead elsewhere is none of them.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let is_ours = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        let id = name.split('.').next().unwrap_or_default();
        match id.get(id.len().saturating_sub(2)..) {
            Some(shelf) if is_ours && shelf.len() == 2 => Ok(self.root.join(shelf).join(name)),
            _ => Err(Error::bug("a file has a name that the server does not make")),
        }
    }
}

/// The bytes, then the name, then the shelf's own name: each is on disk before the next relies on it.
pub fn keep(file: NamedTempFile, path: &Path, root: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    let shelf = path.parent().unwrap_or(root);
    DirBuilder::new().recursive(true).mode(0o700).create(shelf)?;
    // Even if the shelf was there: whoever made it may not have come so far yet.
    File::open(root)?.sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(shelf)?.sync_all()
}

/// How many bytes this process may still write there.
fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn remove_stale(incoming: &Path) -> io::Result<()> {
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        let age = entry.metadata().and_then(|file| file.modified()).map(|time| time.elapsed().unwrap_or_default());
        // Gone meanwhile: all the better.
        if age.is_ok_and(|age| age > STALE) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    const NAME: &str = "019e7044-8800-7000-8000-0000000000ab";

    async fn folder() -> (tempfile::TempDir, Arc<Folder>) {
        let root = tempfile::tempdir().expect("a folder");
        let folder = Arc::new(Folder::new(root.path().join("files"), 0));
        folder.prepare().await.expect("prepared");
        (root, folder)
    }

    #[tokio::test]
    async fn what_was_put_is_read_until_it_is_removed() {
        let (root, folder) = folder().await;
        let mut file = folder.scratch().await.expect("a scratch file");
        file.write_all(b"hello").expect("written");
        folder.put(NAME, file).await.expect("put");
        assert!(root.path().join("files/ab").join(NAME).is_file());
        let opened = folder.open(NAME).await.expect("opened");
        let bytes: Vec<_> = opened.bytes.try_collect().await.expect("read");
        assert_eq!((opened.size, bytes.concat().as_slice()), (5, b"hello".as_slice()));
        folder.remove(NAME).await.expect("removed");
        folder.remove(NAME).await.expect("removing again is well");
        assert!(matches!(folder.open(NAME).await, Err(Error::NotFound)));
    }

    #[tokio::test]
    async fn what_is_not_put_leaves_nothing() {
        let (root, folder) = folder().await;
        drop(folder.scratch().await.expect("a scratch file"));
        assert_eq!(fs::read_dir(root.path().join("files/incoming")).expect("a folder").count(), 0);
    }

    #[tokio::test]
    async fn stale_leftovers_go_and_fresh_ones_stay() {
        let (root, folder) = folder().await;
        let incoming = root.path().join("files/incoming");
        for (name, age) in [("old", STALE + Duration::from_secs(60)), ("new", Duration::ZERO)] {
            let file = File::create(incoming.join(name)).expect("created");
            file.set_modified(file.metadata().and_then(|file| file.modified()).expect("a time") - age).expect("set");
        }
        folder.clear_scratch().await.expect("cleared");
        assert_eq!((incoming.join("old").exists(), incoming.join("new").exists()), (false, true));
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_an_outage_and_heals() {
        let (root, folder) = folder().await;
        let (files, away) = (root.path().join("files"), root.path().join("away"));
        fs::rename(&files, &away).expect("moved away");
        assert!(matches!(folder.scratch().await, Err(Error::Unavailable(_))));
        fs::rename(&away, &files).expect("moved back");
        assert!(folder.scratch().await.is_ok());
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        let folder = Folder::new("/srv/files".into(), 0);
        assert_eq!(folder.path("abcd.thumb").expect("ours"), Path::new("/srv/files/cd/abcd.thumb"));
        for bad in ["", "a", "../../etc/passwd", "ab/../cd", "..", ".thumb", "a\0b", "äb"] {
            assert!(folder.path(bad).is_err(), "{bad:?}");
        }
    }
}
