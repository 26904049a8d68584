//! The end of the process: one value that everybody who has to stop holds a clone of.
//!
//! SIGTERM or SIGINT begins the draining: no new work, the running work ends. A second signal ends the process at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

#[derive(Clone, Debug)]
pub struct Shutdown {
    begun: watch::Sender<bool>,
}

impl Shutdown {
    /// Begins when somebody calls `begin`.
    pub fn manual() -> Self {
        Self { begun: watch::Sender::new(false) }
    }

    /// Begins at SIGTERM or SIGINT. Within a tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let shutdown = Self::manual();
        let begun = shutdown.clone();
        tokio::spawn(async move {
            let first = next(&mut terminate, &mut interrupt).await;
            tracing::info!(signal = first, "draining; a second signal ends at once");
            begun.begin();
            let second = next(&mut terminate, &mut interrupt).await;
            tracing::warn!(signal = second, "ended before the draining was done");
            std::process::exit(1);
        });
        Ok(shutdown)
    }

    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Returns once the draining has begun, at once if it has already.
    pub async fn begun(&self) {
        let mut begun = self.begun.subscribe();
        begun.wait_for(|begun| *begun).await.expect("self holds the sender");
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_is_told_and_so_is_who_asks_later() {
        let shutdown = Shutdown::manual();
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.begun().await }
        });
        shutdown.begin();
        waiting.await.expect("told");
        shutdown.clone().begun().await;
    }

    #[tokio::test]
    async fn sigterm_begins_the_draining() {
        let shutdown = Shutdown::on_signals().expect("signals can be listened to");
        let sent = Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        shutdown.begun().await;
    }
}
