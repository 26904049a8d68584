//! Which sessions and API keys live, remembered for a moment so that a request need not ask the database.
//!
//! Invariant: once the transaction that ends a session has committed, this node answers for it with "no", at once
//! (`forget_session` runs before the caller of that transaction has its answer). Other nodes learn it within `MEMORY`.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::auth::model::Caller;
use crate::auth::store::api_keys::{self, ApiKey};
use crate::auth::store::sessions;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::Db;
use crate::platform::secret;

const MEMORY: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Registry {
    callers: Cache<String, Arc<Caller>>,
    api_keys: Cache<[u8; 32], Arc<ApiKey>>,
    /// Sessions that ended a moment ago: a look-up that began before the end cannot bring one back.
    ended: Cache<String, ()>,
}

impl Default for Registry {
    fn default() -> Self {
        let callers = Cache::builder().max_capacity(100_000).time_to_live(MEMORY).build();
        let api_keys = Cache::builder().max_capacity(10_000).time_to_live(MEMORY).build();
        let ended = Cache::builder().max_capacity(1_000_000).time_to_live(Duration::from_secs(60)).build();
        Self { callers, api_keys, ended }
    }
}

impl Registry {
    pub async fn caller(&self, db: &Db, session_id: &str, now: Timestamp) -> Result<Arc<Caller>> {
        if self.ended.contains_key(session_id) {
            return Err(Error::Unauthorized("unauthorized"));
        }
        if let Some(caller) = self.callers.get(session_id) {
            return Ok(caller);
        }
        let id = session_id.to_owned();
        let found = db.read(move |tx| sessions::find_caller(tx, &id, now)).await?;
        let caller = Arc::new(found.ok_or(Error::Unauthorized("unauthorized"))?);
        self.callers.insert(session_id.to_owned(), caller.clone());
        if self.ended.contains_key(session_id) {
            return Err(Error::Unauthorized("unauthorized"));
        }
        Ok(caller)
    }

    pub async fn api_key(&self, db: &Db, key: &str) -> Result<Arc<ApiKey>> {
        let hash = secret::hash_token(key);
        if let Some(found) = self.api_keys.get(&hash) {
            return Ok(found);
        }
        let found = db.read(move |tx| api_keys::find_by_hash(tx, &hash)).await?;
        let found = Arc::new(found.ok_or(Error::Unauthorized("unauthorized"))?);
        self.api_keys.insert(hash, found.clone());
        Ok(found)
    }

    pub fn has_ended(&self, caller: &Caller) -> bool {
        caller.session_id.as_deref().is_some_and(|id| self.ended.contains_key(id))
    }

    pub fn forget_session(&self, session_id: &str) {
        self.ended.insert(session_id.to_owned(), ());
        self.callers.invalidate(session_id);
    }

    /// After a user or a key changed: what is remembered of all is read again.
    pub fn forget_all(&self) {
        self.callers.invalidate_all();
        self.api_keys.invalidate_all();
    }
}
