//! A guest's tickets go to the customer that the guest turned out to be.

use std::sync::Arc;

use crate::auth::model::{TenantKey, UserKey};
use crate::error::Result;
use crate::events::{self, Event, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::tickets::store;

/// Part of the transaction that identifies the guest. Answers how many tickets moved.
pub fn adopt(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    guest: UserKey,
    customer: UserKey,
    actor_id: &Option<Arc<str>>,
    now: Timestamp,
) -> Result<usize> {
    let moved = store::adopt(tx, tenant, guest, customer, now)?;
    for key in &moved {
        store::index(tx, tenant, *key)?;
        let ticket = Arc::new(store::find_by_key(tx, tenant, *key)?);
        let what = What::TicketUpdated { ticket, changed: vec!["customer_id"] };
        events::record(tx, Event { tenant, actor_id: actor_id.clone(), at: now, what })?;
    }
    Ok(moved.len())
}
