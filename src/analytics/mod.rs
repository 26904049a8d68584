//! The analytics service: figures of what happened, for reports, for whoever bills by use, and how it is just now.
//!
//! `keep` counts beside the requests (`count`), from the tables of others, which are only read, into tables of its own;
//! `routes` answers from these. Invariants: what is counted is a function of tickets, events, messages and ratings, whatever
//! way it came about (counted as it happened, or anew from the beginning), but for `deleted`, which keeps what is no longer
//! there; a report reads sums, never messages.

pub mod count;
pub mod figures;
pub mod histogram;
pub mod model;
pub mod period;

mod history;
mod live;
mod reports;
mod routes;
mod sheet;
mod sheets;
mod store;

pub use routes::routes;

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::shutdown::Shutdown;

/// How long figures lag behind at most, while nothing is wrong.
const PAUSE: Duration = Duration::from_secs(2);

/// For operations: since when something waits to be counted. None: nothing does, or nobody counts.
pub async fn oldest_uncounted(app: &App) -> Result<Option<Timestamp>> {
    if !app.config.analytics.enabled {
        return Ok(None);
    }
    app.db.read(store::progress::oldest_uncounted).await
}

/// Counts for as long as the server serves.
pub async fn keep(app: App, shutdown: Shutdown) {
    if !app.config.analytics.enabled {
        return shutdown.begun().await;
    }
    loop {
        tokio::select! {
            counted = count::catch_up(&app) => {
                if let Err(error) = counted {
                    tracing::warn!(%error, "could not count for reports; trying again");
                }
            }
            () = shutdown.begun() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.begun() => return,
        }
    }
}
