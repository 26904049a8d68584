//! Vectors of what tenants know, made beside the requests.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::platform::shutdown::Shutdown;
use crate::tickets::bot::meaning;

const TURN: Duration = Duration::from_secs(5);

/// Runs until the server shuts down.
pub async fn keep(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = shutdown.begun() => return,
        }
        loop {
            match meaning::bring_up(&app).await {
                Ok(true) if !shutdown.has_begun() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "could not make vectors; trying again");
                    break;
                }
            }
        }
    }
}
