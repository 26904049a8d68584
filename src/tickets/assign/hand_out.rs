//! Hands out what waits, beside everybody's work: one worker, told in which tenants a ticket may find somebody now.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Online, Outcome, assign, store};
use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;

/// Before the database is asked again that could not be.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Tenants in which staff came, or got room for another ticket: many changes, one look.
#[derive(Default)]
pub struct HandOuts {
    tenants: Mutex<HashSet<TenantKey>>,
    stirred: Notify,
}

impl HandOuts {
    fn note(&self, tenant: TenantKey) {
        self.lock().insert(tenant);
        self.stirred.notify_one();
    }

    fn take(&self) -> HashSet<TenantKey> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<TenantKey>> {
        self.tenants.lock().expect("nobody panics while holding it")
    }
}

/// Somebody may be there now for a ticket that waits.
pub fn hand_out_waiting(app: &App, tenant: TenantKey) {
    app.hand_outs.note(tenant);
}

/// Runs until the server shuts down.
pub async fn keep_handing_out(app: App, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = app.hand_outs.stirred.notified() => {}
            () = shutdown.begun() => return,
        }
        let mut has_failed = false;
        for tenant in app.hand_outs.take() {
            match hand_out_one(&app, tenant).await {
                // The next one has its turn after the other tenants': a long queue holds nobody up.
                Ok(Outcome::Given | Outcome::TakenBefore) => app.hand_outs.note(tenant),
                Ok(Outcome::NobodyFree) => {}
                Err(error) => {
                    tracing::warn!(%error, "could not hand out waiting tickets; trying again");
                    app.hand_outs.note(tenant);
                    has_failed = true;
                }
            }
        }
        if has_failed {
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}

/// The oldest that waits. `NobodyFree` is also that none does.
async fn hand_out_one(app: &App, tenant: TenantKey) -> Result<Outcome> {
    let (online, now) = (Online::now(app, tenant), app.clock.now());
    if online.staff.is_empty() {
        return Ok(Outcome::NobodyFree);
    }
    let hand_out = app.db.write(move |tx| {
        // Before the ticket is chosen: whoever else assigns has done it by then.
        lock_tenant(tx, tenant)?;
        match store::oldest_waiting(tx, tenant)? {
            Some(key) => assign(tx, tenant, key, &online, now),
            None => Ok(Outcome::NobodyFree),
        }
    });
    spans::in_job("hand out", hand_out).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_changes_are_one_look() {
        let hand_outs = HandOuts::default();
        for change in 0..1000 {
            hand_outs.note(TenantKey(change % 2));
        }
        assert_eq!(hand_outs.take().len(), 2);
        assert_eq!(hand_outs.take().len(), 0);
    }
}
