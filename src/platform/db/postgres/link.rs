//! A connection that one thread drives. The driver is asynchronous: what is asked for together is sent together, and one
//! wait is enough for all answers.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio_postgres::{Client, Error};

use crate::platform::db::server::Server;

pub struct Link {
    /// None once it is being closed.
    client: Option<Arc<Client>>,
    runtime: Runtime,
}

/// Asked for and not answered yet.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl Link {
    /// The error is one line.
    pub fn open(server: &Server) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().expect("the process may have one more");
        // Nobody listens on it.
        let (heard, _) = mpsc::channel(1);
        let (client, _) = runtime.block_on(server.connect(heard))?;
        Ok(Self { client: Some(Arc::new(client)), runtime })
    }

    pub fn client(&self) -> Arc<Client> {
        self.client.clone().expect("a link is open until it is dropped")
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Whether the server has ended it, as far as that has arrived here.
    pub fn has_ended(&self) -> bool {
        // What drives the connection is woken by the first turn, and reads in the second.
        self.runtime.block_on(async {
            yield_now().await;
            yield_now().await;
        });
        self.client().is_closed()
    }

    /// Sends a statement whose answer nobody waits for.
    pub fn send(&self, script: &str) {
        let client = self.client();
        self.runtime.block_on(async {
            let mut asked = Box::pin(client.batch_execute(script));
            poll_fn(|context| {
                let _ = asked.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
            // What drives the connection runs meanwhile, and writes it.
            yield_now().await;
        });
    }
}

impl Drop for Link {
    /// The server is told, so that it need not find out.
    fn drop(&mut self) {
        self.client = None;
        self.runtime.block_on(yield_now());
    }
}

/// All answers, in the order given, which is the order in which they are sent, and in which the server answers.
pub async fn in_order<T, F: Future<Output = T> + Unpin>(mut asked: Vec<F>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = asked.iter().map(|_| None).collect();
    let (mut are_sent, mut answered) = (false, 0);
    poll_fn(move |context| {
        if !are_sent {
            // The first look at each sends it.
            for (asked, answer) in asked.iter_mut().zip(&mut answers) {
                if let Poll::Ready(ready) = Pin::new(asked).poll(context) {
                    *answer = Some(ready);
                }
            }
            are_sent = true;
        }
        while answered < asked.len() {
            if answers[answered].is_none() {
                match Pin::new(&mut asked[answered]).poll(context) {
                    Poll::Ready(ready) => answers[answered] = Some(ready),
                    Poll::Pending => return Poll::Pending,
                }
            }
            answered += 1;
        }
        Poll::Ready(answers.drain(..).flatten().collect())
    })
    .await
}
