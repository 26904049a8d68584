//! Conversations: in each ticket a customer writes and a member of staff reads along, each over a socket of their own.
//!
//! Full load: each customer keeps `window` messages under way. Paced: each sends by the clock, whether the last one was
//! answered or not. A message counts when its ack came; it was seen when the other side's socket got it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http::Http;
use crate::latency::Latencies;
use crate::server::Server;
use crate::socket::{Packet, Socket};
use crate::stage::{Stage, Ticket};

const WARM_UP: Duration = Duration::from_millis(1000);
const LAST_ACKS: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub struct Load {
    pub tickets: usize,
    pub pace: Pace,
    pub time: Duration,
}

#[derive(Clone, Copy)]
pub enum Pace {
    Window(usize),
    /// Messages a second, of all together.
    Rate(f64),
}

pub struct Figures {
    pub acked: f64,
    pub delivered: f64,
    /// Share of one core that the server used.
    pub cpu: f64,
    pub ack: [f64; 3],
    pub seen: [f64; 3],
}

/// What the tasks have counted between `begins` and `ends`.
struct Count {
    origin: Instant,
    begins: Instant,
    ends: Instant,
    acked: u64,
    delivered: u64,
    ack: Latencies,
    seen: Latencies,
}

type Shared = Rc<RefCell<Count>>;

impl Count {
    fn is_on(&self, now: Instant) -> bool {
        (self.begins..self.ends).contains(&now)
    }
}

pub async fn run(server: &Server, stage: &Stage, load: Load) -> Result<Figures> {
    let tickets = stage.tickets(load.tickets).await?;
    let (figures, acked) = talk(&[server], stage, &tickets, load).await?;
    check_stored(stage, &tickets, acked).await?;
    Ok(figures)
}

/// The figures, and how many messages were acked in all. Of several nodes each has its customers, and the next one their staff.
pub async fn talk(nodes: &[&Server], stage: &Stage, tickets: &[Ticket], load: Load) -> Result<(Figures, u64)> {
    let (end, ended) = watch::channel(false);
    let now = Instant::now();
    let count = Rc::new(RefCell::new(Count {
        origin: now,
        begins: now,
        ends: now,
        acked: 0,
        delivered: 0,
        ack: Latencies::default(),
        seen: Latencies::default(),
    }));
    let (mut writers, mut readers) = (Vec::new(), JoinSet::new());
    for (number, ticket) in tickets.iter().enumerate() {
        let mut reader = Socket::connect(nodes[(number + 1) % nodes.len()].port, stage.staff(number)).await?;
        reader.join_ticket(&ticket.id).await?;
        readers.spawn_local(read(reader, count.clone(), ended.clone()));
        let mut writer = Socket::connect(nodes[number % nodes.len()].port, stage.customer_of(ticket)).await?;
        writer.join_ticket(&ticket.id).await?;
        writers.push(writer);
    }
    let begins = Instant::now() + WARM_UP;
    {
        let mut count = count.borrow_mut();
        (count.begins, count.ends) = (begins, begins + load.time);
    }
    let mut writing = JoinSet::new();
    for (number, (socket, ticket)) in writers.into_iter().zip(tickets).enumerate() {
        writing.spawn_local(write(socket, number, ticket.id.clone(), load, count.clone()));
    }
    tokio::time::sleep_until(begins.into()).await;
    let cpu = || nodes.iter().map(|node| node.cpu()).sum::<Result<Duration>>();
    let spent = cpu()?;
    tokio::time::sleep(load.time).await;
    let spent = cpu()? - spent;
    let mut all_acked = 0;
    while let Some(written) = writing.join_next().await {
        all_acked += written??;
    }
    end.send_replace(true);
    while let Some(read) = readers.join_next().await {
        read??;
    }
    let mut count = count.borrow_mut();
    let seconds = load.time.as_secs_f64();
    let figures = Figures {
        acked: count.acked as f64 / seconds,
        delivered: count.delivered as f64 / seconds,
        cpu: spent.as_secs_f64() / seconds,
        ack: count.ack.quantiles(),
        seen: count.seen.quantiles(),
    };
    Ok((figures, all_acked))
}

/// What was acked is there: a server that only says so would win.
pub async fn check_stored(stage: &Stage, tickets: &[Ticket], acked: u64) -> Result<()> {
    let mut http = Http::connect(stage.port).await?;
    let mut stored = 0;
    for ticket in tickets {
        let path = format!("/api/tickets/{}", ticket.id);
        let found = http.call("GET", &path, Some(stage.customer_of(ticket)), None).await?;
        stored += found["last_seq"].as_u64().unwrap_or_default();
    }
    ensure!(stored == acked, "{acked} messages were acked, {stored} are stored");
    Ok(())
}

