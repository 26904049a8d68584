//! What the parts below the product do by themselves, on this machine and in the same run: what it could reach at most.

mod disk;
pub mod library;
mod postgres;
pub mod relay;
pub mod web;

use std::time::Duration;

use anyhow::Result;

use crate::compare::{self, Size};
use crate::http::request;
use crate::report::Report;
use crate::scenarios::chat::{self, Load, Pace};
use crate::scenarios::rest;
use crate::server::Program;
use crate::stage::{Person, Stage, Ticket};

/// `ours` makes the tables that PostgreSQL is asked on. Beside each figure stands what the product reached, in the same run.
pub async fn run(ours: &Program, size: &Size, report: &mut Report) -> Result<()> {
    let core = ours.core;
    let messages = |report: &Report, database: &str| {
        report.ours(&format!("{database}: {}", compare::full_load(size)), compare::MESSAGES)
    };
    let on_sqlite = messages(report, "SQLite");
    let on_postgres = messages(report, "PostgreSQL");
    let lists = |database: &str| report.ours(&format!("{database}: {}", compare::REQUESTS), compare::LIST);
    let lists = lists("SQLite").or_else(|| lists("PostgreSQL"));
    let on_either = on_sqlite.or(on_postgres);
    let mut note = |what: &str, figure: f64, reached: Option<f64>| {
        eprintln!("limits: {what}: {figure:.0}");
        report.note_limit(what, figure, reached);
    };
    let (single, grouped) = disk::run(core, size.time)?;
    note("SQLite, one core: messages, a commit and an fsync for each", single, on_sqlite);
    note("SQLite, one core: messages in groups of 100, an fsync for each group", grouped, on_sqlite);
    let (single, whole) = postgres::run(ours, size.time).await?;
    note("PostgreSQL, beside who asks: messages by an insert alone, each a transaction", single, on_postgres);
    note(
        "PostgreSQL, beside who asks: messages in the two round trips of ours, each a transaction",
        whole,
        on_postgres,
    );
    note(
        "Socket.IO frames without JSON, rights or storage: messages acked and delivered to two",
        pass_on("relay", core, size).await?,
        on_either,
    );
    note(
        "socketioxide as it comes, without rights or storage: messages acked and delivered to two",
        pass_on("library", core, size).await?,
        on_either,
    );
    note("axum without layers: GET of 8 kB that lie ready", raw_web(core, size.time).await?, lists);
    Ok(())
}

/// The chat scenario against a server that only passes frames on.
async fn pass_on(kind: &str, core: Option<usize>, size: &Size) -> Result<f64> {
    let program = Program { core, ..Program::bare(kind)? };
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
