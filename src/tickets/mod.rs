//! The ticket service: tickets along their lifecycle, who of the staff has them, the conversation in each, and private
//! notes.
//!
//! Routes read and check a request; what REST and sockets share is a file named after the verb (`create`, `update`,
//! `messages/send`, …), called by `routes` here and by `realtime`; SQL is in the stores.
//! Invariants: whoever asks passes `Scope`, so that a customer meets only their own tickets and nobody another tenant's;
//! every change is recorded as an event in the transaction that makes it.

pub mod activity;
pub mod adopt;
pub mod assign;
pub mod attachments;
pub mod bot;
pub mod create;
pub mod knowledge;
pub mod messages;
pub mod model;
pub mod notes;
pub mod put_back;
pub mod rating;
pub mod recall;
pub mod reindex;
pub mod store;
pub mod update;

mod fields;
mod lifecycle;
mod remove;
mod routes;

pub use routes::routes;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::platform::clock::Timestamp;

/// Told how many of how many are done, by what takes long.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// The staff who have a ticket of this customer under way: the only ones whose presence the customer sees.
pub async fn staff_of_customer(app: &App, tenant: TenantKey, customer: UserKey) -> Result<Vec<UserKey>> {
    app.db.read(move |tx| store::list_staff_of(tx, tenant, customer)).await
}

/// How many wait for something, and since when the longest of them does.
pub type Waiting = (i64, Option<Timestamp>);

/// For operations: what waits, of all tenants.
pub struct Backlogs {
    /// Tickets, for somebody of the staff.
    pub tickets: Waiting,
    pub bot: Waiting,
    pub imports: Waiting,
    pub file_removals: Waiting,
}

pub async fn backlogs(app: &App) -> Result<Backlogs> {
    let now = app.clock.now();
    app.db
        .read(move |tx| {
            Ok(Backlogs {
                tickets: assign::count_waiting(tx)?,
                bot: bot::count_due(tx)?,
                imports: knowledge::imports::count_waiting(tx)?,
                file_removals: attachments::count_removals(tx, now)?,
            })
        })
        .await
}
