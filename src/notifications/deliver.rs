//! Delivering: what is due is taken up, sent, and written down as done, or as due again later.
//!
//! Receivers that answer share one pool of places, receivers that fail another and smaller one, in which each has one place:
//! however many are dead, those that live are told at once. Of both a tenant has a share, and of its share the last places go to
//! receivers that have none: however slow a tenant's are, others are told at once. A claim outlasts the request, so that what a node that died was
//! about to send is due again soon; of two nodes, one has it. A node that stops gives back what it has no answer to.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::courier::{self, Courier, Pens};
use super::pool::{Pool, Shares};
use super::store::queue::{self, Due, MOST_UNDER_WAY};
use crate::app::App;
use crate::error::Result;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;

const TURN: Duration = Duration::from_secs(1);
/// Requests of this process that are under way, to receivers that answer and to those that fail.
const HEALTHY: Shares = Shares { all: 64, of_tenant: 16, of_more: 12, of_webhook: MOST_UNDER_WAY as usize };
const FAILING: Shares = Shares { all: 16, of_tenant: 4, of_more: 0, of_webhook: 1 };

/// Runs until the server shuts down. What is under way is finished, or given back.
pub async fn keep_delivering(app: App, shutdown: Shutdown) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut desk = Desk::new(app.clone(), shutdown.clone());
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = app.webhook_calls.due.notified() => {}
            Some(ended) = desk.running.join_next(), if !desk.running.is_empty() => desk.end(ended),
            () = shutdown.begun() => break,
        }
        if app.webhook_calls.is_anybody()
            && let Err(error) = desk.take_up().await
        {
            tracing::warn!(%error, "could not take up what webhooks are to be told; trying again");
        }
    }
    while desk.running.join_next().await.is_some() {}
}

/// Until nothing is due any more; the answer is how many attempts that took.
pub async fn deliver_due(app: &App) -> Result<usize> {
    let (mut desk, mut attempts) = (Desk::new(app.clone(), Shutdown::manual()), 0);
    loop {
        attempts += desk.take_up().await?;
        match desk.running.join_next().await {
            Some(ended) => desk.end(ended),
            None => return Ok(attempts),
        }
    }
}

/// What this process has under way.
struct Desk {
    app: App,
    shutdown: Shutdown,
    pens: Pens,
    running: JoinSet<Due>,
    healthy: Pool,
    failing: Pool,
}

impl Desk {
    fn new(app: App, shutdown: Shutdown) -> Self {
        let (pens, running) = (courier::pens(&app), JoinSet::new());
        Self { app, shutdown, pens, running, healthy: Pool::new(HEALTHY), failing: Pool::new(FAILING) }
    }

    /// How many are taken up now.
    async fn take_up(&mut self) -> Result<usize> {
        while let Some(ended) = self.running.try_join_next() {
            self.end(ended);
        }
        let (now, mut taken) = (self.app.clock.now(), 0);
        for due in self.app.db.read(move |tx| queue::list_due(tx, now)).await? {
            let room = self.pool(&due).room(due.tenant, due.webhook);
            if room == 0 {
                continue;
            }
            let courier = Courier { app: self.app.clone(), pens: self.pens.clone(), due };
            let Some((receiver, claimed)) = courier.claim(room).await? else { continue };
            let receiver = Arc::new(receiver);
            for claimed in claimed {
                self.pool(&due).take(due.tenant, due.webhook);
                taken += 1;
                let (courier, receiver, shutdown) = (courier.clone(), receiver.clone(), self.shutdown.clone());
                let work = async move {
                    courier.carry(&receiver, claimed, &shutdown).await;
                    due
                };
                self.running.spawn(spans::in_job("deliver", work));
            }
        }
        Ok(taken)
    }

    fn pool(&mut self, due: &Due) -> &mut Pool {
        if due.is_failing { &mut self.failing } else { &mut self.healthy }
    }

    fn end(&mut self, ended: Result<Due, JoinError>) {
        match ended {
            Ok(due) => self.pool(&due).leave(due.tenant, due.webhook),
            // A panic ends this worker, and the server with it.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
