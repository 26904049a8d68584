//! Reactions that have to happen for certain. `announce` sees to each at once; this walks behind it along the stored events
//! and does it again, so that nothing is lost where the process died or the database was away in between. Each may be done
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::App;
use crate::auth;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::events::{Behind, store as events};
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::tickets::{put_back, reindex};

const PAUSE: Duration = Duration::from_secs(20);
const BATCH: i64 = 100;
const CURSOR: &str = "user_changed";

/// What has changed of whom. Somebody who changes again and again has one turn.
type Due = BTreeMap<(TenantKey, String), BTreeSet<String>>;

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
    while step(app).await? {}
    Ok(())
}

/// False: there is nothing left that is old enough.
async fn step(app: &App) -> Result<bool> {
    // An event is looked at once no transaction can still be under way that took a lower key before it.
    let (now, behind) = (app.clock.now(), Behind::of(app.config.database.longest_transaction()));
    let found = app.db.read(|tx| {
        let position = events::cursor(tx, CURSOR)?;
        events::list_user_changes(tx, position, BATCH)
    });
    let mut reached = None;
    let mut due = Due::new();
    for change in found.await?.into_iter().take_while(|change| !behind.may_come(change.at, now)) {
        reached = Some(change.key);
        due.entry((change.tenant, change.user_id)).or_default().extend(change.changed);
    }
    let Some(reached) = reached else { return Ok(false) };
    spans::in_job("react", react_to_all(app, due, reached)).await?;
    Ok(true)
}

async fn react_to_all(app: &App, due: Due, reached: i64) -> Result<()> {
    for ((tenant, user_id), changed) in due {
        match react(app, tenant, user_id, &changed).await {
            Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
            // One of ours, which trying again does not mend: the others must not wait for it.
            Err(error) => tracing::error!(%error, "what follows from a change of a user failed"),
            Ok(()) => {}
        }
    }
    app.db.write(move |tx| events::move_cursor(tx, CURSOR, reached)).await
}

async fn react(app: &App, tenant: TenantKey, user_id: String, changed: &BTreeSet<String>) -> Result<()> {
    let Some(user) = auth::find_user(app, tenant, user_id).await? else { return Ok(()) };
    if changed.iter().any(|field| gives_rights(field)) {
        put_back::put_back(app, tenant, user).await?;
    }
    if changed.iter().any(|field| is_searched(field)) {
        reindex::reindex(app, tenant, user).await?;
    }
    Ok(())
}
