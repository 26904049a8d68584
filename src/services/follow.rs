//! Follows the events of other nodes: reads what is new in the `events` table and tells it on this node, as if it had happened
//! here, but for what one node sees to for all. A hint wakes it at once; without one it looks once a second. So a session
//! that ended anywhere is refused here within a second or two, whatever has become of the bus.
//!
//! Keys are handed out in order and committed in any: a key that was passed over is asked for until no transaction can still
//! be under way that holds it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, timeout};
use tracing::Span;

use crate::app::App;
use crate::auth;
use crate::error::{Error, Result};
use crate::events::store::{self as events, Stored};
use crate::events::{Act, Event, What};
use crate::platform::db::Tx;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::platform::telemetry::traceparent::Traceparent;
use crate::realtime::dispatch;
use crate::tickets;

const TURN: Duration = Duration::from_secs(1);
/// Who has not looked for so long stood still.
const OF_LATE: Duration = Duration::from_secs(2);
const BATCH: i64 = 500;
/// Keys that were passed over and are asked for, at most: the newest ones.
const MOST_MISSING: usize = 500;
/// After some were given up, sessions are looked up anew once nothing is remembered of them from before.
const OF_BEFORE: Duration = Duration::from_secs(3);
/// Events of other nodes whose place in a trace is known, at most: the newest ones.
const MOST_TRACES: usize = 1000;
/// At the start, keys among which some may be missing.
const FIRST_LOOK: i64 = 1000;

/// What was told on this node already, by whoever came first: the pump of its own events, or the one who follows.
#[derive(Default)]
pub struct Follower {
    told: Mutex<Told>,
    /// Where in a trace others have told of what is to be read.
    traces: Mutex<BTreeMap<i64, Traceparent>>,
    wake: Notify,
    /// When the last look began that has ended; None where nobody follows.
    looked: watch::Sender<Option<Instant>>,
    /// From where to follow, until that begins.
    beginning: Mutex<Option<Cursor>>,
}

#[derive(Default)]
struct Told {
    keys: HashSet<i64>,
    order: VecDeque<(Instant, i64)>,
}

/// How far the events were followed.
#[derive(Debug, Default)]
struct Cursor {
    reached: i64,
    /// Passed over, and when.
    missing: BTreeMap<i64, Instant>,
    /// How many were passed over and are not asked for: there were too many.
    given_up: u64,
}

impl Follower {
    /// Another node has told that there is something new.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Where in a trace another node has told of a key.
    pub fn note_trace(&self, key: i64, origin: Option<Traceparent>) {
        let Some(origin) = origin.filter(|_| spans::are_on()) else { return };
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        traces.insert(key, origin);
        if traces.len() > MOST_TRACES {
            traces.pop_first();
        }
    }

    fn span(&self, key: i64, event: &Event) -> Option<Span> {
        let origin = self.traces.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)?;
        spans::heard(event.what.name(), origin)
    }

    /// Returns once the events were looked at of late, or cannot be. A process that stood still (stopped, or its machine) learns
    /// first which sessions have ended meanwhile, and then of what waits in its sockets and on the bus.
    pub async fn be_current(&self) {
        let Some(of_late) = Instant::now().checked_sub(OF_LATE) else { return };
        let is_current = |looked: &Option<Instant>| looked.is_none_or(|looked| looked >= of_late);
        if !is_current(&self.looked.borrow()) {
            let _ = timeout(TURN, self.looked.subscribe().wait_for(is_current)).await;
        }
    }

    /// True for the first who asks: it is theirs to tell.
    pub fn is_first(&self, key: i64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = told.keys.insert(key);
        if is_first {
            told.order.push_back((Instant::now(), key));
        }
        is_first
    }

    fn is_told(&self, key: i64) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).keys.contains(&key)
    }

    fn forget_before(&self, instant: Instant) {
        let mut guard = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Told { keys, order } = &mut *guard;
        while let Some((_, key)) = order.pop_front_if(|(at, _)| *at < instant) {
            keys.remove(&key);
        }
    }
}

impl Cursor {
    /// What there was before: known, but for what is missing among it.
    fn begin(newest_first: &[i64], now: Instant) -> Self {
        let Some(oldest) = newest_first.last() else { return Self::default() };
        let mut cursor = Self { reached: *oldest, ..Self::default() };
        newest_first.iter().rev().for_each(|key| cursor.note(*key, now));
        cursor
    }

