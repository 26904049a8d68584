//! One, two, three nodes on one PostgreSQL and one Redis: what a request costs the nodes and the database, how much all of them
//! carry, and how much later a message is at another node.
//!
//! On a machine whose cores one node fills, more nodes carry no more. So each node gets a small share of a core, kept by the
//! kernel: then it is the nodes that are the bound, as they are where each has a machine.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;

use crate::cpu;
use crate::http::Http;
use crate::postgres::Postgres;
use crate::redis::Redis;
use crate::scenarios::chat::{self, Load, Pace};
use crate::scenarios::{across, rest};
use crate::server::{Program, Server};
use crate::share::Share;
use crate::stage::Stage;

const TICKETS: usize = 24;
const WINDOW: usize = 4;
/// Messages a second while it is measured how long they take: far from what would fill a core.
const RATE: f64 = 100.0;
const IN_TOUCH: Duration = Duration::from_secs(20);

pub struct Plan {
    /// How many nodes there are, one measurement after the other.
    pub counts: Vec<usize>,
    /// Of a core, for each node; 0 leaves that out.
    pub share: f64,
    pub time: Duration,
}

struct World {
    postgres: Postgres,
    redis: Redis,
}

/// Processor time spent so far.
#[derive(Clone, Copy)]
struct Spent {
    nodes: Duration,
    postgres: Duration,
    redis: Duration,
}

pub async fn run(program: &Program, plan: &Plan) -> Result<String> {
    let world = World { postgres: Postgres::start()?, redis: Redis::start()? };
    let mut text = String::new();
    let shares = [Some(plan.share), None].into_iter().filter(|share| *share != Some(0.0));
    for share in shares {
        let heading = match (share, program.core) {
            (Some(share), _) => format!("each with {:.0} % of a core", share * 100.0),
            (None, Some(_)) => "all on one core".to_owned(),
            (None, None) => "with what cores there are".to_owned(),
        };
        let _ = writeln!(
            text,
            "| nodes, {heading} | GET /api/tickets | nodes, PostgreSQL: ms of a core for each | messages acked | nodes, PostgreSQL, Redis: ms of a core for each |\n|---:|---:|---:|---:|---:|"
        );
        for count in &plan.counts {
            let _ = writeln!(text, "{}", carry(program, &world, plan, *count, share).await?);
        }
        text.push('\n');
    }
    text += "| p50 and p99, in ms | at the same node | at another | later by |\n|---|---:|---:|---:|\n";
    for (bus, redis_url) in [("Redis", Some(world.redis.url.clone())), ("NOTIFY", None)] {
        let database_url = Some(world.postgres.database(&format!("across_{}", bus.to_lowercase()))?);
        let program = Program { database_url, redis_url, ..program.clone() };
        let nodes = start(&program, 2).await?;
        let stage = Stage::set(&nodes[0]).await?;
        eprintln!("nodes: how much later a message is at another, by {bus} ...");
        let across::Figures { messages, here, there, later } =
            across::run(&nodes[0], &nodes[1], &stage, RATE, plan.time * 2).await?;
        let pair = |figures: [f64; 3]| format!("{:.2}, {:.2}", figures[0], figures[1]);
        let row = format!("{messages} messages, {RATE:.0} a second, by {bus}");
        let _ = writeln!(text, "| {row} | {} | {} | {} |", pair(here), pair(there), pair(later));
        stop(nodes).await?;
    }
    Ok(text)
}

/// A row of the table.
async fn carry(program: &Program, world: &World, plan: &Plan, count: usize, share: Option<f64>) -> Result<String> {
    eprintln!("nodes: {count}, a share of {share:?} ...");
    let name = format!("nodes{count}_{}", if share.is_some() { "shares" } else { "all" });
    let database_url = Some(world.postgres.database(&name)?);
    let program = Program { database_url, redis_url: Some(world.redis.url.clone()), ..program.clone() };
    let nodes = start(&program, count).await?;
    let stage = Stage::set(&nodes[0]).await?;
    let requests = rest::Requests::prepare(&stage).await?;
    let tickets = stage.tickets(TICKETS).await?;
    let ports: Vec<u16> = nodes.iter().map(|node| node.port).collect();
    let shares =
        share.map(|share| nodes.iter().map(|node| Share::give(node.pid()?, share)).collect::<Result<Vec<_>>>());
    let shares = shares.transpose()?;

    let before = spent(world, &nodes)?;
    let reads = rest::ask(&ports, &requests.tickets, plan.time).await?;
    let between = spent(world, &nodes)?;
    let load = Load { tickets: TICKETS, pace: Pace::Window(WINDOW), time: plan.time };
    let all: Vec<&Server> = nodes.iter().collect();
    let (talk, acked) = chat::talk(&all, &stage, &tickets, load).await?;
    let after = spent(world, &nodes)?;
    chat::check_stored(&stage, &tickets, acked).await?;
    drop(all);
    stop(nodes).await?;
    drop(shares);

    let each =
        |from: Duration, to: Duration, times: u64| format!("{:.2}", (to - from).as_secs_f64() * 1e3 / times as f64);
    Ok(format!(
        "| {count} | {:.0} /s | {}, {} | {:.0} /s | {}, {}, {} |",
        reads.answered,
        each(before.nodes, between.nodes, reads.all),
        each(before.postgres, between.postgres, reads.all),
        talk.acked,
        each(between.nodes, after.nodes, acked),
        each(between.postgres, after.postgres, acked),
        each(between.redis, after.redis, acked),
    ))
}

async fn start(program: &Program, count: usize) -> Result<Vec<Server>> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(program.start().await?);
    }
    for node in &nodes {
        let began = std::time::Instant::now();
        while nodes_heard(node).await? < count as u64 {
            ensure!(began.elapsed() < IN_TOUCH, "the nodes do not hear each other");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(nodes)
}

/// By one node, itself among them.
async fn nodes_heard(node: &Server) -> Result<u64> {
    let ready: Json = Http::connect(node.port).await?.call("GET", "/readyz", None, None).await?;
    ready["nodes"].as_u64().context("nodes")
}

async fn stop(nodes: Vec<Server>) -> Result<()> {
    for node in nodes {
        node.stop().await?;
    }
    Ok(())
}

fn spent(world: &World, nodes: &[Server]) -> Result<Spent> {
    let nodes = nodes.iter().map(Server::cpu).sum::<Result<Duration>>()?;
    Ok(Spent { nodes, postgres: cpu::of_family(world.postgres.pid()?)?, redis: cpu::of(world.redis.pid())? })
}
