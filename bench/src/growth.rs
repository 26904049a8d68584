//! The same requests of one client, on desks with few and with many messages: does it stay as quick?

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};

use crate::http::{Http, request};
use crate::latency::Latencies;
use crate::postgres::Postgres;
use crate::server::{Program, scratch};
use crate::socket::Socket;

const TIMES: usize = 300;
/// What takes so long is not asked that often, but some times.
const LONGEST: Duration = Duration::from_secs(15);
const SOME: usize = 20;
/// Tickets, of all ages, that single requests are about.
const TICKETS: usize = 60;

/// What is asked, and how long it took in milliseconds: p50 and p99, for each size.
pub struct Row {
    what: &'static str,
    took: Vec<[f64; 2]>,
}

impl Row {
    pub fn new(what: &'static str) -> Self {
        Self { what, took: Vec::new() }
    }

    pub fn note(&mut self, took: &mut Latencies) {
        let [p50, p99, _] = took.quantiles();
        self.took.push([p50, p99]);
    }
}

pub async fn run(program: &Program, on_postgres: bool, sizes: &[u64]) -> Result<String> {
    let postgres = if on_postgres { Some(Postgres::start()?) } else { None };
    let mut rows: Vec<Row> = Vec::new();
    for size in sizes {
        eprintln!("growth: filling in {size} messages ...");
        let folder = tempfile::Builder::new().prefix("smilechat-bench-").tempdir_in(scratch())?;
        let database_url = postgres.as_ref().map(Postgres::new_database).transpose()?;
        let program = Program { database_url, ..program.clone() };
        let began = Instant::now();
        program.fill(folder.path(), *size)?;
        eprintln!("growth: filled in after {:.0} s; counting it for the reports ...", began.elapsed().as_secs_f64());
        let server = program.start_in(folder).await?;
        // It goes on counting while requests are timed, as it does on any day, but not what years have left behind.
        server.rest().await?;
        if let Some(postgres) = &postgres {
            postgres.settle()?;
        }
        eprintln!("growth: at rest after {:.0} s; measuring ...", began.elapsed().as_secs_f64());
        for (place, (what, took)) in Desk::open(server.port).await?.measure().await?.into_iter().enumerate() {
            if rows.len() <= place {
                rows.push(Row::new(what));
            }
            rows[place].took.push(took);
        }
        server.stop().await?;
    }
    Ok(table(&rows, sizes, "messages"))
}

/// How long each of so many takes, after a tenth as many that do not count; of fewer, where they take too long.
pub async fn timed(times: usize, mut work: impl AsyncFnMut(usize) -> Result<()>) -> Result<Latencies> {
    let (mut took, warm_up) = (Latencies::default(), times / 10);
    let began_all = Instant::now();
    for number in 0..warm_up + times {
        if number >= warm_up + SOME && began_all.elapsed() > LONGEST {
            break;
        }
        let began = Instant::now();
        work(number).await?;
        if number >= warm_up {
            took.note(began.elapsed());
        }
    }
    Ok(took)
}

/// Somebody of the staff, at work.
struct Desk {
    port: u16,
    token: String,
    http: Http,
    /// Of all ages.
    tickets: Vec<String>,
    /// Theirs.
    customers: Vec<String>,
    /// Under way.
    active: Vec<String>,
    /// The end of a list's hundredth page.
    cursor: String,
}

