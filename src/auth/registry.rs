//! What nearly every request asks, remembered for a moment so that it need not ask the database: which sessions and API keys
//! live, and what a widget shows (docs/decisions/0046).
//!
//! Invariants: once the transaction that ends a session, revokes a key or changes a user has committed, this node does not
//! answer from before it (`forget`, `user_changed` and `key_changed` run before the caller of that transaction has its
//! answer). Other nodes learn it as soon as they follow the event (`services/follow.rs`), and within `MEMORY` in any case. What
//! strangers make up is remembered too, in bounded memory, and does not reach the database twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::auth::model::{Caller, TenantKey, UserKey};
use crate::auth::store::api_keys::{self, ApiKey, ApiKeyKind};
use crate::auth::store::{sessions, users};
use crate::auth::widget::{self, Widget};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{Db, Tx, within};
use crate::platform::secret;

const MEMORY: Duration = Duration::from_secs(2);
/// Longer than any look-up takes.
const LOOKUP: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Registry {
    callers: Cache<String, Remembered<Arc<Caller>>>,
    api_keys: Cache<[u8; 32], Remembered<Arc<KnownKey>>>,
    /// Sessions and keys, by their ids, that ended a moment ago: a look-up that began before the end brings none back.
    ended: Cache<String, ()>,
    /// Hashes of keys and session ids that nobody has.
    unknown: Cache<[u8; 32], ()>,
    /// What changed a moment ago, and at which turn: what was looked up before that turn is out of date.
    changed: Cache<Changed, u64>,
    /// By the tenant and the staff whom it names.
    widgets: Cache<(TenantKey, Vec<UserKey>), Remembered<Arc<Widget>>>,
    turn: Arc<AtomicU64>,
}

#[derive(PartialEq, Eq, Hash)]
enum Changed {
    User(UserKey),
    /// By its id.
    Key(String),
    WidgetOf(TenantKey),
}

/// An API key and, if it is a secret one, the account it acts as.
pub struct KnownKey {
    pub key: ApiKey,
    pub caller: Option<Arc<Caller>>,
}

#[derive(Clone)]
struct Remembered<T> {
    what: T,
    /// The turn at which the look-up began.
    turn: u64,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            callers: remembering(100_000, MEMORY),
            api_keys: remembering(10_000, MEMORY),
            ended: remembering(1_000_000, LOOKUP),
            unknown: remembering(100_000, MEMORY),
            changed: remembering(1_000_000, LOOKUP),
            widgets: remembering(10_000, MEMORY),
            turn: Arc::default(),
        }
    }
}

impl Registry {
    pub async fn caller(&self, db: &Db, session_id: &str, now: Timestamp) -> Result<Arc<Caller>> {
        if self.ended.contains_key(session_id) {
            return Err(refused());
        }
        if let Some(known) = self.callers.get(session_id)
            && self.is_fresh(&known, Some(known.what.user))
        {
            return Ok(known.what);
        }
        let (turn, id) = (self.turn(), session_id.to_owned());
        let look_up = for_everybody(db.ask(move |tx| sessions::find_caller(tx, &id, now)));
        let what = Arc::new(self.known(secret::hash_token(session_id), look_up).await?);
        self.callers.insert(session_id.to_owned(), Remembered { what: what.clone(), turn });
        if self.ended.contains_key(session_id) { Err(refused()) } else { Ok(what) }
    }

    pub async fn api_key(&self, db: &Db, key: &str) -> Result<Arc<KnownKey>> {
        if !ApiKeyKind::is_shape_of_key(key) {
            return Err(refused());
        }
        let hash = secret::hash_token(key);
        let found = self.api_keys.get(&hash);
        let found = found.filter(|known| self.is_fresh(known, known.what.key.user) && self.is_fresh_key(known));
        match found {
            Some(known) if !self.is_revoked(&known.what.key.api_key_id) => Ok(known.what),
            Some(_) => Err(refused()),
            None => self.look_up_key(db, hash).await,
        }
    }

    /// The same, whatever good is remembered of it.
    pub async fn api_key_anew(&self, db: &Db, key: &str) -> Result<Arc<KnownKey>> {
        if !ApiKeyKind::is_shape_of_key(key) {
            return Err(refused());
        }
        self.look_up_key(db, secret::hash_token(key)).await
    }

    async fn look_up_key(&self, db: &Db, hash: [u8; 32]) -> Result<Arc<KnownKey>> {
        let turn = self.turn();
        let look_up = for_everybody(db.read(move |tx| find_key(tx, &hash)));
        let what = Arc::new(self.known(hash, look_up).await?);
        self.api_keys.insert(hash, Remembered { what: what.clone(), turn });
        if self.is_revoked(&what.key.api_key_id) { Err(refused()) } else { Ok(what) }
    }

    /// `staff` are those who are named in it.
    pub async fn widget(&self, db: &Db, tenant: TenantKey, staff: Vec<UserKey>) -> Result<Arc<Widget>> {
        let key = (tenant, staff);
        if let Some(known) = self.widgets.get(&key)
            && self.is_current(&Changed::WidgetOf(tenant), known.turn)
        {
            return Ok(known.what);
        }
        let (turn, staff) = (self.turn(), key.1.clone());
        let what = Arc::new(for_everybody(db.read(move |tx| widget::look_up(tx, tenant, &staff))).await?);
        self.widgets.insert(key, Remembered { what: what.clone(), turn });
        Ok(what)
    }

