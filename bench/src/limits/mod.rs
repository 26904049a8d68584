//! What the parts below the product do by themselves, on this machine and in the same run: what it could reach at most.

mod disk;
mod postgres;
pub mod relay;
pub mod web;

use std::time::Duration;

use anyhow::Result;

use crate::compare::Size;
use crate::http::request;
use crate::report::{Report, Unit};
use crate::scenarios::chat::{self, Load, Pace};
use crate::scenarios::rest;
use crate::server::Program;
use crate::stage::{Person, Stage, Ticket};

const GROUP: &str = "what the parts do alone";

/// `ours` makes the tables that PostgreSQL is asked on.
pub async fn run(ours: &Program, size: &Size, report: &mut Report) -> Result<()> {
    let core = ours.core;
    let mut note = |what: &str, figure: f64| {
        eprintln!("limits: {what}: {figure:.0}");
        report.note(GROUP, what, Unit::PerSecond, true, figure);
    };
    let (single, grouped) = disk::run(core, size.time)?;
    note("SQLite, one core: messages, a commit and an fsync for each", single);
    note("SQLite, one core: messages in groups of 100, an fsync for each group", grouped);
    let (single, whole) = postgres::run(ours, size.time).await?;
    note("PostgreSQL, beside who asks: messages by an insert alone, each a transaction", single);
    note("PostgreSQL, beside who asks: messages in the three round trips of ours, each a transaction", whole);
    note(
        "Socket.IO frames without JSON, rights or storage: messages acked and delivered to two",
        relay_chat(core, size).await?,
    );
    note("axum without layers: GET of 8 kB that lie ready", raw_web(core, size.time).await?);
    Ok(())
}

/// The chat scenario against a server that only passes frames on.
async fn relay_chat(core: Option<usize>, size: &Size) -> Result<f64> {
    let program = Program { core, ..Program::bare("relay")? };
    let server = program.start().await?;
    let person = || Person { username: String::new(), token: "anybody".into() };
    let stage = Stage { port: server.port, customers: vec![person()], staff: vec![person()] };
    let tickets: Vec<Ticket> =
        (0..size.tickets).map(|number| Ticket { id: format!("ticket-{number}"), customer: 0 }).collect();
    let load = Load { tickets: size.tickets, pace: Pace::Window(size.window), time: size.time };
    let (figures, _) = chat::talk(&[&server], &stage, &tickets, load).await?;
    server.stop().await?;
    Ok(figures.acked)
}

async fn raw_web(core: Option<usize>, time: Duration) -> Result<f64> {
    let program = Program { core, ..Program::bare("web")? };
    let server = program.start().await?;
    let requests =
        vec![request(server.port, "GET", "/api/tickets", Some("a token of some length, as they are"), None); 16];
    let figures = rest::ask(&[server.port], &requests, time / 2).await?;
    server.stop().await?;
    Ok(figures.answered)
}
