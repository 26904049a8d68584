//! Messages to many tickets in one transaction.
//!
//! A transaction costs round trips, a commit and its sync, however little is in it. A few of them are under way at a time;
//! whoever sends meanwhile waits, and then goes along with all who wait. Where nobody else sends, nobody waits.
//!
//! Invariants: what is sent here to one ticket is in one transaction at a time; one sender's fault is no other's: what is not
//! plain (a ticket that somebody else has locked, a word that opens it again) is stored in a transaction of its own, and so is
//! each by itself where several together fail. Those that go alone may wait for a lock, and leave half of the connections free.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::app::App;
use crate::auth::model::{Caller, TenantKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Tx};
use crate::platform::telemetry::spans::Whereabouts;
use crate::tickets::messages::run::Run;
use crate::tickets::messages::send::{self, Letter, Sent};
use crate::tickets::messages::settle::{self, Decided, Stored};
use crate::tickets::messages::store::{self, Target, Wish};
use crate::tickets::model::TicketStatus;

/// Transactions under way. The more there are, the less goes along in each, and the more each of them costs: beyond a few, one
/// more begins only if so many wait for each that is there.
const FEW_UNDER_WAY: usize = 3;
const WAITING_FOR_EACH: usize = 2;
const MOST_UNDER_WAY: usize = 8;
/// Tickets in one, and messages, unless the first sender brings more: others wait for its end.
const MOST_TICKETS: usize = 16;
const MOST_MESSAGES: usize = 64;
/// Of those who wait, how many are looked at for one transaction.
const MOST_LOOKS: usize = 256;
/// More are not caught up with in time.
const MOST_WAITING: usize = 8192;

/// Whoever resends what had no answer resends all of it.
const REPEATS_LAST: Duration = Duration::from_secs(5);

type Answers = Vec<Result<Sent>>;

pub struct Sends {
    /// How long one waits to be taken along.
    patience: Duration,
    state: Mutex<State>,
    /// For those that go alone.
    alone: Semaphore,
}

/// A ticket's id says nothing by itself: somebody of another tenant may know it.
type Place = (TenantKey, String);

fn place(letter: &Letter) -> Place {
    (letter.caller.tenant, letter.ticket_id.clone())
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Tickets that somebody writes in just now.
    taken: HashSet<Place>,
    under_way: usize,
    last_number: u64,
    /// Tenants in which a message was repeated, and until when more of that is expected.
    repeating: HashMap<TenantKey, Timestamp>,
}

impl State {
    fn has_repeats(&self, tenant: TenantKey, now: Timestamp) -> bool {
        self.repeating.get(&tenant).is_some_and(|until| now < *until)
    }

    fn note_repeat(&mut self, tenant: TenantKey, now: Timestamp) {
        self.repeating.retain(|_, until| now < *until);
        self.repeating.insert(tenant, now.plus(REPEATS_LAST));
    }
}

struct Waiting {
    number: u64,
    letter: Arc<Letter>,
    answer: oneshot::Sender<Result<Answers>>,
    whereabouts: Whereabouts,
}

/// Stores a letter without files.
pub(super) async fn send(app: &App, letter: Arc<Letter>) -> Result<Answers> {
    let (answer, mut answered) = oneshot::channel();
    let number = app.sends.enter(letter, answer)?;
    begin(app);
    let answer = match timeout(app.sends.patience, &mut answered).await {
        Err(_) if app.sends.give_up(number) => {
            return Err(Error::Unavailable("messages wait too long for others".into()));
        }
        Err(_) => answered.await,
        Ok(answer) => answer,
    };
    answer.map_err(|_| Error::bug("messages were left without an answer"))?
}

impl Sends {
    /// For a database with so many connections.
    pub fn new(patience: Duration, connections: usize) -> Self {
        Self { patience, state: Mutex::default(), alone: Semaphore::new((connections / 2).max(1)) }
    }

    /// Its number.
    fn enter(&self, letter: Arc<Letter>, answer: oneshot::Sender<Result<Answers>>) -> Result<u64> {
        let mut state = self.state();
        if state.waiting.len() >= MOST_WAITING {
            return Err(Error::Unavailable("too many messages wait".into()));
        }
        state.last_number += 1;
        let number = state.last_number;
        state.waiting.push_back(Waiting { number, letter, answer, whereabouts: Whereabouts::now() });
        Ok(number)
    }