    /// Whether a key, by its id, was revoked a moment ago.
    pub fn is_revoked(&self, api_key_id: &str) -> bool {
        self.ended.contains_key(api_key_id)
    }

    pub fn has_ended(&self, caller: &Caller) -> bool {
        caller.session_id.as_deref().is_some_and(|id| self.ended.contains_key(id))
    }

    /// Whether a key, by its id, was revoked a moment ago, or changed after `turn`.
    pub fn has_moved(&self, api_key_id: &str, turn: u64) -> bool {
        self.ended.contains_key(api_key_id) || !self.is_current(&Changed::Key(api_key_id.to_owned()), turn)
    }

    /// Counts the changes. What is looked up after it was asked is no older.
    pub fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    /// A session or a key, by its id, is refused from now on.
    pub fn forget(&self, id: &str) {
        self.ended.insert(id.to_owned(), ());
    }

    /// What is remembered of a user is looked up again.
    pub fn user_changed(&self, user: UserKey) {
        self.note(Changed::User(user));
    }

    /// What is remembered of an API key is looked up again.
    pub fn key_changed(&self, api_key_id: &str) {
        self.note(Changed::Key(api_key_id.to_owned()));
    }

    /// Its settings, or somebody of the staff.
    pub fn widget_changed(&self, tenant: TenantKey) {
        self.note(Changed::WidgetOf(tenant));
    }

    fn note(&self, what: Changed) {
        self.changed.insert(what, self.turn.fetch_add(1, Ordering::SeqCst) + 1);
    }

    /// Whether it has not changed since `turn`.
    fn is_current(&self, what: &Changed, turn: u64) -> bool {
        self.changed.get(what).is_none_or(|changed| changed <= turn)
    }

    fn is_fresh_key(&self, known: &Remembered<Arc<KnownKey>>) -> bool {
        self.is_current(&Changed::Key(known.what.key.api_key_id.clone()), known.turn)
    }

    fn is_fresh<T>(&self, known: &Remembered<T>, user: Option<UserKey>) -> bool {
        user.is_none_or(|user| self.is_current(&Changed::User(user), known.turn))
    }

    /// What a look-up finds. That it found nothing is remembered, so that a repeat costs nothing.
    async fn known<T>(&self, hash: [u8; 32], look_up: impl Future<Output = Result<Option<T>>>) -> Result<T> {
        if self.unknown.contains_key(&hash) {
            return Err(refused());
        }
        let found = look_up.await?;
        found.ok_or_else(|| {
            self.unknown.insert(hash, ());
            refused()
        })
    }
}

/// What is remembered answers others too: it is looked up for no one tenant, whoever asks first.
fn for_everybody<T>(look_up: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    within(None, look_up)
}

/// None for a secret key whose account was disabled, too.
fn find_key(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<KnownKey>> {
    let Some(key) = api_keys::find_by_hash(tx, hash)? else { return Ok(None) };
    let Some(user) = key.user else { return Ok(Some(KnownKey { key, caller: None })) };
    let tenant = TenantKey(key.tenant);
    let account = users::find(tx, tenant, user)?;
    if account.is_disabled {
        return Ok(None);
    }
    let caller = Caller {
        tenant,
        user,
        user_id: account.user_id.into(),
        username: account.username.into(),
        name: account.name.into(),
        avatar_url: account.avatar_url.map(Arc::from),
        role: account.role,
        chosen_status: account.chosen_status,
        session_id: None,
        scopes: Some(key.scopes.clone().into()),
    };
    Ok(Some(KnownKey { key, caller: Some(Arc::new(caller)) }))
}

fn remembering<K, V>(entries: u64, time: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(entries).time_to_live(time).build()
}

fn refused() -> Error {
    Error::Unauthorized("unauthorized")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_outdates_what_was_looked_up_before_it_and_of_this_user_alone() {
        let registry = Registry::default();
        let looked_up_now = || Remembered { what: (), turn: registry.turn() };
        let (ann, bob) = (UserKey(1), UserKey(2));
        let before = looked_up_now();
        registry.user_changed(ann);
        assert!(!registry.is_fresh(&before, Some(ann)));
        assert!(registry.is_fresh(&before, Some(bob)));
        assert!(registry.is_fresh(&looked_up_now(), Some(ann)));
    }

    #[tokio::test]
    async fn what_nobody_has_is_looked_up_once() {
        let registry = Registry::default();
        let nothing = registry.known([1; 32], async { Ok(None::<()>) }).await;
        assert!(matches!(nothing, Err(Error::Unauthorized(_))));
        let again = registry.known([1; 32], async { panic!("it was looked up again") }).await;
        assert!(matches!(again, Err::<(), _>(Error::Unauthorized(_))));
        // An outage says nothing of the key.
        let down = registry.known([2; 32], async { Err::<Option<()>, _>(Error::Unavailable("down".into())) }).await;
        assert!(matches!(down, Err(Error::Unavailable(_))));
        assert!(registry.known([2; 32], async { Ok(Some(())) }).await.is_ok());
    }

    #[test]
    fn a_key_has_its_prefix_and_its_length() {
        let random = "x".repeat(43);
        assert!(
            ApiKeyKind::is_shape_of_key(&format!("pk_{random}"))
                && ApiKeyKind::is_shape_of_key(&format!("sk_{random}"))
        );
        for other in ["", "pk_", &random, &format!("rt_{random}"), &format!("pk_{random}x"), &format!("PK_{random}")] {
            assert!(!ApiKeyKind::is_shape_of_key(other), "{other}");
        }
    }
}