/// Returns how many were acked in all.
async fn write(mut socket: Socket, number: usize, ticket_id: String, load: Load, count: Shared) -> Result<u64> {
    let (origin, ends) = {
        let count = count.borrow();
        (count.origin, count.ends)
    };
    let mut sent: Vec<Instant> = Vec::new();
    let (mut acked, mut first_ack) = (0, None);
    let mut due = Instant::now() + share_of_period(number, load);
    loop {
        let now = Instant::now();
        let many = match load.pace {
            _ if now >= ends => 0,
            Pace::Window(window) => window - (sent.len() - acked),
            Pace::Rate(_) if now >= due => 1,
            Pace::Rate(_) => 0,
        };
        for _ in 0..many {
            let payload = message(&ticket_id, number, sent.len(), (now - origin).as_micros());
            let ack = socket.emit("chat_message", &payload).await?;
            first_ack.get_or_insert(ack);
            sent.push(now);
        }
        if many > 0 {
            socket.flush().await?;
            due += period(load);
        }
        if acked == sent.len() && now >= ends {
            return Ok(acked as u64);
        }
        let patience = match load.pace {
            Pace::Rate(_) if now < ends => due.saturating_duration_since(now),
            _ => LAST_ACKS,
        };
        let mut packet = match timeout(patience, socket.next()).await {
            Ok(packet) => Some(packet?),
            Err(_) if matches!(load.pace, Pace::Rate(_)) && now < ends => continue,
            Err(_) => bail!("{} of {} messages were acked", acked, sent.len()),
        };
        while let Some(one) = packet {
            match one {
                Packet::Ack(number, text) => {
                    let place = number - first_ack.unwrap_or_default();
                    note_ack(&count, sent[place as usize], &text)?;
                    acked += 1;
                }
                Packet::Event(text) => note_event(&count, &text, false),
            }
            packet = socket.ready().await?;
        }
    }
}

async fn read(mut socket: Socket, count: Shared, mut ended: watch::Receiver<bool>) -> Result<()> {
    loop {
        let packet = tokio::select! {
            packet = socket.next() => packet?,
            _ = ended.wait_for(|ended| *ended) => return Ok(()),
        };
        if let Packet::Event(text) = packet {
            note_event(&count, &text, true);
        }
        while let Some(packet) = socket.ready().await? {
            if let Packet::Event(text) = packet {
                note_event(&count, &text, true);
            }
        }
    }
}

fn note_ack(count: &Shared, sent: Instant, text: &str) -> Result<()> {
    ensure!(text.contains(r#"[{"message":{"#), "refused: {text}");
    let (mut count, now) = (count.borrow_mut(), Instant::now());
    if count.is_on(now) {
        count.acked += 1;
        count.ack.note(now - sent);
    }
    Ok(())
}

/// `is_other`: it came to the other side of the conversation.
fn note_event(count: &Shared, text: &str, is_other: bool) {
    if !text.starts_with(r#"42["chat_message""#) {
        return;
    }
    let (mut count, now) = (count.borrow_mut(), Instant::now());
    if !count.is_on(now) {
        return;
    }
    count.delivered += 1;
    let sent = text.split_once(r#""client_id":""#).and_then(|(_, rest)| rest.split('-').nth(2));
    let micros = sent.and_then(|sent| sent.split('"').next()).and_then(|micros| micros.parse().ok());
    if let Some(micros) = micros.filter(|_| is_other) {
        let sent = count.origin + Duration::from_micros(micros);
        count.seen.note(now - sent);
    }
}

/// About 120 characters, as people write.
pub fn message(ticket_id: &str, sender: usize, number: usize, micros: u128) -> String {
    format!(
        r#"{{"ticket_id":"{ticket_id}","client_id":"{sender}-{number}-{micros}","message_content":"Good morning! I ordered the large bottle on Monday, and the lid that came with it does not fit. Could you send me another one?"}}"#
    )
}

fn period(load: Load) -> Duration {
    match load.pace {
        Pace::Rate(rate) => Duration::from_secs_f64(load.tickets as f64 / rate),
        Pace::Window(_) => Duration::ZERO,
    }
}

/// So that not all send at the same moment.
fn share_of_period(number: usize, load: Load) -> Duration {
    period(load).mul_f64(number as f64 / load.tickets as f64)
}
