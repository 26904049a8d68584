//! A real server in this process, and people who call it over HTTP.
//!
//! Each server has a database, a port and a clock of its own; the clock stands still until a test turns it. Every error
//! that comes back is held against the contract's shape of an error, whatever the test looks for.

mod call;
mod forge;
mod people;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::Method;
use smilechat::platform::clock::{Clock, Timestamp};
use smilechat::platform::config::{self, Config};
use smilechat::platform::random::Random;
use smilechat::platform::secret::Secret;
use smilechat::platform::shutdown::Shutdown;
use smilechat::platform::tls;
use smilechat::services::{self, Running};
use tempfile::TempDir;

use crate::panics;
use crate::servers::Postgres;

pub use call::{Call, Reply};
pub use forge::{claims, signed};
pub use people::{PASSWORD, Person, Tenant};

pub const JWT_SECRET: &str = "pPX4+1mDk0yVtbQ7sZr9cJ2hLw8uNfGe";

/// When every server's clock begins.
const BEGINNING: i64 = 1_780_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub struct Server {
    pub running: Running,
    client: reqwest::Client,
    hand: Arc<AtomicI64>,
    /// What `/api/` in a path stands for.
    api: &'static str,
    _folder: TempDir,
}

/// Runs a case on SQLite, and again on PostgreSQL under `/api/v1/`.
pub async fn on_both_engines(case: impl AsyncFn(Server)) {
    on_both_engines_with(|_| (), case).await;
}

/// The same for cases in which days pass: whoever is signed in stays so.
pub async fn on_both_engines_for_days(case: impl AsyncFn(Server)) {
    on_both_engines_with(last_for_days, case).await;
}

pub fn last_for_days(config: &mut Config) {
    config.auth.access_token_seconds = config.auth.refresh_token_seconds;
}

async fn on_both_engines_with(change: impl Fn(&mut Config), case: impl AsyncFn(Server)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        println!("on {engine:?}");
        let server = Server::start_with(engine, &change).await;
        let db = server.running.app.db.clone();
        case(server).await;
        // PostgreSQL has connections for a few servers only, and the tests make many.
        db.close().await;
    }
}

impl Server {
    pub async fn sqlite() -> Self {
        Self::start(Engine::Sqlite).await
    }

    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, |_| ()).await
    }

    pub async fn start_with(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        panics::are_fatal_in_the_server();
        tls::install();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = config::load(&BTreeMap::new(), None, Vec::new()).expect("the defaults are good").config;
        config.data_dir = folder.path().display().to_string();
        (config.server.host, config.server.port) = ("127.0.0.1".into(), 0);
        (config.database.readers, config.database.pool_size) = (2, 4);
        config.database.url = match engine {
            Engine::Sqlite => format!("sqlite://{}/test.db", config.data_dir),
            Engine::Postgres => Postgres::shared().fresh_database(),
        };
        config.auth.jwt_secret = Secret::new(JWT_SECRET);
        (config.auth.password_memory_kib, config.auth.password_iterations) = (64, 1);
        config.limits.enabled = false;
        // What is asked is whether a request is answered well, not how soon on a machine with much other work.
        config.database.queue_timeout_seconds = 30;
        // PostgreSQL has connections for a few servers only.
        config.bus.enabled = false;
        // Tests that want figures count by hand.
        config.analytics.enabled = false;
        change(&mut config);
        let hand = Arc::new(AtomicI64::new(BEGINNING));
        let clock = Clock::Manual(hand.clone());
        let running =
            services::start(config, clock, Random::System, Shutdown::manual()).await.expect("the server starts");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let api = if engine == Engine::Postgres { "/api/v1/" } else { "/api/" };
        Self { running, client, hand, api, _folder: folder }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.hand.load(Ordering::SeqCst))
    }

    /// Turns the clock.
    pub fn pass(&self, seconds: i64) {
        self.hand.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let path = path.strip_prefix("/api/").map_or(path.to_owned(), |rest| format!("{}{rest}", self.api));
        let url = format!("http://{}{path}", self.running.address);
        Call::new(format!("{method} {path}"), self.client.request(method, url))
    }

    /// Counts what a statement counts, on a connection of its own.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.running.app.db.read(move |tx| tx.one(sql, &[], |row| row.take())).await.expect("a count")
    }
}
