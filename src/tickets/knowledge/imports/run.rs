//! Carries imports out, a few at once on each node, and tells of each that it is alive.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};

use super::model::{OURS, TOO_SLOW, Tally, in_short};
use super::store;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::events::Act;
use crate::platform::db;
use crate::platform::shutdown::Shutdown;
use crate::platform::telemetry::spans;
use crate::tickets::knowledge::model::ArticleStatus;
use crate::tickets::knowledge::site;

/// Those that were begun meanwhile are looked for so often.
const TURN: Duration = Duration::from_secs(1);
const AT_ONCE: usize = 2;
/// Of an import. A site that answers slowly would keep the others waiting for ever.
const PATIENCE: Duration = Duration::from_mins(30);
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct Job {
    pub tenant: TenantKey,
    pub import_id: String,
    pub url: String,
    pub most: usize,
    pub status: ArticleStatus,
    /// Who began it.
    pub user_id: String,
}

/// Runs until the server shuts down. What is under way then is cut, and told as failed once nobody has told of it for a while.
pub async fn keep(app: App, shutdown: Shutdown) {
    let mut turns = time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = shutdown.begun() => return,
        }
        match take(&app, AT_ONCE - running.len()).await {
            Ok(jobs) => jobs.into_iter().for_each(|job| {
                running.spawn(db::within(job.tenant.0, spans::in_job("import", survive(app.clone(), job))));
            }),
            Err(error) => tracing::warn!(%error, "could not see which imports wait; trying again"),
        }
    }
}

/// Takes what waits, so many at most.
async fn take(app: &App, most: usize) -> Result<Vec<Job>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let waiting = app.db.read(move |tx| store::list_waiting(tx, most as i64)).await?;
    let mut taken = Vec::new();
    for job in waiting {
        let (tenant, import_id, now) = (job.tenant, job.import_id.clone(), app.clock.now());
        let take = app.db.write(move |tx| store::take(tx, tenant, &import_id, now));
        if spans::in_job("take import", take).await? {
            taken.push(job);
        }
    }
    Ok(taken)
}

/// What one tenant's site makes panic ends its import, and nobody else's.
async fn survive(app: App, job: Job) {
    if AssertUnwindSafe(carry_out(app.clone(), job.clone())).catch_unwind().await.is_ok() {
        return;
    }
    tracing::error!(import_id = job.import_id, "an import panicked");
    let now = app.clock.now();
    let end = app.db.write(move |tx| store::end(tx, job.tenant, &job.import_id, &Err(OURS.into()), now));
    if let Err(error) = end.await {
        tracing::warn!(%error, "could not keep that an import panicked; it will be told as failed");
    }
}

async fn carry_out(app: App, job: Job) {
    let (done, all) = (AtomicI64::new(0), AtomicI64::new(-1));
    let progress = |pages: usize, of: usize| {
        done.store(pages as i64, Ordering::Relaxed);
        all.store(of as i64, Ordering::Relaxed);
    };
    let tell = async || {
        let all = all.load(Ordering::Relaxed);
        let pages = (done.load(Ordering::Relaxed), (all >= 0).then_some(all));
        let (tenant, import_id, now) = (job.tenant, job.import_id.clone(), app.clock.now());
        app.db.write(move |tx| store::tell(tx, tenant, &import_id, pages, now)).await
    };
    let act = Act::of_user(job.tenant, &job.user_id, app.clock.now());
    let import = site::import(&app, &act, &job.url, job.most, job.status, &progress);
    let mut import = Box::pin(time::timeout(PATIENCE, import));
    let mut signs = time::interval(SIGN_OF_LIFE);
    let outcome = loop {
        tokio::select! {
            outcome = &mut import => break outcome.unwrap_or_else(|_| Err(anyhow!(TOO_SLOW))),
            _ = signs.tick() => match tell().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "could not tell how far an import is"),
            },
        }
    };
    let ended = outcome.map(Tally::of).map_err(|error| in_words(&error));
    let (tenant, import_id, now) = (job.tenant, job.import_id.clone(), app.clock.now());
    let kept = async {
        tell().await?;
        app.db.write(move |tx| store::end(tx, tenant, &import_id, &ended, now)).await
    };
    if let Err(error) = kept.await {
        tracing::warn!(%error, "could not keep what became of an import; it will be told as failed");
    }
}

/// For an admin: what a site answered, and nothing of ours.
fn in_words(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Error>() {
        Some(ours) => {
            tracing::warn!(error = %ours, "an import could not be stored");
            match ours {
                // It names a request, and there was none.
                Error::Internal { .. } => OURS.into(),
                _ => ours.message(),
            }
        }
        None => in_short(&format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_told_in_words_of_its_own() {
        for error in [Error::bug("a secret"), Error::internal(anyhow!("a secret"))] {
            assert_eq!(in_words(&error.into()), OURS);
        }
        assert_eq!(in_words(&anyhow!("status 404").context("https://a.example/")), "https://a.example/: status 404");
    }
}
