//! Files in a bucket: `<prefix>/<name>`. What is being received still lies in a folder of this machine.

use std::sync::Arc;

use anyhow::Context;
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::folder::Folder;
use super::{Opened, unavailable};
use crate::error::{Error, Result};
use crate::platform::config::FilesConfig;

pub struct Bucket {
    store: Arc<AmazonS3>,
    prefix: Path,
    receiving: Arc<Folder>,
}

impl Bucket {
    /// `place` is `bucket/prefix`.
    pub fn new(config: &FilesConfig, place: &str, receiving: std::path::PathBuf) -> anyhow::Result<Self> {
        // The one TLS provider of the process. It is well if somebody was faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_region(&config.s3_region);
        if !config.s3_endpoint.is_empty() {
            builder =
                builder.with_endpoint(&config.s3_endpoint).with_allow_http(config.s3_endpoint.starts_with("http:"));
        }
        if !config.s3_access_key_id.is_empty() {
            builder = builder
                .with_access_key_id(&config.s3_access_key_id)
                .with_secret_access_key(config.s3_secret_access_key.expose());
        }
        let store = Arc::new(builder.build().context("files: the bucket cannot be used")?);
        let prefix = Path::parse(prefix.trim_end_matches('/')).context("files.url")?;
        Ok(Self { store, prefix, receiving: Arc::new(Folder::new(receiving)) })
    }

    pub async fn prepare(&self) -> anyhow::Result<()> {
        self.receiving.prepare().await
    }

    pub async fn scratch(&self) -> Result<NamedTempFile> {
        self.receiving.scratch().await
    }

    /// A bucket answers when it keeps the bytes. In parts, where they are many.
    pub async fn put(&self, name: &str, file: NamedTempFile) -> Result<()> {
        let mut source = File::open(file.path()).await.map_err(unavailable)?;
        let mut target = BufWriter::new(self.store.clone(), self.path(name));
        tokio::io::copy(&mut source, &mut target).await.map_err(unavailable)?;
        target.shutdown().await.map_err(unavailable)
    }

    pub async fn open(&self, name: &str) -> Result<Opened> {
        let found = self.store.get(&self.path(name)).await.map_err(fault)?;
        let size = found.meta.size;
        Ok(Opened { size, bytes: Box::pin(found.into_stream().map_err(std::io::Error::other)) })
    }

    pub async fn remove(&self, name: &str) -> Result<()> {
        match self.store.delete(&self.path(name)).await.map_err(fault) {
            Err(Error::NotFound) => Ok(()),
            removed => removed,
        }
    }

    pub async fn clear_scratch(&self) -> Result<()> {
        self.receiving.clear_scratch().await
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }
}

fn fault(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound,
        error => Error::Unavailable(format!("the file store: {error}")),
    }
}
