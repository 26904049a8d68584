//! Delivering: what is due is taken up, sent, and written down as done, or as due again later.
//!
//! Receivers that answer share one number of places, receivers that fail another and smaller one, in which each has one place:
//! however many are dead, those that live are told at once. Of both a tenant has a share, and of its share the last places go to
//! receivers that have none: however slow a tenant's are, others are told at once. A claim outlasts the request, so that what a node that died was
//! about to send is due again soon; of two nodes, one has it. A node that stops gives back what it has no answer to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::attempt;
use super::model::WebhookKey;
use super::store::queue::{self, Claimed, Due, MOST_UNDER_WAY};
use super::store::webhooks::{self, Receiver};
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::shutdown::Shutdown;

const TURN: Duration = Duration::from_secs(1);
/// Requests of this process that are under way, to receivers that answer and to those that fail.
const AT_ONCE: usize = 64;
const AT_ONCE_FAILING: usize = 16;
/// A tenant's share of them; and of its share, what receivers may have beside the first place of each.
const SHARE: usize = 16;
const SHARE_FAILING: usize = 4;
const SHARE_OF_MORE: usize = 12;
/// How often it is tried to write down how an attempt went. Otherwise it is made again.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Runs until the server shuts down. What is under way is finished, or given back.
pub async fn keep_delivering(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut desk = Desk::new(&app);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = app.webhook_calls.due.notified() => {}
            Some(ended) = desk.running.join_next(), if !desk.running.is_empty() => desk.end(ended),
            () = shutdown.begun() => break,
        }
        if app.webhook_calls.is_anybody()
            && let Err(error) = desk.take_up(&app, &shutdown).await
        {
            tracing::warn!(%error, "could not take up what webhooks are to be told; trying again");
        }
    }
    while desk.running.join_next().await.is_some() {}
}

/// Until nothing is due any more; the answer is how many attempts that took.
pub async fn deliver_due(app: &App) -> Result<usize> {
    let (mut desk, mut attempts) = (Desk::new(app), 0);
    loop {
        attempts += desk.take_up(app, &Shutdown::manual()).await?;
        match desk.running.join_next().await {
            Some(ended) => desk.end(ended),
            None => return Ok(attempts),
        }
    }
}

/// Who writes a webhook's deliveries waits for its row, with a connection in hand: no more than a quarter of them, so that
/// messages find one.
type Pens = Arc<Semaphore>;

/// What this process has under way.
struct Desk {
    pens: Pens,
    running: JoinSet<Due>,
    /// Of each webhook; and to those that answer, to those that fail: of each tenant.
    busy: HashMap<WebhookKey, usize>,
    healthy: HashMap<TenantKey, usize>,
    failing: HashMap<TenantKey, usize>,
}

impl Desk {
    fn new(app: &App) -> Self {
        let pens = Arc::new(Semaphore::new((app.config.database.pool_size / 4).max(1)));
        Self { pens, running: JoinSet::new(), busy: HashMap::new(), healthy: HashMap::new(), failing: HashMap::new() }
    }

    /// How many are taken up now.
    async fn take_up(&mut self, app: &App, shutdown: &Shutdown) -> Result<usize> {
        while let Some(ended) = self.running.try_join_next() {
            self.end(ended);
        }
        let (now, mut taken) = (app.clock.now(), 0);
        for due in app.db.read(move |tx| queue::list_due(tx, now)).await? {
            let room = self.room(&due);
            if room == 0 {
                continue;
            }
            let Some((receiver, claimed)) = claim(app, &self.pens, &due, room).await? else { continue };
            let receiver = Arc::new(receiver);
            for claimed in claimed {
                *self.busy.entry(due.webhook).or_default() += 1;
                *self.places(due.is_failing).entry(due.tenant).or_default() += 1;
                taken += 1;
                let (app, pens, receiver, shutdown) =
                    (app.clone(), self.pens.clone(), receiver.clone(), shutdown.clone());
                self.running.spawn(async move {
                    let claimed = Arc::new(claimed);
                    tokio::select! {
                        () = deliver(&app, &pens, &due, &receiver, claimed.clone()) => {}
                        () = out_of_time(&app, &shutdown) => give_back(&app, &pens, &due, claimed).await,
                    }
                    due
                });
            }
        }
        Ok(taken)
    }

