//! Tells of what is new in a ticket those who do not follow it.
//!
//! By the clock, so that a flood in a ticket is a few events, and apart from the other clocks, so that the reading keeps
//! none of them waiting.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::platform::shutdown::Shutdown;
use crate::realtime::housekeeping::TICK;
use crate::tickets::activity;

/// Tickets that are read in one go.
const AT_ONCE: usize = 100;
/// A turn is followed by a pause of that many times its length: at most a tenth of the time goes into this, however many
/// tickets and readers there are.
const PAUSES: u32 = 9;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs until the server shuts down.
pub async fn keep_told(app: App, shutdown: Shutdown) {
    let mut pause = TICK;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.begun() => return,
        }
        let begun = Instant::now();
        tell(&app).await;
        pause = (begun.elapsed() * PAUSES).clamp(TICK, LONGEST_PAUSE);
    }
}

async fn tell(app: &App) {
    let hub = &app.realtime.hub;
    for tickets in hub.take_activity().chunks(AT_ONCE) {
        match activity::read(app, tickets.to_vec()).await {
            Ok(found) => {
                tickets.iter().zip(found).for_each(|((_, ticket_id), activity)| hub.tell_activity(ticket_id, activity))
            }
            Err(error) => {
                tracing::warn!(%error, "could not read what is new in tickets; trying again");
                return hub.return_activity();
            }
        }
    }
}
