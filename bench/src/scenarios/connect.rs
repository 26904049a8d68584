//! Connections: how fast they come in all at once, and what each costs while nobody says anything.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::latency::Latencies;
use crate::server::Program;
use crate::socket::Socket;
use crate::stage::Stage;

/// Connections that are being made at the same time.
const AT_ONCE: usize = 64;
/// In which the server settles before its memory is looked at.
pub const REST: Duration = Duration::from_secs(2);

/// Sockets that come before the first look: what a server sets up once, for all of them, is there by then.
const FIRST: usize = 100;

pub struct Figures {
    /// Connected and joined, a second.
    pub rate: f64,
    pub took: [f64; 3],
}

pub struct Memory {
    /// What the server's memory grew by for each socket.
    pub each: f64,
    /// Its memory when all had gone.
    pub after: f64,
}

pub async fn storm(stage: &Stage, count: usize) -> Result<Figures> {
    let (_, (rate, took)) = open(stage, count).await?;
    tokio::time::sleep(REST).await;
    Ok(Figures { rate, took })
}

/// In a process that has done nothing else, so that no memory lies there that something else has freed: sockets would take
/// that, and seem to cost nothing. Not even the people are from the same process, since hashing passwords takes and frees
/// much.
pub async fn memory(program: &Program, count: usize) -> Result<Memory> {
    let (server, stage) = Stage::set_before(program).await?;
    let (mut first, _) = open(&stage, FIRST).await?;
    rest(&mut first, REST).await?;
    let before = server.memory()?;
    let (mut sockets, _) = open(&stage, count).await?;
    sockets.append(&mut first);
    rest(&mut sockets, REST).await?;
    let grown = server.memory()?.saturating_sub(before);
    drop(sockets);
    tokio::time::sleep(REST).await;
    let after = server.memory()? as f64;
    server.stop().await?;
    Ok(Memory { each: grown as f64 / count as f64, after })
}

/// Opens sockets of many users, as fast as the server takes them.
pub async fn open(stage: &Stage, count: usize) -> Result<(Vec<Socket>, (f64, [f64; 3]))> {
    let tokens: Rc<Vec<String>> =
        Rc::new(stage.customers.iter().chain(&stage.staff[..1]).map(|person| person.token.clone()).collect());
    let (port, next) = (stage.port, Rc::new(RefCell::new(0)));
    let opened = Rc::new(RefCell::new((Vec::with_capacity(count), Latencies::default())));
    let began = Instant::now();
    let mut opening = JoinSet::new();
    for _ in 0..AT_ONCE.min(count) {
        let (tokens, next, opened) = (tokens.clone(), next.clone(), opened.clone());
        opening.spawn_local(async move {
            loop {
                let number = next.replace_with(|number| *number + 1);
                if number >= count {
                    return anyhow::Ok(());
                }
                let asked = Instant::now();
                let socket = Socket::connect(port, &tokens[number % tokens.len()]).await?;
                let mut opened = opened.borrow_mut();
                opened.0.push(socket);
                opened.1.note(asked.elapsed());
            }
        });
    }
    while let Some(done) = opening.join_next().await {
        done??;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let (sockets, mut took) = opened.take();
    Ok((sockets, (rate, took.quantiles())))
}

/// Takes what the server says meanwhile, heartbeats included.
pub async fn rest(sockets: &mut [Socket], time: Duration) -> Result<()> {
    let ends = Instant::now() + time;
    while Instant::now() < ends {
        for socket in sockets.iter_mut() {
            while socket.ready().await?.is_some() {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
