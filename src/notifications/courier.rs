//! One webhook's deliveries on their way: claimed, sent, and written down; or given back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::attempt;
use super::store::queue::{self, Claimed, Due};
use super::store::webhooks::{self, Receiver};
use crate::app::App;
use crate::error::{Error, Result};
use crate::platform::shutdown::Shutdown;

/// How often it is tried to write down how an attempt went. Otherwise it is made again.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Who writes a webhook's deliveries waits for its row, with a connection in hand: no more than a quarter of them, so that
/// messages find one.
pub type Pens = Arc<Semaphore>;

pub fn pens(app: &App) -> Pens {
    Arc::new(Semaphore::new((app.config.database.pool_size / 4).max(1)))
}

#[derive(Clone)]
pub struct Courier {
    pub app: App,
    pub pens: Pens,
    pub due: Due,
}

impl Courier {
    /// None: it was switched off a moment ago, or another node was quicker.
    pub async fn claim(&self, room: usize) -> Result<Option<(Receiver, Vec<Claimed>)>> {
        let Due { tenant, webhook, .. } = self.due;
        let _pen = self.pens.acquire().await;
        let now = self.app.clock.now();
        let until = now.plus(attempt::lease(&self.app));
        self.app
            .db
            .write(move |tx| {
                let receiver = webhooks::lock(tx, tenant, webhook)?.filter(|receiver| receiver.is_enabled);
                let Some(receiver) = receiver else { return Ok(None) };
                let claimed = queue::claim(tx, tenant, webhook, room as i64, now, until)?;
                Ok((!claimed.is_empty()).then_some((receiver, claimed)))
            })
            .await
    }

    /// Until its receiver has answered and that is written down, or the process ends.
    pub async fn carry(&self, receiver: &Receiver, claimed: Claimed, shutdown: &Shutdown) {
        let claimed = Arc::new(claimed);
        tokio::select! {
            () = self.deliver(receiver, claimed.clone()) => {}
            () = self.out_of_time(shutdown) => self.give_back(claimed).await,
        }
    }

    async fn deliver(&self, receiver: &Receiver, claimed: Arc<Claimed>) {
        let (app, Due { tenant, webhook, .. }) = (&self.app, self.due);
        let (attempt, wait) =
            attempt::send(app, &receiver.url, &receiver.secrets, &claimed.delivery_id, &claimed.body).await;
        let again_at = attempt::again_at(app, &claimed, &attempt, wait);
        attempt::count(&attempt, again_at);
        let done = Arc::new((claimed, attempt));
        for tries_left in (0..TRIES).rev() {
            let pen = self.pens.acquire().await;
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

    /// The process ends: an answer that is still to come has half of the time that is left.
    async fn out_of_time(&self, shutdown: &Shutdown) {
        shutdown.begun().await;
        tokio::time::sleep(Duration::from_secs(self.app.config.server.drain_seconds) / 2).await;
    }

    /// Another node sends it at once. The receiver may have it already: it is told at least once.
    async fn give_back(&self, claimed: Arc<Claimed>) {
        let Due { tenant, webhook, .. } = self.due;
        let _pen = self.pens.acquire().await;
        let now = self.app.clock.now();
        let given = self.app.db.write(move |tx| match webhooks::lock(tx, tenant, webhook)? {
            Some(_) => queue::give_back(tx, tenant, &claimed, now),
            None => Ok(()),
        });
        if let Err(error) = given.await {
            tracing::warn!(%error, "a delivery could not be given back; it is due again when its claim has run out");
        }
    }
}
