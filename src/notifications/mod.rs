//! The notification service: tenants' own servers are told what happens, by signed requests (Standard Webhooks 1.0).
//!
//! Two loops, a table between them. `derive` walks along the events and the messages and writes what each webhook is to be
//! told into `webhook_deliveries`; `deliver` sends what is due, and again until it is answered. `routes` and `deliveries` are
//! what admins see of it.
//!
//! Invariants:
//! - What happened is told to each webhook that wants it at least once, with one id and one body however often it is sent:
//!   deliveries are written in the transaction that moves the cursors on, and one is done when its receiver has answered.
//! - Of one ticket, a webhook is sent one thing at a time, in the order in which it happened; tickets do not wait for each other.
//! - A receiver that does not answer takes no place of another one: a `pool` counts what is under way of each, and of each
//!   tenant's together.
//! - Whoever writes a webhook's deliveries, or takes them up, holds the row of the webhook.
//! - Nothing is written while messages are sent. A tenant without webhooks is looked up in memory, and that is all.

mod attempt;
mod content;
mod courier;
mod deliver;
mod deliveries;
mod derive;
mod model;
mod pool;
mod routes;
mod schedule;
mod sign;
mod store;
mod unreadable;
mod walk;

pub use deliver::{deliver_due, keep_delivering};
pub use derive::{derive, keep_deriving};

use std::collections::{BTreeMap, HashSet};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::in_batches;
use crate::platform::http::api::Api;

/// How long it can be seen what was delivered.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const FORGOTTEN_AT_ONCE: i64 = 1000;

pub fn routes() -> Api<App> {
    routes::routes().merge(deliveries::routes())
}

/// What hurries the loops. Without it they look once a second.
#[derive(Default)]
pub struct WebhookCalls {
    /// Those that have a webhook, as of the last look.
    tenants: RwLock<HashSet<TenantKey>>,
    happened: Notify,
    due: Notify,
}

impl WebhookCalls {
    /// Called with whatever is committed on this node.
    pub fn happened(&self, tenant: TenantKey) {
        if self.tenants.read().unwrap_or_else(PoisonError::into_inner).contains(&tenant) {
            self.happened.notify_one();
        }
    }

    /// There is a webhook more, or one is other than it was.
    fn changed(&self) {
        self.happened.notify_one();
        self.due.notify_one();
    }

    fn is_anybody(&self) -> bool {
        !self.tenants.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn watch(&self, tenants: HashSet<TenantKey>) {
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = tenants;
    }
}

/// For operations: how many deliveries are due and not under way, and since when the first of them; or since when the first
/// event waits to become one. Not those of receivers that fail.
pub async fn backlog(app: &App) -> Result<(i64, Option<Timestamp>)> {
    let now = app.clock.now();
    app.db
        .read(move |tx| {
            let (count, due) = store::queue::count_due(tx, now)?;
            let underived = store::progress::oldest_underived(tx)?;
            Ok((count, due.into_iter().chain(underived).min()))
        })
        .await
}

/// Forgets deliveries that are old, and those of webhooks that were removed.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.clock.now();
    let before = now.minus(KEPT);
    let mut is_more = true;
    while is_more {
        let old = app.db.read(move |tx| store::sweep::list_old(tx, before, FORGOTTEN_AT_ONCE)).await?;
        is_more = old.len() as i64 == FORGOTTEN_AT_ONCE;
        // A transaction for each tenant: two that hold the webhooks of several could wait for each other.
        let mut of_tenants = BTreeMap::<_, Vec<_>>::new();
        old.into_iter().for_each(|(tenant, delivery)| of_tenants.entry(tenant).or_default().push(delivery));
        for (tenant, keys) in of_tenants {
            app.db.write(move |tx| store::sweep::forget_old(tx, tenant, &keys, now)).await?;
        }
    }
    for (tenant, webhook) in app.db.read(store::sweep::list_removed).await? {
        in_batches(&app.db, move |tx, limit| store::sweep::forget_of(tx, tenant, webhook, limit)).await?;
        app.db.write(move |tx| store::sweep::forget(tx, tenant, webhook)).await?;
    }
    Ok(())
}
