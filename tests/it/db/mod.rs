//! The database facade: what holds on both engines (`conformance`, `search`), and what each has to bear (`sqlite`,
//! `postgres`, `encryption`, `migrations`).

mod abandoned;
mod backup;
mod conformance;
mod encryption;
mod migrations;
mod postgres;
mod search;
mod sqlite;
mod wall;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use smilechat::error;
use smilechat::platform::config::DatabaseConfig;
use smilechat::platform::db::{Db, Effect, OnCommit, Tx};
use tempfile::TempDir;

use crate::servers::Postgres;

/// A database of its own for one test, and what its listener heard: the effects are numbers.
pub struct TestDb {
    pub db: Db,
    pub config: DatabaseConfig,
    heard: Arc<Mutex<Vec<Vec<i64>>>>,
    _folder: Option<TempDir>,
}

impl TestDb {
    pub fn sqlite() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = config(&format!("sqlite://{}/test.db", folder.path().display()));
        Self::open(config, Some(folder))
    }

    pub fn postgres() -> Result<Self> {
        Self::open(config(&Postgres::shared().fresh_database()), None)
    }

    /// The same, for what asks whether all is done in the end, not how long a machine with much other work takes for it.
    pub fn with_time(self) -> Result<Self> {
        let config = DatabaseConfig { queue_timeout_seconds: 60, statement_timeout_seconds: 60, ..self.config };
        Self::open(config, self._folder)
    }

    pub fn open(config: DatabaseConfig, folder: Option<TempDir>) -> Result<Self> {
        crate::panics::are_fatal_in_the_server();
        let (on_commit, heard) = listener();
        Ok(Self { db: Db::open(&config, on_commit)?, config, heard, _folder: folder })
    }

    /// The effects so far, batch by batch.
    pub fn heard(&self) -> Vec<Vec<i64>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn count(&self, sql: &'static str) -> error::Result<i64> {
        self.db.read(move |tx| tx.one(sql, &[], |row| row.take())).await
    }

    pub async fn script(&self, sql: &'static str) -> error::Result<u64> {
        self.db.write(move |tx| tx.execute(sql, &[])).await
    }
}

pub fn config(url: &str) -> DatabaseConfig {
    DatabaseConfig {
        url: url.to_owned(),
        readers: 2,
        replica_url: String::new(),
        replica_lag_seconds: 30,
        pool_size: 4,
        queue_timeout_seconds: 2,
        statement_timeout_seconds: 2,
        busy_timeout_seconds: 1,
        slow_ms: 0,
    }
}

pub fn deaf() -> OnCommit {
    Arc::new(|_| ())
}

fn listener() -> (OnCommit, Arc<Mutex<Vec<Vec<i64>>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    let on_commit = move |effects: Vec<Effect>| {
        let numbers = effects.into_iter().map(|effect| *effect.downcast::<i64>().expect("the tests send numbers"));
        ear.lock().unwrap_or_else(PoisonError::into_inner).push(numbers.collect());
    };
    (Arc::new(on_commit), heard)
}

/// A tenant of this name with one customer; the answer is both keys.
pub fn insert_tenant(tx: &mut Tx<'_>, name: &str) -> error::Result<(i64, i64)> {
    let tenant: i64 = tx.one(
        "insert into tenants (tenant_id, name, identity_secret, created_at) values ($1, $1, 's', 0)
         returning tenant_key",
        &[name.into()],
        |row| row.take(),
    )?;
    let user = insert_user(tx, tenant, name)?.expect("a new tenant has no users");
    Ok((tenant, user))
}

/// None: the name is taken.
pub fn insert_user(tx: &mut Tx<'_>, tenant: i64, name: &str) -> error::Result<Option<i64>> {
    tx.first(
        "insert into users (tenant_key, user_id, username, username_canonical, name, role, roles, created_at,
         updated_at, last_active) values ($1, $3, $2, $2, $2, 'customer', '[]', 0, 0, 0)
         on conflict do nothing returning user_key",
        &[tenant.into(), name.into(), (&format!("{tenant}-{name}")).into()],
        |row| row.take(),
    )
}

pub fn insert_ticket(tx: &mut Tx<'_>, tenant: i64, customer: i64, number: i64) -> error::Result<i64> {
    tx.one(
        "insert into tickets (tenant_key, ticket_id, number, subject, customer_key, status, priority, tags, channel,
         custom, created_at, updated_at) values ($1, $4, $3, 'x', $2, 'open', 'low', '[]', 'web', '{}', 0, 0)
         returning ticket_key",
        &[tenant.into(), customer.into(), number.into(), (&format!("{tenant}-{number}")).into()],
        |row| row.take(),
    )
}

pub fn insert_message(tx: &mut Tx<'_>, tenant: i64, ticket: i64, sender: i64, seq: i64) -> error::Result<u64> {
    tx.execute(
        "insert into messages (ticket_key, seq, tenant_key, sender_key, kind, message_content, timestamp)
         values ($2, $4, $1, $3, 'text', 'hello', 0)",
        &[tenant.into(), ticket.into(), sender.into(), seq.into()],
    )
}
