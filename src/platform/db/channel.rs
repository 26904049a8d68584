//! LISTEN and NOTIFY: one connection of its own, beside the pool and outside every transaction. A NOTIFY within the
//! transaction of a message would make all commits of the server wait for one another.

use anyhow::{Context, anyhow};
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, Connection};

use super::Place;

/// Notifications that wait to be heard; more end the connection, and whoever listens begins anew.
const QUEUE: usize = 10_000;

pub struct Channel {
    client: Client,
    heard: Mutex<mpsc::Receiver<String>>,
    driver: AbortHandle,
}

impl Channel {
    /// An error is one line for an operator, and nothing is connected yet.
    pub fn check(url: &str) -> anyhow::Result<()> {
        match Place::of(url)? {
            Place::Postgres(_) => Ok(()),
            Place::Sqlite(_) => Err(anyhow!("SQLite has no channels")),
        }
    }

    /// Connects and listens. `name` needs no quotes.
    pub async fn open(url: &str, name: &str) -> anyhow::Result<Self> {
        let Place::Postgres(server) = Place::of(url)? else { return Err(anyhow!("SQLite has no channels")) };
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (client, driver) = server.connect(sender).await?;
        let channel = Self { client, heard: Mutex::new(receiver), driver };
        // A hint is worth no fsync.
        let script = format!("set synchronous_commit = off; set statement_timeout = '2s'; listen {name}");
        channel.client.batch_execute(&script).await?;
        Ok(channel)
    }

    pub async fn notify(&self, name: &str, payload: &str) -> anyhow::Result<()> {
        self.client.execute("select pg_notify($1, $2)", &[&name, &payload]).await?;
        Ok(())
    }

    pub async fn heard(&self) -> anyhow::Result<String> {
        self.heard.lock().await.recv().await.context("the connection has ended")
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Carries what goes over the connection, and passes on what is notified.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>, heard: mpsc::Sender<String>) -> AbortHandle
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let driver = tokio::spawn(async move {
        let mut messages = poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message
                && heard.try_send(notification.payload().to_owned()).is_err()
            {
                return;
            }
        }
    });
    driver.abort_handle()
}