impl Desk {
    async fn open(port: u16) -> Result<Self> {
        let mut http = Http::connect(port).await?;
        let login = json!({ "username": "olivia", "password": "smilechat-demo" });
        let session = http.call("POST", "/api/auth/login", None, Some(&login)).await?;
        let token = session["access_token"].as_str().context("a token")?.to_owned();
        let (tickets, customers, active) = (Vec::new(), Vec::new(), Vec::new());
        let mut desk = Self { port, token, http, tickets, customers, active, cursor: String::new() };
        let newest = desk.get("/api/tickets?limit=100").await?;
        let last = desk.get("/api/tickets?status=active&limit=100").await?;
        desk.active = ids(&last);
        let highest =
            newest["data"].as_array().and_then(|all| all.iter().filter_map(|one| one["number"].as_u64()).max());
        let highest = highest.context("tickets")?;
        for place in 1..=TICKETS as u64 {
            let number = (highest * place / TICKETS as u64).max(1);
            let found = desk.get(&format!("/api/tickets?q={number}&limit=100")).await?;
            desk.tickets.extend(ids(&found).pop());
            let last = found["data"].as_array().and_then(|all| all.last());
            desk.customers.extend(last.and_then(|ticket| ticket["customer_id"].as_str()).map(str::to_owned));
        }
        let mut page = newest;
        for _ in 0..100 {
            let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) else { break };
            page = desk.get(&format!("/api/tickets?limit=20&cursor={cursor}")).await?;
            desk.cursor = cursor;
        }
        ensure!(!desk.active.is_empty() && !desk.customers.is_empty(), "a desk without tickets");
        Ok(desk)
    }

    async fn measure(mut self) -> Result<Vec<(&'static str, [f64; 2])>> {
        let deep = format!("/api/tickets?cursor={}", self.cursor);
        let mut figures = Vec::new();
        let mut note = |what: &'static str, took: [f64; 2]| {
            eprintln!("    {what}: {:.2} ms, {:.2} ms", took[0], took[1]);
            figures.push((what, took));
        };
        for (what, path) in [
            ("GET /api/tickets", "/api/tickets"),
            ("GET /api/tickets, page 100", if self.cursor.is_empty() { "/api/tickets" } else { &deep }),
            ("GET /api/tickets?status=active", "/api/tickets?status=active"),
            ("GET /api/tickets?support_id=me", "/api/tickets?support_id=me"),
            ("GET /api/tickets?tag=kettle", "/api/tickets?tag=kettle"),
            ("GET /api/tickets?q=, a word of every tenth ticket", "/api/tickets?q=kettle"),
            ("GET /api/tickets?q=, two words", "/api/tickets?q=kettle%20hoffmann"),
            ("GET /api/tickets?q=, a word that is nowhere", "/api/tickets?q=xylophone"),
            ("GET /api/tickets/counts", "/api/tickets/counts"),
            ("GET /api/users?kind=guest", "/api/users?kind=guest"),
            ("GET /api/users?q=", "/api/users?q=greta"),
            ("GET /api/audit", "/api/audit"),
            ("GET /api/kb/articles", "/api/kb/articles"),
            ("GET /api/kb/search?q=", "/api/kb/search?q=delivery"),
            ("GET /api/analytics/overview", "/api/analytics/overview"),
            ("GET /api/analytics/series", "/api/analytics/series?interval=day"),
            ("GET /api/analytics/agents", "/api/analytics/agents"),
            ("GET /api/analytics/tags", "/api/analytics/tags"),
            ("GET /api/analytics/channels", "/api/analytics/channels"),
            ("GET /api/analytics/ratings", "/api/analytics/ratings"),
            ("GET /api/analytics/live", "/api/analytics/live"),
            ("GET /api/analytics/usage", "/api/analytics/usage"),
        ] {
            note(what, self.time(|_| path.to_owned(), None).await?);
        }
        let (tickets, customers) = (self.tickets.clone(), self.customers.clone());
        let of = |number: usize| tickets[number % tickets.len()].clone();
        let customer = |number: usize| customers[number % customers.len()].clone();
        let path = |number: usize| format!("/api/tickets?customer_id={}", customer(number));
        note("GET /api/tickets?customer_id=", self.time(path, None).await?);
        note("GET /api/tickets/:id", self.time(|number| format!("/api/tickets/{}", of(number)), None).await?);
        let path = |number: usize| format!("/api/tickets/{}/history", of(number));
        note("GET /api/tickets/:id/history", self.time(path, None).await?);
        note("GET /api/messages/:id", self.time(|number| format!("/api/messages/{}", of(number)), None).await?);
        let active = self.active.clone();
        let path = |number: usize| format!("/api/messages/{}", active[number % active.len()]);
        let body = json!({ "message_content": "A new one leaves today, and should be with you on Friday." });
        note("POST /api/messages/:id", self.time(path, Some(&body)).await?);
        note("join_ticket with after_seq 0", self.join().await?);
        Ok(figures)
    }

    async fn time(&mut self, path: impl Fn(usize) -> String, body: Option<&Json>) -> Result<[f64; 2]> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let ask = async |number: usize| {
            let request = request(self.port, method, &path(number), Some(&self.token), body);
            let (status, answer) = self.http.send(&request).await?;
            ensure!((200..300).contains(&status), "{}: {status} {}", path(number), String::from_utf8_lossy(&answer));
            Ok(())
        };
        let [p50, p99, _] = timed(TIMES, ask).await?.quantiles();
        Ok([p50, p99])
    }

    async fn join(&self) -> Result<[f64; 2]> {
        let mut socket = Socket::connect(self.port, &self.token).await?;
        let join = async |number: usize| {
            let ticket_id = &self.tickets[number % self.tickets.len()];
            socket.ask("join_ticket", &json!({ "ticket_id": ticket_id, "after_seq": 0 })).await.map(drop)
        };
        let [p50, p99, _] = timed(TIMES, join).await?.quantiles();
        Ok([p50, p99])
    }

    async fn get(&mut self, path: &str) -> Result<Json> {
        self.http.call("GET", path, Some(&self.token), None).await
    }
}

fn ids(page: &Json) -> Vec<String> {
    let all = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|ticket| ticket["ticket_id"].as_str().map(str::to_owned)).collect()
}

/// `what` there are so many of.
pub fn table(rows: &[Row], sizes: &[u64], what: &str) -> String {
    let mut text = String::from("| p50 and p99, in ms |");
    for size in sizes {
        let _ = write!(text, " {size} {what} |");
    }
    text += " the largest to the smallest |\n|---|";
    sizes.iter().for_each(|_| text += "---:|");
    text += "---:|\n";
    for Row { what, took } in rows {
        let _ = write!(text, "| {what} |");
        for [p50, p99] in took {
            let _ = write!(text, " {p50:.2}, {p99:.2} |");
        }
        let times = |which: usize| took[took.len() - 1][which] / took[0][which];
        let _ = writeln!(text, " {:.1}, {:.1} times |", times(0), times(1));
    }
    text
}
