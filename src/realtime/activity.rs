//! Tells of what is new in a ticket those who do not follow it.
//!
//! By the clock, so that a flood in a ticket is a few events, and apart from the other clocks, so that the reading keeps
//! none of them waiting.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::realtime::housekeeping::{PAUSES, TICK};
use crate::tickets::activity;

/// Tickets that are read in one go.
const AT_ONCE: usize = 100;
/// What the sockets' tasks spend later on a frame that a turn has queued, roughly. A hundred agents at a desk with a hundred
/// busy tickets are ten thousand frames a turn.
const FRAME: Duration = Duration::from_micros(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs until the server shuts down.
pub async fn keep_told(app: App, shutdown: Shutdown) {
    let mut pause = TICK;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.begun() => return,
        }
        app.follower.be_current().await;
        let begun = Instant::now();
        let frames = tell(&app).await;
        pause = ((begun.elapsed() + FRAME * frames) * PAUSES).clamp(TICK, LONGEST_PAUSE);
    }
}

/// Answers how many frames it queued.
async fn tell(app: &App) -> u32 {
    let hub = &app.realtime.hub;
    let mut frames: u32 = 0;
    for tickets in hub.take_activity().chunks(AT_ONCE) {
        match spans::in_job("tell activity", activity::read(app, tickets.to_vec())).await {
            Ok(found) => {
                for ((_, ticket_id), activity) in tickets.iter().zip(found) {
                    frames = frames.saturating_add(hub.tell_activity(ticket_id, activity));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "could not read what is new in tickets; trying again");
                hub.return_activity();
                break;
            }
        }
    }
    frames
}
