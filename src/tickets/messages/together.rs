//! Messages to many tickets in one transaction.
//!
//! A transaction costs round trips, a commit and its sync, however little is in it. A few of them are under way at a time;
//! whoever sends meanwhile waits, and then goes along with all who wait. Where nobody else sends, nobody waits.
//!
//! Invariants: a ticket is in one transaction of this process at a time; one sender's fault is no other's: what is not plain
//! (a ticket that somebody else has locked, a word that opens it again) is stored in a transaction of its own, and so is each
//! by itself where several together fail.

use std::collections::{HashSet, VecDeque};
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::app::App;
use crate::auth::model::{Caller, TenantKey};
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;
use crate::platform::db::{self, Tx};
use crate::tickets::messages::send::{self, Letter, Sent};
use crate::tickets::messages::settle::{self, Stored};
use crate::tickets::messages::store::{self, Target, Wish};
use crate::tickets::model::TicketStatus;

/// Transactions under way. The more there are, the less goes along in each.
const MOST_UNDER_WAY: usize = 8;
/// Tickets in one: others wait for its end.
const MOST_TOGETHER: usize = 16;

type Answers = Vec<Result<Sent>>;

pub struct Sends {
    /// How long one waits to be taken along.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Tickets that somebody writes in just now.
    taken: HashSet<String>,
    under_way: usize,
    last_number: u64,
}

struct Waiting {
    number: u64,
    letter: Arc<Letter>,
    answer: oneshot::Sender<Result<Answers>>,
    /// The sender's, for a trace.
    span: Span,
}

/// Stores a letter without files.
pub(super) async fn send(app: &App, letter: Arc<Letter>) -> Result<Answers> {
    let (answer, mut answered) = oneshot::channel();
    let (number, is_first) = app.sends.enter(letter, answer);
    if is_first {
        tokio::spawn(work(app.clone()));
    }
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
    pub fn new(patience: Duration) -> Self {
        Self { patience, state: Mutex::default() }
    }

    /// Its number, and whether somebody has to begin to work for it.
    fn enter(&self, letter: Arc<Letter>, answer: oneshot::Sender<Result<Answers>>) -> (u64, bool) {
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        state.waiting.push_back(Waiting { number, letter, answer, span: Span::current() });
        let is_first = state.under_way < MOST_UNDER_WAY;
        state.under_way += usize::from(is_first);
        (number, is_first)
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
        waiting.retain(|one| !one.answer.is_closed());
        let mut tenant = None;
        let mut together = Vec::new();
        let mut place = 0;
        while together.len() < MOST_TOGETHER && place < waiting.len() {
            let letter = &waiting[place].letter;
            if tenant.is_some_and(|tenant| tenant != letter.caller.tenant) || taken.contains(&letter.ticket_id) {
                place += 1;
                continue;
            }
            tenant = Some(letter.caller.tenant);
            taken.insert(letter.ticket_id.clone());
            turn.tickets.push(letter.ticket_id.clone());
            together.extend(waiting.remove(place));
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
    tickets: Vec<String>,
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

async fn work(app: App) {
    let mut turn = Turn { app: app.clone(), tickets: Vec::new(), is_over: false };
    while let Some((tenant, together)) = app.sends.next(&mut turn) {
        let span = together.first().map_or(Span::none(), |first| first.span.clone());
        db::within(tenant.0, store_together(&app, together)).instrument(span).await;
    }
}

async fn store_together(app: &App, mut together: Vec<Waiting>) {
    if together.len() == 1 {
        if let Some(only) = together.pop() {
            let answers = send::send_alone(app, only.letter.clone()).await;
            only.tell(answers);
        }
        return;
    }
    let now = app.clock.now();
    let letters: Vec<Arc<Letter>> = together.iter().map(|one| one.letter.clone()).collect();
    match app.db.write(move |tx| store_in(tx, &letters, now)).await {
        Ok(answers) => iter::zip(together, answers).for_each(|(one, answers)| match answers {
            Some(answers) => one.tell(Ok(answers)),
            None => one.go_alone(app),
        }),
        Err(Error::Unavailable(why)) => {
            together.into_iter().for_each(|one| one.tell(Err(Error::Unavailable(why.clone()))));
        }
        Err(error) => {
            tracing::warn!(%error, "messages to several tickets failed together; each is stored by itself");
            together.into_iter().for_each(|one| one.go_alone(app));
        }
    }
}

impl Waiting {
    fn tell(self, answers: Result<Answers>) {
        // Whoever asked may have gone.
        let _ = self.answer.send(answers);
    }

    /// The others do not wait for it.
    fn go_alone(self, app: &App) {
        let (app, span) = (app.clone(), self.span.clone());
        let tenant = self.letter.caller.tenant.0;
        let work = async move {
            let answers = send::send_alone(&app, self.letter.clone()).await;
            self.tell(answers);
        };
        tokio::spawn(db::within(tenant, work).instrument(span));
    }
}

/// None for a letter that has to go alone.
fn store_in(tx: &mut Tx<'_>, letters: &[Arc<Letter>], now: Timestamp) -> Result<Vec<Option<Answers>>> {
    let Some(tenant) = letters.first().map(|letter| letter.caller.tenant) else { return Ok(Vec::new()) };
    let wishes: Vec<Wish<'_>> = letters.iter().map(|letter| send::wish(&letter.caller, &letter.ticket_id)).collect();
    let targets = store::lock_free_targets(tx, &wishes)?;
    let plain: Vec<Option<Stored>> = iter::zip(letters, targets)
        .map(|(letter, target)| target.filter(|target| is_plain(&letter.caller, target)).map(Stored::none))
        .collect();
    let mut rows = Vec::new();
    for (letter, stored) in iter::zip(letters, &plain) {
        if let Some(Stored { target, .. }) = stored {
            rows.extend(send::rows_of(&letter.caller, target, &letter.messages, &[], now));
        }
    }
    let are_new = store::insert(tx, tenant, &rows)?;
    let (mut rows, mut are_new) = (rows.as_mut_slice(), are_new.as_slice());
    let mut answers = Vec::with_capacity(letters.len());
    for (letter, stored) in iter::zip(letters, plain) {
        let Some(mut stored) = stored else {
            answers.push(None);
            continue;
        };
        let Letter { caller, ticket_id, messages } = &**letter;
        let (its_rows, other_rows) = rows.split_at_mut(messages.len());
        let (its_new, others_new) = are_new.split_at(messages.len());
        (rows, are_new) = (other_rows, others_new);
        let answered = send::answer_run(tx, caller, &stored.target, ticket_id, messages, its_rows, its_new, now)?;
        stored.take(answered)?;
        answers.push(Some(stored.settle(tx, caller, now)?.answers));
    }
    Ok(answers)
}

/// Whether nothing but the ticket and its messages changes.
fn is_plain(caller: &Caller, target: &Target) -> bool {
    let chooses_person = target.last_seq == 0 && settle::chooses_person(caller, target);
    send::is_signed_in(caller, target) && target.status != TicketStatus::Closed && !chooses_person
}