    fn note(&mut self, key: i64, now: Instant) {
        if key <= self.reached {
            self.missing.remove(&key);
            return;
        }
        let first = (self.reached + 1).max(key - MOST_MISSING as i64);
        self.given_up += first.abs_diff(self.reached + 1);
        self.missing.extend((first..key).map(|missing| (missing, now)));
        while self.missing.len() > MOST_MISSING {
            self.missing.pop_first();
            self.given_up += 1;
        }
        self.reached = key;
    }

    fn forget_before(&mut self, instant: Instant) {
        self.missing.retain(|_, since| *since >= instant);
    }
}

/// Notes up to where everything is known. Before this node answers anybody: what is looked up for them is no older.
pub async fn begin(app: &App) -> Result<()> {
    if !app.bus.is_alone() {
        let newest = app.db.read(|tx| events::list_newest_keys(tx, FIRST_LOOK)).await?;
        let cursor = Cursor::begin(&newest, Instant::now());
        *app.follower.beginning.lock().unwrap_or_else(PoisonError::into_inner) = Some(cursor);
    }
    Ok(())
}

/// Runs until the server shuts down.
pub async fn keep(app: App, shutdown: Shutdown) {
    let beginning = app.follower.beginning.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut cursor) = beginning else {
        return shutdown.begun().await;
    };
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = app.follower.wake.notified() => {}
            () = shutdown.begun() => {
                // Nobody looks any more, and what is left to be done waits for nobody.
                app.follower.looked.send_replace(None);
                return;
            }
        }
        let begun = Instant::now();
        if let Err(error) = catch_up(&app, &mut cursor).await {
            tracing::warn!(%error, "could not read what other nodes did; trying again");
        }
        app.follower.looked.send_replace(Some(begun));
    }
}

async fn catch_up(app: &App, cursor: &mut Cursor) -> Result<()> {
    while step(app, cursor).await? {}
    let given_up = std::mem::take(&mut cursor.given_up);
    if given_up > 0 {
        metrics::counter!("smilechat_events_given_up_total").increment(given_up);
        tracing::warn!(
            given_up,
            "more keys of events were passed over than are asked for; sessions are looked up anew"
        );
        tokio::spawn(spans::in_job("look sessions up", look_sessions_up(app.clone())));
    }
    let age = app.config.database.longest_transaction();
    if let Some(before) = Instant::now().checked_sub(age) {
        cursor.forget_before(before);
        // Longer than it can be asked for.
        app.follower.forget_before(before.checked_sub(age).unwrap_or(before));
    }
    Ok(())
}

/// True: there may be more.
async fn step(app: &App, cursor: &mut Cursor) -> Result<bool> {
    let reached = cursor.reached;
    let missing: Vec<i64> = cursor.missing.keys().copied().collect();
    let found = app.db.read(move |tx| {
        let mut found = if missing.is_empty() { Vec::new() } else { events::list_named(tx, &missing)? };
        found.extend(events::list_after(tx, reached, BATCH)?);
        Ok(found)
    });
    let found: Arc<[Stored]> = found.await?.into();
    // What this node has told itself is not asked for.
    let recalled = match found.iter().all(|stored| app.follower.is_told(stored.key)) {
        true => found.iter().map(|_| None).collect(),
        false => spans::in_job("follow events", recall_all(app, &found)).await?,
    };
    for (stored, event) in found.iter().zip(recalled) {
        cursor.note(stored.key, Instant::now());
        if app.follower.is_first(stored.key)
            && let Some(event) = event
        {
            let span = app.follower.span(stored.key, &event).unwrap_or_else(Span::none);
            span.in_scope(|| {
                auth::observe(&app.auth.registry, &app.auth.origins, &event);
                dispatch::announce(app, &event);
            });
        }
    }
    Ok(found.len() >= BATCH as usize)
}

/// In one transaction; or each in one of its own, if one of them fails: on PostgreSQL, that ends the transaction of all.
async fn recall_all(app: &App, found: &Arc<[Stored]>) -> Result<Vec<Option<Event>>> {
    match read(app, found, 0..found.len()).await {
        Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
        Ok(recalled) => return Ok(recalled),
        Err(_) => {}
    }
    let mut recalled = Vec::with_capacity(found.len());
    for place in 0..found.len() {
        match read(app, found, place..place + 1).await {
            Ok(one) => recalled.extend(one),
            Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
            // Of a newer version, perhaps: the others must not wait for it.
            Err(error) => {
                tracing::warn!(%error, kind = found[place].kind, "an event of another node cannot be read");
                recalled.push(None);
            }
        }
    }
    Ok(recalled)
}

