//! Files in a bucket: `<prefix>/<name>`. What is being received still lies in a folder of this machine.

use std::error::Error as StdError;
use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt, RetryConfig};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::folder::Folder;
use super::{Opened, unavailable};
use crate::error::{Error, Result};
use crate::platform::config::FilesConfig;
use crate::platform::tls;

/// Who waits for the bucket is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);
/// A bucket that sends nothing for so long is away. There is no bound on the whole: who reads slowly is not cut.
const SILENCE: Duration = Duration::from_secs(30);
/// No file of anybody has this name.
const PROBE: &str = "probe";

pub struct Bucket {
    store: Arc<AmazonS3>,
    prefix: Path,
    receiving: Arc<Folder>,
}

impl Bucket {
    /// `place` is `bucket/prefix`.
    pub fn new(config: &FilesConfig, place: &str, receiving: Folder) -> anyhow::Result<Self> {
        tls::install();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let own_key = !config.s3_access_key_id.is_empty();
        // Without a key of our own it is found as AWS's tools find it, and that begins in their variables.
        let mut builder = if own_key { AmazonS3Builder::new() } else { AmazonS3Builder::from_env() };
        builder = builder
            .with_bucket_name(bucket)
            .with_region(&config.s3_region)
            // Files go one by one, and not every service that speaks S3 takes lists.
            .with_disable_bulk_delete(true)
            .with_client_options(
                ClientOptions::new().with_timeout_disabled().with_connect_timeout(PATIENCE).with_read_timeout(SILENCE),
            )
            .with_retry(RetryConfig { max_retries: 2, retry_timeout: PATIENCE, ..RetryConfig::default() });
        if !config.s3_endpoint.is_empty() {
            builder =
                builder.with_endpoint(&config.s3_endpoint).with_allow_http(config.s3_endpoint.starts_with("http:"));
        }
        if own_key {
            builder = builder
                .with_access_key_id(&config.s3_access_key_id)
                .with_secret_access_key(config.s3_secret_access_key.expose());
        }
        let store = Arc::new(builder.build().context("files: the bucket cannot be used")?);
        let prefix = Path::parse(prefix.trim_end_matches('/')).context("files.url")?;
        Ok(Self { store, prefix, receiving: Arc::new(receiving) })
    }

    /// Writes and removes a probe: a key that may not do so is better met now than at the first upload. A bucket that does
    /// not answer is an outage, in which conversations go on.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        self.receiving.prepare().await?;
        match self.probe().await {
            Err(error) if is_silence(&error) => {
                tracing::warn!(error = in_a_line(&error), "the bucket does not answer; no file is taken until it does");
                Ok(())
            }
            probed => probed.map_err(|error| anyhow!("files: the bucket refuses this server: {}", in_a_line(&error))),
        }
    }

    async fn probe(&self) -> object_store::Result<()> {
        let probe = self.path(PROBE);
        self.store.put(&probe, Bytes::new().into()).await?;
        self.store.delete(&probe).await
    }

    pub async fn ping(&self) -> Result<()> {
        match self.open(PROBE).await {
            Ok(_) | Err(Error::NotFound) => self.receiving.ping().await,
            Err(error) => Err(error),
        }
    }

    pub async fn scratch(&self) -> Result<NamedTempFile> {
        self.receiving.scratch().await
    }

    /// A bucket answers when it keeps the bytes. In parts, where they are many.
    pub async fn put(&self, name: &str, file: NamedTempFile) -> Result<()> {
        let mut source = File::open(file.path()).await.map_err(unavailable)?;
        let mut target = BufWriter::new(self.store.clone(), self.path(name));
        if let Err(error) = tokio::io::copy(&mut source, &mut target).await {
            // The parts that it has would be kept, and paid for, under no name. What fails at its end sees to that itself.
            if let Err(error) = target.abort().await {
                tracing::warn!(%error, "could not take back the parts of a file in the bucket");
            }
            return Err(unavailable(error));
        }
        target.shutdown().await.map_err(unavailable)
    }

    pub async fn open(&self, name: &str) -> Result<Opened> {
        let Ok(found) = timeout(PATIENCE, self.store.get(&self.path(name))).await else {
            return Err(Error::Unavailable("the file store: the bucket says nothing".into()));
        };
        let found = found.map_err(fault)?;
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
        error => Error::Unavailable(format!("the file store: {}", in_a_line(&error))),
    }
}

