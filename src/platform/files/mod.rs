//! Where files lie: a folder of this machine, or a bucket that speaks S3. One enum, because there are two.
//!
//! `tickets/attachments` keeps here what people upload. The store knows names and bytes; whose they are, and whether they
//! may be seen, is asked of the database before.
//!
//! Invariants:
//! - When `put` returns `Ok`, the file is whole and durable under its name. A name is written once.
//! - Names are made by the server. What a client calls its file never comes here.
//! - A full disk, a missing folder or a silent bucket is `Unavailable`: the next call tries anew.

mod beside;
mod bucket;
mod folder;

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use tempfile::NamedTempFile;

pub use self::beside::{Beside, Carried, beside, is_there};
use self::folder::Folder;
use crate::error::{Error, Result};
use crate::platform::config::FilesConfig;

#[derive(Clone)]
pub enum Files {
    Folder(Arc<Folder>),
    Bucket(Arc<bucket::Bucket>),
}

/// A file to be sent to somebody.
pub struct Opened {
    pub size: u64,
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

impl Files {
    /// Reads the settings; touches nothing yet.
    pub fn new(config: &FilesConfig, data_dir: &str) -> anyhow::Result<Self> {
        let (own, min_free) = (Path::new(data_dir).join("files"), config.min_free_mib.saturating_mul(1024 * 1024));
        if let Some(folder) = config.url.strip_prefix("file://") {
            return Ok(Self::Folder(Arc::new(Folder::new(folder.into(), min_free))));
        }
        match config.url.strip_prefix("s3://") {
            None => Ok(Self::Folder(Arc::new(Folder::new(own, min_free)))),
            Some(place) => Ok(Self::Bucket(Arc::new(bucket::Bucket::new(config, place, Folder::new(own, min_free))?))),
        }
    }

    /// Makes the folders that are needed, so that a server that could keep no file does not start.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => folder.prepare().await,
            Self::Bucket(bucket) => bucket.prepare().await,
        }
    }

    /// Which of them it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Bucket(_) => "bucket",
        }
    }

    /// Whether it is there.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.ping().await,
            Self::Bucket(bucket) => bucket.ping().await,
        }
    }

    /// An empty file to write what arrives into. It goes when it is dropped, unless it was `put`.
    pub async fn scratch(&self) -> Result<NamedTempFile> {
        match self {
            Self::Folder(folder) => folder.scratch().await,
            Self::Bucket(bucket) => bucket.scratch().await,
        }
    }

    pub async fn put(&self, name: &str, file: NamedTempFile) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.put(name, file).await,
            Self::Bucket(bucket) => bucket.put(name, file).await,
        }
    }

    pub async fn open(&self, name: &str) -> Result<Opened> {
        match self {
            Self::Folder(folder) => folder.open(name).await,
            Self::Bucket(bucket) => bucket.open(name).await,
        }
    }

    /// It is well if there is no such file.
    pub async fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.remove(name).await,
            Self::Bucket(bucket) => bucket.remove(name).await,
        }
    }

    /// Removes what a process that died had begun to receive.
    pub async fn clear_scratch(&self) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.clear_scratch().await,
            Self::Bucket(bucket) => bucket.clear_scratch().await,
        }
    }
}

/// What went wrong with a file, for the log; the client hears that it may try again.
pub fn unavailable(error: io::Error) -> Error {
    Error::Unavailable(format!("the file store: {error}"))
}