async fn read(app: &App, found: &Arc<[Stored]>, which: Range<usize>) -> Result<Vec<Option<Event>>> {
    let (shared, found) = (app.clone(), found.clone());
    app.db.read(move |tx| found[which].iter().map(|stored| recall(tx, &shared, stored)).collect()).await
}

/// The event as it was told where it happened. None for what was told here, and for what concerns nobody here.
fn recall(tx: &mut Tx<'_>, app: &App, stored: &Stored) -> Result<Option<Event>> {
    if app.follower.is_told(stored.key) {
        return Ok(None);
    }
    let what = match &stored.ticket_id {
        Some(_) if !app.realtime.hub.serves(stored.tenant) => return Ok(None),
        Some(ticket_id) => tickets::recall::recall(tx, stored, app.realtime.hub.customer_of(ticket_id))?,
        None => auth::recall::recall(tx, stored)?,
    };
    Ok(what.map(|what| event(stored, what)))
}

fn event(stored: &Stored, what: What) -> Event {
    let actor_id = stored.actor_id.as_deref().map(Into::into);
    Event { act: Act { tenant: stored.tenant, actor_id, at: stored.at }, what, key: Some(stored.key), origin: None }
}

/// Cuts the sockets whose sessions have ended by an event that nobody will tell of.
async fn look_sessions_up(app: App) {
    tokio::time::sleep(OF_BEFORE).await;
    for session_id in app.realtime.hub.all_sessions() {
        let looked_up = app.auth.registry.caller(&app.db, &session_id, app.clock.now()).await;
        if let Err(Error::Unauthorized(_)) = looked_up {
            app.realtime.hub.end_session(&session_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_key_that_was_passed_over_is_missing_until_it_comes_or_cannot_come_any_more() {
        let start = Instant::now();
        let mut cursor = Cursor::begin(&[12, 10, 9], start);
        let missing = |cursor: &Cursor| cursor.missing.keys().copied().collect::<Vec<_>>();
        assert_eq!((cursor.reached, missing(&cursor)), (12, vec![11]));
        cursor.note(15, start + TURN);
        assert_eq!((cursor.reached, missing(&cursor)), (15, vec![11, 13, 14]));
        cursor.note(13, start + TURN);
        cursor.note(11, start + TURN);
        assert_eq!((cursor.reached, missing(&cursor)), (15, vec![14]));
        cursor.forget_before(start + TURN * 2);
        assert!(missing(&cursor).is_empty());
        assert_eq!(cursor.given_up, 0);
        cursor.note(1_000_000, start);
        assert_eq!(
            (cursor.reached, cursor.missing.len()),
            (1_000_000, MOST_MISSING),
            "a leap is no reason to ask for ever"
        );
        assert_eq!(cursor.given_up, 1_000_000 - 16 - MOST_MISSING as u64, "and is owned up to");
        cursor.note(1_000_002, start);
        assert_eq!(cursor.given_up, 1_000_000 - 16 - MOST_MISSING as u64 + 1);
        assert_eq!(Cursor::begin(&[], start).reached, 0);
    }

    #[tokio::test]
    async fn who_stood_still_waits_for_a_look_that_began_after_it() {
        let (follower, now) = (Follower::default(), Instant::now());
        let is_current = async || follower.be_current().now_or_never().is_some();
        assert!(is_current().await, "nobody follows");
        follower.looked.send_replace(Some(now));
        assert!(is_current().await);
        let long_ago = now.checked_sub(OF_LATE * 3).expect("the machine is up for longer");
        follower.looked.send_replace(Some(long_ago));
        assert!(!is_current().await);
        let waiting = follower.be_current();
        let looks = async {
            follower.looked.send_replace(Some(long_ago + TURN));
            tokio::task::yield_now().await;
            follower.looked.send_replace(Some(Instant::now()));
        };
        let asked = Instant::now();
        tokio::join!(waiting, looks);
        assert!(asked.elapsed() < TURN);
        follower.looked.send_replace(Some(long_ago));
        follower.be_current().await;
        assert!(asked.elapsed() >= TURN, "nobody waits for a database that is away");
    }

    #[test]
    fn an_event_is_told_once() {
        let follower = Follower::default();
        assert!(!follower.is_told(1) && follower.is_first(1));
        assert!(follower.is_told(1) && !follower.is_first(1));
        follower.forget_before(Instant::now() + TURN);
        assert!(!follower.is_told(1));
    }
}
