//! The same message at two sockets: one at the node that stored it, one at another node.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::chat;
use crate::latency::Latencies;
use crate::server::Server;
use crate::socket::{Packet, Socket};
use crate::stage::{Stage, Ticket};

const TICKETS: usize = 20;
const WARM_UP: Duration = Duration::from_secs(1);
const LAST_ARRIVALS: Duration = Duration::from_secs(10);

/// In milliseconds: p50, p99 and p99.9.
pub struct Figures {
    pub messages: usize,
    /// From a message's sending to its arrival at the same node.
    pub here: [f64; 3],
    pub there: [f64; 3],
    /// How much later each message was at the other node.
    pub later: [f64; 3],
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Home,
    Other,
}

#[derive(Default)]
struct Journey {
    sent: Option<Instant>,
    here: Option<Instant>,
    there: Option<Instant>,
}

/// By the number of the ticket and of the message in it.
type Journeys = Rc<RefCell<HashMap<(usize, usize), Journey>>>;

/// `rate`: messages a second, of all tickets together.
pub async fn run(home: &Server, other: &Server, stage: &Stage, rate: f64, time: Duration) -> Result<Figures> {
    let journeys = Journeys::default();
    let (end, ended) = watch::channel(false);
    let (mut writing, mut reading) = (JoinSet::new(), JoinSet::new());
    let begins = Instant::now() + WARM_UP;
    let period = Duration::from_secs_f64(TICKETS as f64 / rate);
    let mut writers = Vec::new();
    for (number, ticket) in stage.tickets(TICKETS).await?.into_iter().enumerate() {
        for (server, at) in [(home, At::Home), (other, At::Other)] {
            let mut reader = Socket::connect(server.port, stage.staff(number)).await?;
            reader.join_ticket(&ticket.id).await?;
            reading.spawn_local(read(reader, at, journeys.clone(), ended.clone()));
        }
        writers.push((number, Socket::connect(home.port, stage.customer_of(&ticket)).await?, ticket));
    }
    let begins = begins.max(Instant::now());
    for (number, socket, ticket) in writers {
        let first = begins + period.mul_f64(number as f64 / TICKETS as f64);
        writing.spawn_local(write(socket, number, ticket, (first, begins + WARM_UP + time, period), journeys.clone()));
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    let all_sent = Instant::now();
    while journeys.borrow().values().any(|journey| journey.here.is_none() || journey.there.is_none()) {
        ensure!(all_sent.elapsed() < LAST_ARRIVALS, "a message did not arrive at both nodes");
        sleep(Duration::from_millis(10)).await;
    }
    end.send_replace(true);
    while let Some(read) = reading.join_next().await {
        read??;
    }
    count(&journeys.borrow(), begins + WARM_UP)
}

fn count(journeys: &HashMap<(usize, usize), Journey>, from: Instant) -> Result<Figures> {
    let (mut here, mut there, mut later) = (Latencies::default(), Latencies::default(), Latencies::default());
    let mut messages = 0;
    for journey in journeys.values() {
        let (sent, near, far) =
            (journey.sent.context("sent")?, journey.here.context("here")?, journey.there.context("there")?);
        if sent >= from {
            messages += 1;
            here.note(near - sent);
            there.note(far - sent);
            later.note(far.saturating_duration_since(near));
        }
    }
    Ok(Figures { messages, here: here.quantiles(), there: there.quantiles(), later: later.quantiles() })
}

/// `pace`: the first message, the end, and the time between two.
async fn write(
    mut socket: Socket,
    number: usize,
    ticket: Ticket,
    pace: (Instant, Instant, Duration),
    journeys: Journeys,
) -> Result<()> {
    let (mut due, ends, period) = pace;
    for message in 0.. {
        sleep_until(due.into()).await;
        let now = Instant::now();
        if now >= ends {
            return Ok(());
        }
        journeys.borrow_mut().entry((number, message)).or_default().sent = Some(now);
        socket.emit("chat_message", &chat::message(&ticket.id, number, message, 0)).await?;
        socket.flush().await?;
        due += period;
        // Acks and heartbeats.
        while let Ok(packet) = timeout(due.saturating_duration_since(Instant::now()), socket.next()).await {
            if let Packet::Ack(_, text) = packet? {
                ensure!(text.contains(r#"[{"message":{"#), "refused: {text}");
            }
        }
    }
    Ok(())
}

async fn read(mut socket: Socket, at: At, journeys: Journeys, mut ended: watch::Receiver<bool>) -> Result<()> {
    loop {
        let packet = tokio::select! {
            packet = socket.next() => packet?,
            _ = ended.wait_for(|ended| *ended) => return Ok(()),
        };
        let now = Instant::now();
        let Packet::Event(text) = packet else { continue };
        if !text.starts_with(r#"42["chat_message""#) {
            continue;
        }
        let (_, id) = text.split_once(r#""client_id":""#).context("a message without client_id")?;
        let mut numbers = id.split('-').map(|number| number.parse().ok());
        let key = numbers.next().flatten().zip(numbers.next().flatten()).context("another client_id")?;
        let mut journeys = journeys.borrow_mut();
        let journey = journeys.entry(key).or_default();
        let place = if at == At::Home { &mut journey.here } else { &mut journey.there };
        ensure!(place.replace(now).is_none(), "a message came twice");
    }
}
