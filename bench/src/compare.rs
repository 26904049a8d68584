//! The product against the peer: each scenario on the one, then on the other, and again, in one run.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::postgres::Postgres;
use crate::report::{Report, Unit, thousands};
use crate::scenarios::chat::{self, Load, Pace};
use crate::scenarios::{connect, fanout, rest, start};
use crate::server::{Program, Server};
use crate::stage::Stage;

pub const SCENARIOS: [&str; 6] = ["start", "chat", "rest", "login", "connect", "fanout"];

/// Parts and rows of the table that the limits are held against.
pub const MESSAGES: &str = "messages acked";
pub const REQUESTS: &str = "requests over 16 connections";
pub const LIST: &str = "GET /api/tickets";

/// What is promised holds at this rate, of messages a second.
const FEW: f64 = 1000.0;

#[derive(Clone)]
pub struct Size {
    pub time: Duration,
    pub rounds: usize,
    pub tickets: usize,
    pub window: usize,
    /// Of messages a second, where it is given.
    pub rate: Option<f64>,
    pub sockets: usize,
    pub room: usize,
}

/// A server that runs, with its people.
struct Player {
    is_ours: bool,
    program: Program,
    server: Server,
    stage: Stage,
    requests: Option<rest::Requests>,
    /// What it did at half of its full rate.
    half: Option<chat::Figures>,
}

/// All servers run for the whole time, so that none is warmer than the other; only one is asked at a time.
pub async fn run(
    programs: &[Program],
    postgres: Option<&Postgres>,
    scenarios: &[String],
    size: &Size,
    group: &str,
    report: &mut Report,
) -> Result<()> {
    let mut players = Vec::new();
    for program in programs {
        let server = program.start().await?;
        let stage = Stage::set(&server).await?;
        stage.tickets(size.tickets).await?;
        let is_ours = program.name == "SmileChat";
        players.push(Player { is_ours, program: program.clone(), server, stage, requests: None, half: None });
    }
    for scenario in scenarios {
        if let Some(postgres) = postgres {
            postgres.settle()?;
        }
        for round in 1..=size.rounds {
            for player in &mut players {
                eprintln!("{group}: {scenario}, round {round} of {}, {}", size.rounds, player.server.name);
                let before = player.server.cpu()?;
                play(player, scenario, postgres, size, group, report).await?;
                tell_cost(player, before)?;
            }
            if scenario == "chat" {
                at_the_peers_half(&players, size, group, report).await?;
            }
        }
        if scenario == "connect" {
            for player in &players {
                eprintln!("{group}: {scenario}, memory, {}", player.server.name);
                note_memory(player, postgres, size, group, report).await?;
            }
        }
    }
    for player in players {
        player.server.stop().await?;
    }
    Ok(())
}

/// The same few messages on both: half of what is much for the one is little for the other.
async fn at_the_peers_half(players: &[Player], size: &Size, group: &str, report: &mut Report) -> Result<()> {
    let peer = players.iter().find(|player| !player.is_ours).and_then(|peer| peer.half.as_ref());
    let ours = players.iter().find(|player| player.is_ours);
    let (Some(peer), Some(ours)) = (peer, ours) else { return Ok(()) };
    let load = Load { tickets: size.tickets, pace: Pace::Rate(peer.acked), time: size.time };
    let figures = chat::run(&ours.server, &ours.stage, load).await?;
    for (is_ours, figures) in [(true, &figures), (false, peer)] {
        let mut note = |part: &str, what: &str, unit: Unit, figure: f64| {
            eprintln!("    {what}: {figure:.2}");
            report.note(&format!("{group}: {part}"), what, unit, is_ours, figure);
        };
        note_load(&mut note, "both at half of the peer's rate", figures);
    }
    Ok(())
}

/// Once, and not in each round: it hardly differs.
async fn note_memory(
    player: &Player,
    postgres: Option<&Postgres>,
    size: &Size,
    group: &str,
    report: &mut Report,
) -> Result<()> {
    let figures = connect::memory(&on_no_data(&player.program, postgres)?, size.sockets).await?;
    for (what, figure) in [("memory for each idle socket", figures.each), ("memory when they have gone", figures.after)]
    {
        eprintln!("    {what}: {figure:.0}");
        report.note(&format!("{group}: {}", sockets(size)), what, Unit::Bytes, player.is_ours, figure);
    }
    Ok(())
}

/// A process of its own is not to share the data of the one that serves all the while.
fn on_no_data(program: &Program, postgres: Option<&Postgres>) -> Result<Program> {
    let database_url = postgres.map(Postgres::new_database).transpose()?;
    Ok(Program { database_url, ..program.clone() })
}

fn sockets(size: &Size) -> String {
    format!("{} sockets", size.sockets)
}

