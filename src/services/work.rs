//! What runs beside the requests for as long as the server serves.

use tokio::task::{JoinError, JoinSet};

use crate::app::App;
use crate::platform::shutdown::Shutdown;

pub struct Workers {
    pub app: App,
    pub shutdown: Shutdown,
    running: JoinSet<()>,
    /// Those that have something to finish when the server stops.
    finishing: JoinSet<()>,
}

impl Workers {
    pub fn new(app: App, shutdown: Shutdown) -> Self {
        Self { app, shutdown, running: JoinSet::new(), finishing: JoinSet::new() }
    }

    pub fn run<F>(&mut self, work: impl FnOnce(App, Shutdown) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.running.spawn(work(self.app.clone(), self.shutdown.clone()));
    }

    /// The same, and the draining waits for its end.
    pub fn run_to_its_end<F>(&mut self, work: impl FnOnce(App, Shutdown) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.finishing.spawn(work(self.app.clone(), self.shutdown.clone()));
    }

    pub async fn next_end(&mut self) -> Option<Result<(), JoinError>> {
        tokio::select! {
            Some(ended) = self.running.join_next() => Some(ended),
            Some(ended) = self.finishing.join_next() => Some(ended),
            else => None,
        }
    }

    pub async fn finish(&mut self) {
        while let Some(ended) = self.finishing.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker did not end as it should");
            }
        }
    }
}