    /// False: it is on its way by now.
    fn give_up(&self, number: u64) -> bool {
        let mut state = self.state();
        let place = state.waiting.iter().position(|waiting| waiting.number == number);
        place.is_some_and(|place| state.waiting.remove(place).is_some())
    }

    /// Those that go together next, of one tenant. None: nobody is left whom this turn could be for, and it is over.
    fn next(&self, turn: &mut Turn) -> Option<(TenantKey, Vec<Waiting>)> {
        let mut state = self.state();
        turn.put_back(&mut state);
        let State { waiting, taken, .. } = &mut *state;
        let mut tenant = None;
        let (mut together, mut messages) = (Vec::new(), 0);
        let (mut at, mut looks) = (0, 0);
        while together.len() < MOST_TICKETS && at < waiting.len() && (looks < MOST_LOOKS || tenant.is_none()) {
            looks += 1;
            let Waiting { letter, answer, .. } = &waiting[at];
            if answer.is_closed() {
                waiting.remove(at);
                continue;
            }
            let ticket = place(letter);
            let is_another_s = tenant.is_some_and(|tenant| tenant != letter.caller.tenant);
            let is_too_much = tenant.is_some() && messages + letter.messages.len() > MOST_MESSAGES;
            if is_another_s || is_too_much || taken.contains(&ticket) {
                at += 1;
                continue;
            }
            tenant = Some(letter.caller.tenant);
            messages += letter.messages.len();
            taken.insert(ticket.clone());
            turn.tickets.push(ticket);
            together.extend(waiting.remove(at));
        }
        // Under the same lock: whoever enters afterwards begins a turn.
        if tenant.is_none() {
            turn.end(&mut state);
        }
        Some((tenant?, together))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who work; ends with it, however it ends.
struct Turn {
    app: App,
    /// What it has taken.
    tickets: Vec<Place>,
    is_over: bool,
}

impl Turn {
    fn put_back(&mut self, state: &mut State) {
        for ticket in self.tickets.drain(..) {
            state.taken.remove(&ticket);
        }
    }

    fn end(&mut self, state: &mut State) {
        self.put_back(state);
        state.under_way -= usize::from(!self.is_over);
        self.is_over = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let app = self.app.clone();
        self.end(&mut app.sends.state());
    }
}

/// Begins a turn, unless there are enough: one of those takes along whoever waits now.
fn begin(app: &App) {
    let mut state = app.sends.state();
    let enough_wait = match state.under_way {
        0..FEW_UNDER_WAY => !state.waiting.is_empty(),
        many => many < MOST_UNDER_WAY && state.waiting.len() > many * WAITING_FOR_EACH,
    };
    if enough_wait {
        state.under_way += 1;
        tokio::spawn(work(Turn { app: app.clone(), tickets: Vec::new(), is_over: false }));
    }
}

async fn work(mut turn: Turn) {
    let app = turn.app.clone();
    while let Some((tenant, together)) = app.sends.next(&mut turn) {
        db::within(tenant.0, store_together(&mut turn, tenant, together)).await;
    }
}

async fn store_together(turn: &mut Turn, tenant: TenantKey, together: Vec<Waiting>) {
    let letters: Arc<[Arc<Letter>]> = together.iter().map(|one| one.letter.clone()).collect();
    let storing = store(&turn.app, tenant, letters);
    let stored = match together.first() {
        Some(first) => first.whereabouts.carried(storing).await,
        None => storing.await,
    };
    match stored {
        Ok(answers) => {
            let shared = answers.iter().flatten().count();
            metrics::histogram!("smilechat_db_group_size").record(shared as f64);
            iter::zip(together, answers).for_each(|(one, answers)| match answers {
                Some(answers) => one.tell(Ok(answers)),
                None => go_alone(turn, one),
            });
        }
        Err(Error::Unavailable(why)) => {
            together.into_iter().for_each(|one| one.tell(Err(Error::Unavailable(why.clone()))));
        }
        Err(error) => {
            tracing::warn!(%error, "messages to several tickets failed together; each is stored by itself");
            together.into_iter().for_each(|one| go_alone(turn, one));
        }
    }
}

/// Repeats are seldom, and to look for them is a round trip: only where there was one a moment ago.
async fn store(app: &App, tenant: TenantKey, letters: Arc<[Arc<Letter>]>) -> Result<Vec<Option<Answers>>> {
    let now = app.clock.now();
    if !app.sends.state().has_repeats(tenant, now) {
        let hopeful = letters.clone();
        match app.db.write(move |tx| store_in(tx, &hopeful, now, Repeats::Refuse)).await {
            Err(Error::Conflict(_)) => app.sends.state().note_repeat(tenant, now),
            stored => return stored,
        }
    }
    app.db.write(move |tx| store_in(tx, &letters, now, Repeats::Answer)).await
}

/// What becomes of a transaction in which a message repeats one that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Refuse,
    Answer,
}

/// The others do not wait for it, but for those to the same ticket.
fn go_alone(turn: &mut Turn, one: Waiting) {
    let (app, tenant) = (turn.app.clone(), one.letter.caller.tenant.0);
    let ticket = place(&one.letter);
    turn.tickets.retain(|taken| *taken != ticket);
    let lone = Lone { app: app.clone(), ticket };
    let work = async move {
        let answers = match timeout(app.sends.patience, app.sends.alone.acquire()).await {
            Ok(_permit) => one.whereabouts.carried(send::send_alone(&app, one.letter.clone())).await,
            Err(_) => Err(Error::Unavailable("messages wait too long for others".into())),
        };
        one.tell(answers);
        drop(lone);
        // Somebody may wait for this ticket alone.
        begin(&app);
    };
    tokio::spawn(db::within(tenant, work));
}

/// Gives the ticket back of one that goes alone, however that ends.
struct Lone {
    app: App,
    ticket: Place,
}

impl Drop for Lone {
    fn drop(&mut self) {
        self.app.sends.state().taken.remove(&self.ticket);
    }
}

impl Waiting {
    fn tell(self, answers: Result<Answers>) {
        // Whoever asked may have gone.
        let _ = self.answer.send(answers);
    }
}

/// None for a letter that has to go alone.
fn store_in(
    tx: &mut Tx<'_>,
    letters: &[Arc<Letter>],
    now: Timestamp,
    repeats: Repeats,
) -> Result<Vec<Option<Answers>>> {
    let Some(tenant) = letters.first().map(|letter| letter.caller.tenant) else { return Ok(Vec::new()) };
    let wishes: Vec<Wish<'_>> = letters.iter().map(|letter| send::wish(&letter.caller, &letter.ticket_id)).collect();
    let targets = store::lock_free_targets(tx, tenant, &wishes)?;
    let plain: Vec<Option<Stored>> = iter::zip(letters, targets)
        .map(|(letter, target)| target.filter(|target| is_plain(&letter.caller, target)).map(Stored::none))
        .collect();
    let mut rows = Vec::new();
    for (letter, stored) in iter::zip(letters, &plain) {
        if let Some(Stored { target, .. }) = stored {
            rows.extend(run(letter, target, now).rows(&[]));
        }
    }
    let are_new = match repeats {
        Repeats::Refuse => store::insert_unrepeated(tx, tenant, &rows).map(|()| vec![true; rows.len()])?,
        Repeats::Answer => store::insert(tx, tenant, &rows)?,
    };
    let (mut rows, mut are_new) = (rows.as_mut_slice(), are_new.as_slice());
    let mut decided = Vec::with_capacity(letters.len());
    for (letter, stored) in iter::zip(letters, plain) {
        let Some(mut stored) = stored else {
            decided.push(None);
            continue;
        };
        let (its_rows, other_rows) = rows.split_at_mut(letter.messages.len());
        let (its_new, others_new) = are_new.split_at(letter.messages.len());
        (rows, are_new) = (other_rows, others_new);
        let answered = run(letter, &stored.target, now).answer(tx, its_rows, its_new)?;
        stored.take(answered)?;
        decided.push(Some(stored.decide(tx, &letter.caller, now)?));
    }
    let moves: Vec<_> = decided.iter().flatten().filter_map(Decided::movement).collect();
    store::advance_tickets(tx, tenant, &moves)?;
    let conclude = |(letter, decided): (&Arc<Letter>, Option<Decided>)| {
        let outcome = decided.map(|decided| decided.conclude(tx, &letter.caller, now)).transpose()?;
        Ok(outcome.map(|outcome| outcome.answers))
    };
    iter::zip(letters, decided).map(conclude).collect()
}

fn run<'a, 'm>(letter: &'m Letter, target: &'a Target, now: Timestamp) -> Run<'a, 'm> {
    Run { caller: &letter.caller, target, ticket_id: &letter.ticket_id, messages: &letter.messages, now }
}

/// Whether nothing but the ticket and its messages changes.
fn is_plain(caller: &Caller, target: &Target) -> bool {
    send::is_signed_in(caller, target)
        && target.status != TicketStatus::Closed
        && !settle::chooses_person(caller, target, target.last_seq)
}
