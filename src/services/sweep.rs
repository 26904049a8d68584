//! Forgets now and then what has run out: sessions, first answers, files that nobody sent; and reads anew whose pages may call.

use std::time::Duration;

use tokio::time::{Instant, Interval, interval_at};

use crate::app::App;
use crate::auth;
use crate::error::Result;
use crate::notifications;
use crate::platform::http::idempotency;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans::in_job;
use crate::tickets::attachments;

const TURN: Duration = Duration::from_secs(600);
/// Not at the start, when the server is waited for.
const FIRST_TURN: Duration = Duration::from_secs(10);

pub async fn of_auth(app: App, shutdown: Shutdown) {
    let mut turns = turns();
    while is_due(&mut turns, &shutdown).await {
        note(in_job("sweep", auth::sweep(&app, app.clock.now())).await);
    }
}

pub async fn of_tickets(app: App, shutdown: Shutdown) {
    let mut turns = turns();
    while is_due(&mut turns, &shutdown).await {
        note(in_job("sweep", attachments::sweep::sweep(&app, app.clock.now())).await);
    }
}

pub async fn of_notifications(app: App, shutdown: Shutdown) {
    let mut turns = turns();
    while is_due(&mut turns, &shutdown).await {
        note(notifications::sweep(&app).await);
    }
}

/// What every process keeps, or does for all.
pub async fn of_platform(app: App, shutdown: Shutdown) {
    let mut turns = turns();
    while is_due(&mut turns, &shutdown).await {
        note(auth::admit_pages_of_keys(&app.db, &app.auth.origins).await);
        note(in_job("sweep", idempotency::sweep(&app.db, app.clock.now())).await.map(drop));
        note(in_job("sweep", app.db.sweep()).await);
    }
}

fn turns() -> Interval {
    interval_at(Instant::now() + FIRST_TURN, TURN)
}

/// True at the next turn, false once the server shuts down.
async fn is_due(turns: &mut Interval, shutdown: &Shutdown) -> bool {
    tokio::select! {
        _ = turns.tick() => true,
        () = shutdown.begun() => false,
    }
}

fn note(swept: Result<()>) {
    if let Err(error) = swept {
        tracing::warn!(%error, "could not sweep what has run out; the next turn will");
    }
}
