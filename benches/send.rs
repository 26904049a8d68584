//! What a durable message costs: `make bench`.
//!
//! Three figures of one run on one disk: single commits with an fsync each, as a careful server without group commit
//! makes them; messages sent through the product's own path (rights, sequence, lifecycle, events, fsync before the
//! answer) by many senders at once; and how long an answer takes at a steady 1,000 messages a second.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use smilechat::app::App;
use smilechat::auth::guard;
use smilechat::auth::model::Caller;
use smilechat::platform::clock::Clock;
use smilechat::platform::config::{self, Flag};
use smilechat::platform::random::Random;
use smilechat::services;
use smilechat::tickets::messages::send::{self, NewMessage};

const SENDERS: usize = 200;
const TICKETS: usize = 100;
const WINDOW: Duration = Duration::from_secs(5);
const STEADY_RATE: u64 = 1_000;

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let before = single_commits(&folder.path().join("before.db"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let bench = Bench::start(folder.path()).await?;
        let sent = bench.flood().await?;
        // A shared machine's disk changes its pace: once before the flood and once after it.
        let single = (before + single_commits(&folder.path().join("after.db"))?) / 2.0;
        println!("single commits with an fsync each      {single:>10.0} /s");
        println!("messages acked, {SENDERS} senders            {sent:>10.0} /s   {:>6.1} times", sent / single);
        let mut answers = bench.steadily().await?;
        answers.sort_unstable();
        let at = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        println!(
            "ack at {STEADY_RATE} /s                           p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            at(0.5),
            at(0.99),
            at(1.0)
        );
        bench.app.db.close().await;
        Ok(())
    })
}

/// What the disk does without groups: the same row, one transaction and one fsync each.
fn single_commits(file: &Path) -> anyhow::Result<f64> {
    let connection = rusqlite::Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("create table messages (seq integer primary key, message_content text)")?;
    let start = Instant::now();
    let mut commits = 0;
    while start.elapsed() < WINDOW {
        connection.prepare_cached("insert into messages (message_content) values (?1)")?.execute(["x".repeat(100)])?;
        commits += 1;
    }
    Ok(f64::from(commits) / start.elapsed().as_secs_f64())
}

struct Bench {
    app: App,
    caller: Arc<Caller>,
    tickets: Vec<String>,
}

impl Bench {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let flag = |name, key, text: &str| Flag { name, key, text: text.to_owned() };
        let flags = vec![flag("--data-dir", "data_dir", &folder.join("data").display().to_string())];
        let mut config =
            config::load(&BTreeMap::new(), None, flags).map_err(|_| anyhow::anyhow!("the defaults fail"))?.config;
        config::prepare(&mut config, &Random::System)?;
        let tenant = smilechat::auth::operator::create_tenant(&config, "bench").await?;
        let (app, events) = services::open(config, Clock::System, Random::System).await?;
        // Nobody listens here; the queue must not grow.
        tokio::spawn(async move {
            let mut events = events;
            while events.recv().await.is_some() {}
        });
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", tenant.secret_key.parse()?);
        let caller = guard::caller(&app, &headers).await?;
        let mut tickets = Vec::new();
        for number in 0..TICKETS {
            let new = serde_json::from_value(serde_json::json!({ "subject": format!("Ticket {number}") }))?;
            tickets.push(smilechat::tickets::create::create(&app, caller.clone(), new).await?.ticket_id);
        }
        Ok(Self { app, caller, tickets })
    }

    fn sending(&self, sender: usize, number: usize) -> (String, NewMessage) {
        let message = NewMessage {
            message_content: "x".repeat(100),
            client_id: Some(format!("{sender}-{number}")),
            attachment_ids: Vec::new(),
        };
        (self.tickets[sender % TICKETS].clone(), message)
    }

    /// Each sender sends the next message when the last one is on disk.
    async fn flood(&self) -> anyhow::Result<f64> {
        let start = Instant::now();
        let senders = (0..SENDERS).map(|sender| async move {
            let mut sent = 0;
            while start.elapsed() < WINDOW {
                let (ticket_id, message) = self.sending(sender, sent);
                send::send(&self.app, self.caller.clone(), ticket_id, message).await?;
                sent += 1;
            }
            anyhow::Ok(sent)
        });
        let sent = futures_util::future::try_join_all(senders).await?.into_iter().sum::<usize>();
        Ok(sent as f64 / start.elapsed().as_secs_f64())
    }

    /// One message each millisecond, whether the last one was answered or not.
    async fn steadily(&self) -> anyhow::Result<Vec<Duration>> {
        let mut clock = tokio::time::interval(Duration::from_micros(1_000_000 / STEADY_RATE));
        let mut answers = Vec::new();
        for number in 0..(STEADY_RATE * WINDOW.as_secs()) as usize {
            clock.tick().await;
            let (app, caller, (ticket_id, message)) =
                (self.app.clone(), self.caller.clone(), self.sending(number % SENDERS, 1_000_000 + number));
            answers.push(tokio::spawn(async move {
                let start = Instant::now();
                send::send(&app, caller, ticket_id, message).await.map(|_| start.elapsed())
            }));
        }
        let mut took = Vec::new();
        for answer in answers {
            took.push(answer.await??);
        }
        Ok(took)
    }
}
