//! Reactions that have to happen for certain. `announce` sees to each at once; this walks behind it along the stored events
//! and does it again, so that nothing is lost where the process died or the database was away in between. Each may be done
//! twice.

use std::time::Duration;

use crate::app::App;
use crate::auth;
use crate::error::Result;
use crate::events::store::{self as events, UserChange};
use crate::platform::shutdown::Shutdown;
use crate::tickets::{put_back, reindex};

const PAUSE: Duration = Duration::from_secs(20);
/// An event is looked at once no transaction can still be under way that took a lower key before it.
const AGE: Duration = Duration::from_secs(30);
const BATCH: i64 = 100;
const CURSOR: &str = "user_changed";

/// Whether a field of a user decides what they may do.
pub fn gives_rights(field: &str) -> bool {
    ["roles", "is_disabled"].contains(&field)
}

/// Whether tickets are found by a field of their customer.
pub fn is_searched(field: &str) -> bool {
    ["name", "username", "email"].contains(&field)
}

/// Runs until the server shuts down.
pub async fn keep(app: App, shutdown: Shutdown) {
    loop {
        tokio::select! {
            caught_up = catch_up(&app) => {
                if let Err(error) = caught_up {
                    tracing::warn!(%error, "could not see to what follows from changes of users; trying again");
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

/// Once, up to now.
pub async fn catch_up(app: &App) -> Result<()> {
    loop {
        let now = app.clock.now();
        let found = app.db.read(|tx| {
            let position = events::cursor(tx, CURSOR)?;
            events::list_user_changes(tx, position, BATCH)
        });
        let mut reached = None;
        for change in found.await?.into_iter().take_while(|change| now.since(change.at) > AGE) {
            reached = Some(change.key);
            react(app, change).await?;
        }
        let Some(reached) = reached else { return Ok(()) };
        app.db.write(move |tx| events::move_cursor(tx, CURSOR, reached)).await?;
    }
}

async fn react(app: &App, change: UserChange) -> Result<()> {
    let UserChange { tenant, user_id, changed, .. } = change;
    let Some(user) = auth::find_user(app, tenant, user_id).await? else { return Ok(()) };
    if changed.iter().any(|field| gives_rights(field)) {
        put_back::put_back(app, tenant, user).await?;
    }
    if changed.iter().any(|field| is_searched(field)) {
        reindex::reindex(app, tenant, user).await?;
    }
    Ok(())
}
