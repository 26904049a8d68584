//! Requests: a few connections, each asking again as soon as it has its answer.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use crate::http::{Http, request};
use crate::latency::Latencies;
use crate::stage::{Stage, login};

const CONNECTIONS: usize = 16;
/// Password hashing fills a core by itself.
const LOGINS: usize = 4;
const WARM_UP: Duration = Duration::from_millis(500);
const TICKETS: usize = 250;
const MESSAGES: usize = 50;

pub struct Figures {
    /// A second.
    pub answered: f64,
    /// Before the measurement began, too.
    pub all: u64,
    pub took: [f64; 3],
}

/// Whose requests are asked, each connection its own.
pub struct Requests {
    pub port: u16,
    pub tickets: Vec<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
    pub send: Vec<Vec<u8>>,
    pub login: Vec<Vec<u8>>,
}

impl Requests {
    /// Each customer has 25 tickets, one of them with 50 messages; an answer holds 20 of either.
    pub async fn prepare(stage: &Stage) -> Result<Self> {
        let tickets = stage.tickets(TICKETS).await?;
        let text = "Good morning! I ordered the large bottle on Monday, and the lid that came with it does not fit.";
        let body = json!({ "message_content": text });
        let mut http = Http::connect(stage.port).await?;
        for ticket in &tickets[..stage.customers.len()] {
            for number in 0..MESSAGES {
                let token = if number % 2 == 0 { stage.customer_of(ticket) } else { stage.staff(number) };
                let path = format!("/api/messages/{}", ticket.id);
                http.call("POST", &path, Some(token), Some(&body)).await?;
            }
        }
        let port = stage.port;
        let of = |number: usize| &tickets[number % stage.customers.len()];
        let each = |make: &dyn Fn(usize) -> Vec<u8>| (0..CONNECTIONS).map(make).collect::<Vec<_>>();
        let token = |number| Some(stage.customer_of(of(number)));
        let path = |number| format!("/api/messages/{}", of(number).id);
        Ok(Self {
            port,
            tickets: each(&|number| request(port, "GET", "/api/tickets", token(number), None)),
            messages: each(&|number| request(port, "GET", &path(number), token(number), None)),
            // To tickets that nobody lists.
            send: each(&|number| {
                let ticket = &tickets[100 + number];
                let path = format!("/api/messages/{}", ticket.id);
                request(port, "POST", &path, Some(stage.customer_of(ticket)), Some(&body))
            }),
            login: (0..LOGINS)
                .map(|number| {
                    request(port, "POST", "/api/auth/login", None, Some(&login(&stage.customers[number].username)))
                })
                .collect(),
        })
    }
}

/// One connection for each request; of several nodes, each has its part of them.
pub async fn ask(ports: &[u16], requests: &[Vec<u8>], time: Duration) -> Result<Figures> {
    let begins = Instant::now() + WARM_UP;
    let ends = begins + time;
    let took = Rc::new(RefCell::new((0_u64, Latencies::default(), 0_u64)));
    let mut asking = JoinSet::new();
    for (number, request) in requests.iter().cloned().enumerate() {
        let (took, mut http) = (took.clone(), Http::connect(ports[number % ports.len()]).await?);
        asking.spawn_local(async move {
            loop {
                let asked = Instant::now();
                if asked >= ends {
                    return anyhow::Ok(());
                }
                let (status, body) = http.send(&request).await?;
                ensure!((200..300).contains(&status), "{status} {}", String::from_utf8_lossy(&body));
                let answered = Instant::now();
                let mut took = took.borrow_mut();
                took.2 += 1;
                if (begins..ends).contains(&answered) {
                    took.0 += 1;
                    took.1.note(answered - asked);
                }
            }
        });
    }
    while let Some(done) = asking.join_next().await {
        done??;
    }
    let mut took = took.borrow_mut();
    let (answered, all) = (took.0 as f64 / time.as_secs_f64(), took.2);
    Ok(Figures { answered, all, took: took.1.quantiles() })
}
