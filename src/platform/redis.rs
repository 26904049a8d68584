//! Redis, as the bus and the shared limits use it. Every connection and every command has a time limit: a server that hangs
//! is one that is not there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::StreamExt;
use redis::AsyncConnectionConfig;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};

use super::tls;

const CONNECT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Redis {
    client: Arc<redis::Client>,
}

impl Redis {
    /// Connects nowhere yet. The error never repeats the URL, which may hold a password.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        tls::install();
        let client = redis::Client::open(url).map_err(|_| anyhow!("the Redis URL is malformed"))?;
        Ok(Self { client: Arc::new(client) })
    }

    pub async fn subscribe(&self, channel: &str) -> anyhow::Result<Subscription> {
        let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
        sink.subscribe(channel).await?;
        Ok(Subscription { _sink: sink, stream })
    }

    /// A connection whose commands take `patience` at most.
    pub async fn connect(&self, patience: Duration) -> anyhow::Result<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new();
        let config = config.set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(patience));
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    pub async fn speaker(&self, patience: Duration) -> anyhow::Result<Speaker> {
        Ok(Speaker(self.connect(patience).await?))
    }
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
