//! The limits that nodes share by Redis, held against a real one: what two nodes spend of one budget.

use std::env;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use redis::{Client, Connection};
use smilechat::platform::clock::Clock;
use smilechat::platform::config::{self, LimitsConfig};
use smilechat::platform::limits::{Limits, LoginAttempt, Policy, Shared, Snapshot};
use smilechat::platform::redis::Redis;

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        // Debian's package of tools holds the server under another name. Another one, Valkey say, may be named.
        let debian = "/usr/bin/redis-check-rdb";
        let usual = || if Path::new(debian).exists() { debian } else { "redis-server" }.to_owned();
        let mut program = Command::new(env::var("SMILECHAT_TEST_REDIS").unwrap_or_else(|_| usual()));
        program.arg0("redis-server").stdout(Stdio::null());
        let options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let process = program.args(["--port", &port.to_string()]).args(options).spawn().context("redis-server")?;
        let server = Self { process, url: format!("redis://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            anyhow::ensure!(Instant::now() < deadline, "Redis does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    fn ask(&self) -> Result<Connection> {
        Ok(Client::open(self.url.as_str())?.get_connection()?)
    }

    /// A node of the deployment `key`, whose own clock stands still: what comes back comes back at Redis.
    fn node(&self, key: &[u8], api_per_minute: u32) -> Result<Limits> {
        let defaults = config::load(&Default::default(), None, Vec::new()).expect("defaults").config.limits;
        let limits = LimitsConfig { api_per_minute, ..defaults };
        let clock = Clock::Manual(Arc::new(AtomicI64::new(1_763_800_000_000)));
        Ok(Limits::new(&limits, clock, Some(Shared::new(Redis::new(&self.url)?, key))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours alone, and may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn take(node: &Limits, key: &str) -> Snapshot {
    node.check(Policy::Api, key).await.expect("limits are on")
}

/// How many of so many are allowed, by turns.
async fn allowed(nodes: &[Limits; 2], key: &str, tries: usize) -> usize {
    let mut allowed = 0;
    for turn in 0..tries {
        allowed += usize::from(take(&nodes[turn % 2], key).await.retry_after.is_none());
    }
    allowed
}

#[tokio::test]
async fn two_nodes_spend_one_budget_to_the_last_request() -> Result<()> {
    let server = Server::start()?;
    let nodes = [server.node(b"ours", 12)?, server.node(b"ours", 12)?];
    let mut remaining = Vec::new();
    for turn in 0..12 {
        remaining.push(take(&nodes[turn % 2], "ann").await.remaining);
    }
    assert_eq!(remaining, (0..12).rev().collect::<Vec<_>>());
    let refused = take(&nodes[0], "ann").await;
    assert_eq!((refused.remaining, refused.quota, refused.window_seconds), (0, 12, 60));
    // Five seconds for each of twelve a minute.
    assert!((4..=5).contains(&refused.retry_after.expect("refused")), "{refused:?}");
    assert!((55..=60).contains(&refused.reset_seconds), "{refused:?}");
    assert_eq!(allowed(&nodes, "ann", 20).await, 0);
    assert_eq!(allowed(&nodes, "bob", 20).await, 12, "another key has its own");
    let strangers = [server.node(b"theirs", 12)?, server.node(b"theirs", 12)?];
    assert_eq!(allowed(&strangers, "ann", 20).await, 12, "another deployment has its own");
    Ok(())
}

#[tokio::test]
async fn a_budget_refills_by_the_clock_of_redis_and_leaves_nothing_behind() -> Result<()> {
    let server = Server::start()?;
    // Ten a second come back. Each node alone would still have half of its own.
    let nodes = [server.node(b"ours", 600)?, server.node(b"ours", 600)?];
    assert!((600..=700).contains(&allowed(&nodes, "ann", 700).await));
    while take(&nodes[0], "ann").await.retry_after.is_none() {}
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let came_back = allowed(&nodes, "ann", 100).await;
    let most = begun.elapsed().as_millis() / 100 + 1;
    assert!(came_back >= 4 && came_back as u128 <= most, "{came_back} of {most}");
    let mut asked = server.ask()?;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut asked)?;
    let [key] = keys.as_slice() else { panic!("one budget, one key: {keys:?}") };
    assert!(key.starts_with("{smilechat_") && !key.contains("ann"), "{key}");
    let left: i64 = redis::cmd("PTTL").arg(key).query(&mut asked)?;
    assert!((58_000..=60_000).contains(&left), "it goes by itself as soon as it is whole: {left}");
    Ok(())
}

#[tokio::test]
async fn a_script_that_redis_has_forgotten_is_loaded_again_within_the_same_request() -> Result<()> {
    let server = Server::start()?;
    let nodes = [server.node(b"ours", 12)?, server.node(b"ours", 12)?];
    let mut asked = server.ask()?;
    let mut spent = 0;
    for _ in 0..4 {
        spent += allowed(&nodes, "ann", 4).await;
        redis::cmd("SCRIPT").arg("FLUSH").query::<()>(&mut asked)?;
    }
    assert_eq!(spent, 12, "a node that counted alone would have allowed more");
    Ok(())
}

/// In a shared Redis others may write too, and its clock may be put right by an hour.
#[tokio::test]
async fn what_cannot_be_in_redis_locks_nobody_out_for_longer_than_a_window() -> Result<()> {
    let server = Server::start()?;
    let node = server.node(b"ours", 12)?;
    let mut asked = server.ask()?;
    take(&node, "ann").await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut asked)?;
    let [key] = keys.as_slice() else { panic!("one budget, one key: {keys:?}") };
    for planted in ["inf", "1e308", "9e15", "9999999999999"] {
        redis::cmd("SET").arg(key).arg(planted).query::<()>(&mut asked)?;
        let refused = take(&node, "ann").await;
        assert!(refused.retry_after.is_some_and(|seconds| seconds <= 5), "{planted}: {refused:?}");
        assert!(refused.reset_seconds <= 60, "{planted}: {refused:?}");
        let left: i64 = redis::cmd("PTTL").arg(key).query(&mut asked)?;
        assert!((1..=60_000).contains(&left), "{planted} stays for {left} ms");
    }
    for planted in ["nan", "-inf", "x", ""] {
        redis::cmd("SET").arg(key).arg(planted).query::<()>(&mut asked)?;
        assert_eq!(take(&node, "ann").await.retry_after, None, "{planted}");
    }

    let attempt = LoginAttempt { tenant: 1, username: "ann".into(), address: [10, 0, 0, 1].into() };
    node.login_allowed(&attempt).await?;
    let tries: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut asked)?;
    for key in tries.iter().filter(|other| *other != key) {
        for number in 0..200 {
            redis::cmd("ZADD").arg(key).arg("inf").arg(number).query::<()>(&mut asked)?;
        }
    }
    node.login_allowed(&attempt).await?;
    Ok(())
}
