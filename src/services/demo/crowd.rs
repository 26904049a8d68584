//! `smilechat demo --messages N`: as many messages as a desk has after years, to see how a server bears them.
//!
//! Tickets and people are drawn from a fixed seed. They go in by the stores' own statements, some dozens of tickets a
//! transaction, and are in the lists, in the search and in the audit log as those that people made.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Map;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::auth::operator;
use crate::error::Result;
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id;
use crate::tickets::messages::store::{self as messages, Advance, NewRow, Wish};
use crate::tickets::model::{MessageKind, Priority, Scope, TicketStatus};
use crate::tickets::store::{self as tickets, NewTicket};

const MESSAGES_OF_A_TICKET: i64 = 20;
const TICKETS_OF_A_CUSTOMER: usize = 5;
/// Tickets in one transaction.
const BATCH: usize = 50;
/// How long ago the first of them was opened.
const YEARS: Duration = Duration::from_secs(3 * 365 * 24 * 3600);
/// What a conversation takes at most.
const LONGEST: Duration = Duration::from_secs(MESSAGES_OF_A_TICKET as u64 * 600);
/// Of a hundred tickets, the last ones that nobody has closed yet.
const OPEN: i64 = 2;
const SEED: u64 = 7;

const THINGS: &[&str] =
    &["grinder", "kettle", "scale", "moka pot", "subscription", "parcel", "invoice", "filter", "Huila", "Guji"];
const TROUBLES: &[&str] =
    &["does not arrive", "is broken", "is the wrong one", "makes a noise", "costs too much", "does not fit", "is late"];
const FIRST_NAMES: &[&str] = &["Ana", "Boris", "Carla", "Dmitri", "Eve", "Farid", "Greta", "Hana", "Ivo", "Jun"];
const LAST_NAMES: &[&str] = &["Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hoffmann"];
const SENTENCES: &[&str] = &[
    "I have looked everywhere and cannot find it.",
    "Could you tell me when it will be sent?",
    "It worked until yesterday, and since then nothing happens.",
    "Thank you, I will try that and write again.",
    "We have sent a new one today; it should be there by Friday.",
    "May I ask for the number on the back of it?",
];

/// Fills up to `wanted` messages in all. Says how far it is, where somebody watches.
pub async fn gather(app: &App, wanted: i64) -> anyhow::Result<()> {
    let tenant = app.auth.default_tenant;
    let (staff, already) = app
        .db
        .read(move |tx| Ok((tickets::list_assignable(tx, tenant)?, tickets::count_messages(tx, tenant)?)))
        .await?;
    ensure!(!staff.is_empty(), "nobody of the staff is left to have talked to more customers");
    let staff = Arc::new(staff);
    let count = usize::try_from((wanted - already).max(0) / MESSAGES_OF_A_TICKET).unwrap_or(0);
    let mut progress = Progress::begin(already, wanted);
    let end = app.clock.now();
    for first in (0..count).step_by(BATCH) {
        let (shared, staff) = (app.clone(), staff.clone());
        app.db
            .write(move |tx| {
                let mut crowd = Crowd::new(&shared, tenant, &staff, first);
                (first..count.min(first + BATCH)).try_for_each(|number| crowd.open(tx, number, count, end))
            })
            .await?;
        progress.show(already + (first + BATCH).min(count) as i64 * MESSAGES_OF_A_TICKET);
    }
    progress.end();
    Ok(())
}

struct Crowd<'a> {
    app: &'a App,
    tenant: TenantKey,
    staff: &'a [UserKey],
    random: StdRng,
    customer: Option<UserKey>,
}

impl<'a> Crowd<'a> {
    fn new(app: &'a App, tenant: TenantKey, staff: &'a [UserKey], first: usize) -> Self {
        Self { app, tenant, staff, random: StdRng::seed_from_u64(SEED + first as u64), customer: None }
    }

