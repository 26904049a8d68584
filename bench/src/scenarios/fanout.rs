//! One large room: each message goes to everybody in it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connect;
use crate::latency::Latencies;
use crate::socket::{Packet, Socket};
use crate::stage::{Person, Stage};

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Figures {
    pub delivered: f64,
    /// From a message's sending to its arrival at a socket.
    pub seen: [f64; 3],
}

struct Count {
    origin: Instant,
    delivered: u64,
    last: Instant,
    seen: Latencies,
    more: Rc<Notify>,
}

pub async fn run(stage: &Stage, members: usize, messages: usize) -> Result<Figures> {
    let ticket = &stage.tickets(1).await?[0];
    // Tabs of one person who may follow the ticket.
    let staff = vec![Person { username: String::new(), token: stage.staff(0).to_owned() }];
    let viewer = Stage { port: stage.port, customers: Vec::new(), staff };
    let (sockets, _) = connect::open(&viewer, members).await?;
    let now = Instant::now();
    let more = Rc::new(Notify::new());
    let count = Count { origin: now, delivered: 0, last: now, seen: Latencies::default(), more: more.clone() };
    let count = Rc::new(RefCell::new(count));
    let (end, ended) = watch::channel(false);
    let mut reading = JoinSet::new();
    for mut socket in sockets {
        socket.join_ticket(&ticket.id).await?;
        reading.spawn_local(read(socket, count.clone(), ended.clone()));
    }
    let mut writer = Socket::connect(stage.port, stage.customer_of(ticket)).await?;
    let began = Instant::now();
    let expected = |sent: usize| (sent * members) as u64;
    for number in 0..messages {
        let micros = count.borrow().origin.elapsed().as_micros();
        let text = format!("{micros} Could everybody please look at this?");
        writer.ask("chat_message", &json!({ "ticket_id": ticket.id, "message_content": text })).await?;
        // One ahead at most: the room is busy, and nobody is cut for being slow.
        wait_for(&count, &more, expected(number)).await?;
    }
    wait_for(&count, &more, expected(messages)).await?;
    end.send_replace(true);
    while let Some(read) = reading.join_next().await {
        read??;
    }
    let mut count = count.borrow_mut();
    let seconds = (count.last - began).as_secs_f64();
    Ok(Figures { delivered: count.delivered as f64 / seconds, seen: count.seen.quantiles() })
}

async fn wait_for(count: &Rc<RefCell<Count>>, more: &Notify, delivered: u64) -> Result<()> {
    while count.borrow().delivered < delivered {
        timeout(PATIENCE, more.notified()).await.context("a message did not reach the whole room")?;
    }
    Ok(())
}

async fn read(mut socket: Socket, count: Rc<RefCell<Count>>, mut ended: watch::Receiver<bool>) -> Result<()> {
    loop {
        let packet = tokio::select! {
            packet = socket.next() => packet?,
            _ = ended.wait_for(|ended| *ended) => return Ok(()),
        };
        let Packet::Event(text) = packet else { continue };
        let Some((_, content)) = text.split_once(r#""message_content":""#) else { continue };
        let Some(micros) = content.split(' ').next().and_then(|micros| micros.parse().ok()) else { continue };
        let (mut count, now) = (count.borrow_mut(), Instant::now());
        count.delivered += 1;
        count.last = now;
        let sent = count.origin + Duration::from_micros(micros);
        count.seen.note(now - sent);
        count.more.notify_one();
    }
}