fn tell_cost(player: &Player, before: Duration) -> Result<()> {
    let spent = player.server.cpu()? - before;
    eprintln!("    {:.1} s of processor time, {:.0} MB", spent.as_secs_f64(), player.server.memory()? as f64 / 1e6);
    Ok(())
}

async fn play(
    player: &mut Player,
    scenario: &str,
    postgres: Option<&Postgres>,
    size: &Size,
    group: &str,
    report: &mut Report,
) -> Result<()> {
    let is_ours = player.is_ours;
    let (server, stage) = (&player.server, &player.stage);
    let mut note = |part: &str, what: &str, unit: Unit, figure: f64| {
        eprintln!("    {what}: {figure:.2}");
        report.note(&format!("{group}: {part}"), what, unit, is_ours, figure);
    };
    match scenario {
        "start" => {
            let figures = start::run(&on_no_data(&player.program, postgres)?).await?;
            note("start", "ready, on no data", Unit::Millis, figures.first);
            note("start", "ready, on data", Unit::Millis, figures.again);
            note("start", "memory, idle", Unit::Bytes, figures.idle_bytes);
        }
        "chat" if let Some(rate) = size.rate => {
            let load = Load { tickets: size.tickets, pace: Pace::Rate(rate), time: size.time };
            note_load(&mut note, &format!("{rate} messages a second"), &chat::run(server, stage, load).await?);
        }
        "chat" => {
            let load = Load { tickets: size.tickets, pace: Pace::Window(size.window), time: size.time };
            let full = chat::run(server, stage, load).await?;
            let part = full_load(size);
            note_load(&mut note, &part, &full);
            note(&part, "messages delivered", Unit::PerSecond, full.delivered);
            let half = chat::run(server, stage, Load { pace: Pace::Rate(full.acked / 2.0), ..load }).await?;
            note_load(&mut note, "each at half of its rate", &half);
            player.half = Some(half);
            let few = chat::run(server, stage, Load { pace: Pace::Rate(FEW), ..load }).await?;
            note_load(&mut note, &format!("both at {} messages a second", thousands(FEW)), &few);
        }
        "rest" => {
            if player.requests.is_none() {
                player.requests = Some(rest::Requests::prepare(stage).await?);
            }
            let Some(requests) = &player.requests else { bail!("there are requests by now") };
            for (name, which) in [
                (LIST, &requests.tickets),
                ("GET /api/messages/:id", &requests.messages),
                ("POST /api/messages/:id", &requests.send),
            ] {
                let figures = rest::ask(&[requests.port], which, size.time / 2).await?;
                note(REQUESTS, name, Unit::PerSecond, figures.answered);
                note(REQUESTS, &format!("{name}, p50"), Unit::Millis, figures.took[0]);
                note(REQUESTS, &format!("{name}, p99"), Unit::Millis, figures.took[1]);
            }
        }
        "login" => {
            if player.requests.is_none() {
                player.requests = Some(rest::Requests::prepare(stage).await?);
            }
            let Some(requests) = &player.requests else { bail!("there are requests by now") };
            let figures = rest::ask(&[requests.port], &requests.login, size.time / 2).await?;
            note("sign-in over 4 connections", "POST /api/auth/login", Unit::PerSecond, figures.answered);
            note("sign-in over 4 connections", "POST /api/auth/login, p99", Unit::Millis, figures.took[1]);
        }
        "connect" => {
            let figures = connect::storm(stage, size.sockets).await?;
            note(&sockets(size), "connected and joined", Unit::PerSecond, figures.rate);
            note(&sockets(size), "connected and joined, p99", Unit::Millis, figures.took[1]);
        }
        "fanout" => {
            let figures = fanout::run(stage, size.room, 50).await?;
            let part = format!("a room of {} sockets", size.room);
            note(&part, "messages delivered", Unit::PerSecond, figures.delivered);
            note(&part, "seen, p50", Unit::Millis, figures.seen[0]);
            note(&part, "seen, p99", Unit::Millis, figures.seen[1]);
        }
        other => bail!("there is no scenario {other}"),
    }
    Ok(())
}

pub fn full_load(size: &Size) -> String {
    format!("{} conversations, {} messages under way in each", size.tickets, size.window)
}

fn note_load(note: &mut impl FnMut(&str, &str, Unit, f64), part: &str, figures: &chat::Figures) {
    note(part, MESSAGES, Unit::PerSecond, figures.acked);
    note(part, "core of the server", Unit::Share, figures.cpu);
    latencies(note, part, "ack", figures.ack);
    latencies(note, part, "seen", figures.seen);
}

fn latencies(note: &mut impl FnMut(&str, &str, Unit, f64), part: &str, what: &str, quantiles: [f64; 3]) {
    for (name, figure) in ["p50", "p99", "p99.9"].into_iter().zip(quantiles) {
        note(part, &format!("{what}, {name}"), Unit::Millis, figure);
    }
}