    fn open(&mut self, tx: &mut Tx<'_>, number: usize, count: usize, end: Timestamp) -> Result<()> {
        // The last one is over by now.
        let age = LONGEST + YEARS.mul_f64((count - number) as f64 / count as f64);
        let opened = end.minus(age);
        let customer = match self.customer {
            Some(customer) if !number.is_multiple_of(TICKETS_OF_A_CUSTOMER) => customer,
            _ => self.arrive(tx, opened)?,
        };
        let ticket_id = id::new_id(opened, &self.app.random);
        let thing = self.one_of(THINGS);
        let new = NewTicket {
            ticket_id: &ticket_id,
            subject: &format!("The {thing} {}", self.one_of(TROUBLES)),
            customer,
            priority: Priority::default(),
            tags: &[thing.to_lowercase()],
            channel: "web",
            custom: &Map::new(),
            is_for_bot: false,
        };
        let (key, _) = tickets::insert(tx, self.tenant, &new, opened)?;
        let act = Act::of_server(self.tenant, opened);
        let ticket = Arc::new(tickets::find_by_key(tx, self.tenant, key)?);
        events::record(tx, &act, What::TicketCreated { ticket })?;
        let support = self.one_of(self.staff);
        let said = self.talk(tx, &ticket_id, [customer, support], opened)?;
        if (number as i64 * 100) / (count as i64) >= 100 - OPEN {
            return Ok(());
        }
        let mut ticket = tickets::find_by_key(tx, self.tenant, key)?;
        (ticket.status, ticket.closed_at, ticket.updated_at) = (TicketStatus::Closed, Some(said), said);
        tickets::update(tx, self.tenant, &ticket)?;
        let what = What::TicketUpdated { ticket: Arc::new(ticket), changed: vec!["status", "support_id", "closed_at"] };
        events::record(tx, &Act::of_server(self.tenant, said), what)
    }

    /// A customer and somebody of the staff by turns, a few minutes apart; when the last of it was said.
    fn talk(&mut self, tx: &mut Tx<'_>, ticket_id: &str, people: [UserKey; 2], opened: Timestamp) -> Result<Timestamp> {
        let scope = Scope { tenant: self.tenant, customer: None };
        let wish = Wish { scope, ticket_id, sender: people[0], session_id: "" };
        let target = messages::lock_target(tx, &wish)?;
        let mut timestamp = opened;
        let mut rows = Vec::new();
        for seq in 1..=MESSAGES_OF_A_TICKET {
            rows.push(NewRow {
                ticket: target.key,
                seq,
                sender: people[usize::from(seq % 2 == 0)],
                kind: MessageKind::Text,
                message_content: self.one_of(SENTENCES),
                client_id: None,
                attachments: &[],
                timestamp,
            });
            timestamp = timestamp.plus(Duration::from_secs(self.random.random_range(20..600)));
        }
        messages::insert(tx, self.tenant, &rows)?;
        let advance = Advance {
            count: MESSAGES_OF_A_TICKET,
            status: TicketStatus::InProgress,
            support: Some(people[1]),
            from_customer: false,
            updated_at: timestamp,
            bot_state: None,
            bot_due_seq: None,
        };
        messages::advance_ticket(tx, self.tenant, &target, &advance)?;
        Ok(timestamp)
    }

    fn arrive(&mut self, tx: &mut Tx<'_>, at: Timestamp) -> Result<UserKey> {
        let name = format!("{} {}", self.one_of(FIRST_NAMES), self.one_of(LAST_NAMES));
        let customer = operator::add_guest(tx, self.app, &name, at)?;
        self.customer = Some(customer);
        Ok(customer)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.random).expect("there are some")
    }
}

/// A line on the terminal that is written anew.
struct Progress {
    began: Instant,
    shown: Instant,
    already: i64,
    wanted: i64,
}

impl Progress {
    fn begin(already: i64, wanted: i64) -> Self {
        Self { began: Instant::now(), shown: Instant::now(), already, wanted }
    }

    fn show(&mut self, reached: i64) {
        if self.shown.elapsed() < Duration::from_millis(500) || !io::stderr().is_terminal() {
            return;
        }
        self.shown = Instant::now();
        let rate = (reached - self.already) as f64 / self.began.elapsed().as_secs_f64();
        // Whether anybody can read it changes nothing.
        let _ = write!(io::stderr(), "\r{reached} of {} messages, {rate:.0} a second ", self.wanted);
    }

    fn end(&self) {
        if io::stderr().is_terminal() {
            let _ = writeln!(io::stderr());
        }
    }
}
