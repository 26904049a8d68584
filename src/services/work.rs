//! What runs beside the requests for as long as the server serves.

use tokio::task::{JoinError, JoinSet};

use crate::app::App;
use crate::platform::shutdown::Shutdown;

pub struct Workers {
    pub app: App,
    pub shutdown: Shutdown,
    running: JoinSet<()>,
}

impl Workers {
    pub fn new(app: App, shutdown: Shutdown) -> Self {
        Self { app, shutdown, running: JoinSet::new() }
    }

    pub fn run<F>(&mut self, work: impl FnOnce(App, Shutdown) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.running.spawn(work(self.app.clone(), self.shutdown.clone()));
    }

    pub async fn next_end(&mut self) -> Option<Result<(), JoinError>> {
        self.running.join_next().await
    }
}
