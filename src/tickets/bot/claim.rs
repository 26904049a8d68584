//! One node at a time asks a model, or a server of the tenant's, about a ticket.
//!
//! Answers are stored once without this, by comparison; it keeps a second call from being paid for, and a tool from being called
//! twice. A claim is taken before anybody is asked, renewed while the answer is awaited, given back in the transaction that
//! stores it, and runs out where its node died. Clocks of nodes that are some seconds apart do no harm: a claim is renewed
//! long before it runs out.

use std::time::Duration;

use super::answer::Due;
use super::store;
use crate::app::App;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::id;

/// After this, another node takes over.
const LASTS: Duration = Duration::from_secs(12);
pub const RENEWED_EVERY: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub struct Claim {
    due: Due,
    holder: String,
}

impl Claim {
    /// None: another node is at it, or the ticket owes something else by now.
    pub async fn take(app: &App, due: Due, due_seq: i64) -> Result<Option<Self>> {
        let now = app.clock.now();
        let claim = Self { due, holder: id::new_id(now, &app.random) };
        let holder = claim.holder.clone();
        let (which, until) = ((due.ticket, due_seq), now.plus(LASTS));
        let is_taken = app.db.write(move |tx| store::claim(tx, due.tenant, which, &holder, (now, until)));
        Ok(is_taken.await?.then_some(claim))
    }

    /// False: it ran out, and another node took over.
    pub async fn renew(&self, app: &App) -> Result<bool> {
        let (Self { due, holder }, until) = (self.clone(), app.clock.now().plus(LASTS));
        app.db.write(move |tx| store::renew_claim(tx, due.tenant, due.ticket, &holder, until)).await
    }

    pub async fn release(self, app: &App) -> Result<()> {
        app.db.write(move |tx| self.release_in(tx)).await
    }

    pub fn release_in(&self, tx: &mut Tx<'_>) -> Result<()> {
        store::release_claim(tx, self.due.tenant, self.due.ticket, &self.holder)
    }
}
