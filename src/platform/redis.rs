//! Redis, as the bus and the shared limits use it: one server, the master that sentinels name, or a cluster. Every connection
//! and every command has a time limit: a server that hangs is one that is not there.
//!
//! Invariant: all keys of a deployment have one hash tag, so that one node of a cluster has them all. Whoever connects to that
//! node needs to know of no other.

mod place;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use redis::{AsyncConnectionConfig, Client};

use self::place::Place;
use super::tls;

const CONNECT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Redis {
    place: Arc<Place>,
}

/// Whether a text is an address that `Redis::new` takes.
pub fn is_url(text: &str) -> bool {
    Place::parse(text).is_some()
}

impl Redis {
    /// Connects nowhere yet. The error never repeats the URL, which may hold a password.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        tls::install();
        let place = Place::parse(url).ok_or_else(|| anyhow!("the Redis URL is malformed"))?;
        Ok(Self { place: Arc::new(place) })
    }

    /// What one node of a cluster is told, those who listen at the others hear as well.
    pub async fn subscribe(&self, channel: &str) -> anyhow::Result<Subscription> {
        self.place
            .first(|client: Client| async move {
                let (mut sink, stream) = client.get_async_pubsub().await?.split();
                sink.subscribe(channel).await?;
                Ok(Subscription { _sink: sink, stream })
            })
            .await
    }

    pub async fn speaker(&self, patience: Duration) -> anyhow::Result<Speaker> {
        Ok(Speaker(self.place.first(|client| open(client, patience)).await?))
    }

    /// A connection to where the keys with the tag of `key` are. Its commands take `patience` at most.
    pub async fn connect_for(&self, key: &str, patience: Duration) -> anyhow::Result<MultiplexedConnection> {
        let any = self.place.first(|client| open(client, patience)).await?;
        match self.place.owner_of(key, any.clone()).await? {
            Some(owner) => open(owner, patience).await,
            None => Ok(any),
        }
    }
}

async fn open(client: Client, patience: Duration) -> anyhow::Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new();
    let config = config.set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(patience));
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis")
    }
}

pub struct Speaker(MultiplexedConnection);

impl Speaker {
    pub async fn publish(&mut self, channel: &str, payload: &str) -> anyhow::Result<()> {
        redis::cmd("PUBLISH").arg(channel).arg(payload).query_async::<()>(&mut self.0).await?;
        Ok(())
    }
}

pub struct Subscription {
    /// Ends with it.
    _sink: PubSubSink,
    stream: PubSubStream,
}

impl Subscription {
    /// None where it was no text.
    pub async fn heard(&mut self) -> anyhow::Result<Option<String>> {
        let message = self.stream.next().await.context("the connection has ended")?;
        Ok(message.get_payload::<Vec<u8>>().ok().and_then(|bytes| String::from_utf8(bytes).ok()))
    }
}