/// Nobody answered: there is a fault on the way, and not in the settings.
fn is_silence(error: &object_store::Error) -> bool {
    let first: &(dyn StdError + 'static) = error;
    successors(Some(first), |&error| error.source()).any(|error| error.is::<HttpError>())
}

/// What the bucket said, where it did; its answers are documents.
fn in_a_line(error: &object_store::Error) -> String {
    let text = error.to_string();
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(content, _)| content)
    };
    let said = element("Code").zip(element("Message")).map(|(code, message)| format!("{code}: {message}"));
    said.unwrap_or(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write;
    use std::sync::Mutex;

    use axum::Router;
    use axum::extract::{Request, State};
    use axum::response::{IntoResponse, Response};
    use http::{Method, StatusCode};
    use http_body_util::BodyExt;

    use super::*;
    use crate::platform::secret::Secret;

    type Objects = Arc<Mutex<HashMap<String, Vec<u8>>>>;

    /// As much of the protocol as small files need. It looks at no signature.
    async fn serve(State(objects): State<Objects>, request: Request) -> Response {
        let (head, body) = request.into_parts();
        assert!(head.headers.contains_key("authorization"), "unsigned");
        let (key, bytes) = (head.uri.path().to_owned(), body.collect().await.expect("a body").to_bytes().to_vec());
        let mut objects = objects.lock().expect("nobody panicked");
        match head.method {
            Method::PUT => {
                objects.insert(key, bytes);
                [("etag", "\"1\"")].into_response()
            }
            Method::GET => match objects.get(&key) {
                Some(bytes) => ([("etag", "\"1\"")], bytes.clone()).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            },
            Method::DELETE => {
                objects.remove(&key);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }

    #[tokio::test]
    async fn what_was_put_is_read_until_it_is_removed() {
        let objects = Objects::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(serve).with_state(objects.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let root = tempfile::tempdir().expect("a folder");
        let config = FilesConfig {
            url: "s3://chat/files".into(),
            min_free_mib: 0,
            s3_endpoint: format!("http://{address}"),
            s3_region: "us-east-1".into(),
            s3_access_key_id: "key".into(),
            s3_secret_access_key: Secret::new("secret"),
        };
        let bucket = Bucket::new(&config, "chat/files", Folder::new(root.path().join("files"), 0)).expect("a bucket");
        bucket.prepare().await.expect("prepared");
        assert!(objects.lock().expect("nobody panicked").is_empty(), "the probe is gone");
        bucket.ping().await.expect("it answers");
        let mut file = bucket.scratch().await.expect("a scratch file");
        file.write_all(b"hello").expect("written");
        bucket.put("abcd", file).await.expect("put");
        assert_eq!(objects.lock().expect("nobody panicked")["/chat/files/abcd"], b"hello");
        let opened = bucket.open("abcd").await.expect("opened");
        let bytes: Vec<_> = opened.bytes.try_collect().await.expect("read");
        assert_eq!((opened.size, bytes.concat().as_slice()), (5, b"hello".as_slice()));
        bucket.remove("abcd").await.expect("removed");
        bucket.remove("abcd").await.expect("removing again is well");
        assert!(matches!(bucket.open("abcd").await, Err(Error::NotFound)));
    }

    #[tokio::test]
    async fn a_bucket_that_is_away_is_an_outage() {
        let root = tempfile::tempdir().expect("a folder");
        // Nobody listens there.
        let config = FilesConfig {
            url: "s3://chat".into(),
            min_free_mib: 0,
            s3_endpoint: "http://127.0.0.1:1".into(),
            s3_region: "us-east-1".into(),
            s3_access_key_id: "key".into(),
            s3_secret_access_key: Secret::new("secret"),
        };
        let bucket = Bucket::new(&config, "chat", Folder::new(root.path().join("files"), 0)).expect("a bucket");
        assert!(matches!(bucket.open("abcd").await, Err(Error::Unavailable(_))));
        assert!(matches!(bucket.ping().await, Err(Error::Unavailable(_))));
        bucket.prepare().await.expect("it is waited for");
    }
}