    fn room(&self, due: &Due) -> usize {
        let own = self.busy.get(&due.webhook).copied().unwrap_or_default();
        let places = if due.is_failing { &self.failing } else { &self.healthy };
        let (all, of_tenant) = (places.values().sum(), places.get(&due.tenant).copied().unwrap_or_default());
        if due.is_failing {
            let left = AT_ONCE_FAILING.saturating_sub(all).min(SHARE_FAILING.saturating_sub(of_tenant));
            return if own > 0 { 0 } else { left.min(1) };
        }
        let first = if own == 0 { SHARE.saturating_sub(of_tenant).min(1) } else { 0 };
        let more = SHARE_OF_MORE.saturating_sub(of_tenant).min((MOST_UNDER_WAY as usize).saturating_sub(own));
        AT_ONCE.saturating_sub(all).min(first.max(more))
    }

    fn places(&mut self, is_failing: bool) -> &mut HashMap<TenantKey, usize> {
        if is_failing { &mut self.failing } else { &mut self.healthy }
    }

    fn end(&mut self, ended: Result<Due, JoinError>) {
        match ended {
            Ok(due) => {
                leave(&mut self.busy, due.webhook);
                leave(self.places(due.is_failing), due.tenant);
            }
            // A panic ends this worker, and the server with it.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn leave<K: Eq + Hash>(places: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut own) = places.entry(key) {
        *own.get_mut() -= 1;
        if *own.get() == 0 {
            own.remove();
        }
    }
}

/// None: it was switched off a moment ago, or another node was quicker.
async fn claim(app: &App, pens: &Pens, due: &Due, room: usize) -> Result<Option<(Receiver, Vec<Claimed>)>> {
    let Due { tenant, webhook, .. } = *due;
    let _pen = pens.acquire().await;
    let now = app.clock.now();
    let until = now.plus(attempt::lease(app));
    app.db
        .write(move |tx| {
            let receiver = webhooks::lock(tx, tenant, webhook)?.filter(|receiver| receiver.is_enabled);
            let Some(receiver) = receiver else { return Ok(None) };
            let claimed = queue::claim(tx, tenant, webhook, room as i64, now, until)?;
            Ok((!claimed.is_empty()).then_some((receiver, claimed)))
        })
        .await
}

/// The process ends: an answer that is still to come has half of the time that is left.
async fn out_of_time(app: &App, shutdown: &Shutdown) {
    shutdown.begun().await;
    tokio::time::sleep(Duration::from_secs(app.config.server.drain_seconds) / 2).await;
}

/// Another node sends it at once. The receiver may have it already: it is told at least once.
async fn give_back(app: &App, pens: &Pens, due: &Due, claimed: Arc<Claimed>) {
    let Due { tenant, webhook, .. } = *due;
    let _pen = pens.acquire().await;
    let now = app.clock.now();
    let given = app.db.write(move |tx| match webhooks::lock(tx, tenant, webhook)? {
        Some(_) => queue::give_back(tx, tenant, &claimed, now),
        None => Ok(()),
    });
    if let Err(error) = given.await {
        tracing::warn!(%error, "a delivery could not be given back; it is due again when its claim has run out");
    }
}

async fn deliver(app: &App, pens: &Pens, due: &Due, receiver: &Receiver, claimed: Arc<Claimed>) {
    let Due { tenant, webhook, .. } = *due;
    let (attempt, wait) =
        attempt::send(app, &receiver.url, &receiver.secrets, &claimed.delivery_id, &claimed.body).await;
    let again_at = attempt::again_at(app, &claimed, &attempt, wait);
    attempt::count(&attempt, again_at);
    let done = Arc::new((claimed, attempt));
    for tries_left in (0..TRIES).rev() {
        let pen = pens.acquire().await;
        let (done, now) = (done.clone(), app.clock.now());
        let written = app.db.write(move |tx| {
            let (claimed, attempt) = &*done;
            attempt::conclude(tx, tenant, webhook, claimed, attempt, again_at, now)
        });
        let written = written.await;
        drop(pen);
        match written {
            Ok(()) => return,
            Err(Error::Unavailable(_)) if tries_left > 0 => tokio::time::sleep(BETWEEN_TRIES).await,
            Err(error) => {
                tracing::warn!(%error, "how a delivery went could not be written down; it will be sent again");
                return;
            }
        }
    }
}
