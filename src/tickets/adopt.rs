//! A guest's tickets go to the customer that the guest turned out to be.

use std::sync::Arc;

use crate::auth::model::UserKey;
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::db::Tx;
use crate::tickets::store;

/// Part of the transaction that identifies the guest. Answers how many tickets moved.
pub fn adopt(tx: &mut Tx<'_>, act: &Act, guest: UserKey, customer: UserKey) -> Result<usize> {
    let moved = store::adopt(tx, act.tenant, guest, customer, act.at)?;
    for key in &moved {
        store::index(tx, act.tenant, *key)?;
        let ticket = Arc::new(store::find_by_key(tx, act.tenant, *key)?);
        events::record(tx, act, What::TicketUpdated { ticket, changed: vec!["customer_id"] })?;
    }
    Ok(moved.len())
}
