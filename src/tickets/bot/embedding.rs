//! Vectors of what a tenant has published and of what is asked, by the model that the tenant names and within its budget, or by the
//! server's own.

use std::time::Duration;

use tokio::time::timeout;

use super::budget::{self, VectorsOf};
use super::model::Tokens;
use super::model::embed::{embed, small};
use super::prompt::cut;
use super::reply::Desk;
use super::settings::models::EmbeddingSettings;
use super::store;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::outbound::Failure;
use crate::platform::telemetry::spans;
use crate::tickets::knowledge::vectors;

const BATCH: i64 = 32;
/// Characters of a question or a passage that are made a vector of.
pub const MOST_CHARS: usize = 4000;

/// A tenant that has a model for vectors, and when it was last set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    pub tenant: TenantKey,
    pub set_at: Timestamp,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is missing any more.
    Done,
    More,
    /// With a code.
    Failed(&'static str),
}

pub async fn list_makers(app: &App) -> Result<Vec<Maker>> {
    app.db.read(store::list_makers).await
}

/// Makes some of the vectors that a tenant's passages lack.
pub async fn bring_up(app: &App, tenant: TenantKey) -> Result<Step> {
    let (desk, _) = app.db.read(move |tx| Desk::find(tx, tenant)).await?;
    let Some(embedding) = &desk.settings.embedding else { return Ok(Step::Done) };
    let model = match tag(app, embedding, VectorsOf::Articles).await {
        Ok(model) => model,
        Err(failure) => return Ok(Step::Failed(failure.as_str())),
    };
    let missing = {
        let model = model.clone();
        app.db.read(move |tx| vectors::list_missing(tx, tenant, &model, BATCH)).await?
    };
    if missing.is_empty() {
        return Ok(Step::Done);
    }
    spans::in_job("make vectors", make_missing(app, &desk, tenant, model, missing)).await
}

async fn make_missing(
    app: &App,
    desk: &Desk,
    tenant: TenantKey,
    model: String,
    missing: Vec<(i64, String)>,
) -> Result<Step> {
    let texts: Vec<String> = missing.iter().map(|(_, text)| cut(text, MOST_CHARS)).collect();
    let made = match make(app, desk, tenant, VectorsOf::Articles, &texts).await? {
        Ok(made) => made,
        Err(code) => return Ok(Step::Failed(code)),
    };
    let has_more = missing.len() as i64 == BATCH;
    app.db
        .write(move |tx| {
            for ((passage, _), vector) in missing.iter().zip(&made) {
                let bytes: Vec<u8> = vector.iter().map(|part| *part as u8).collect();
                vectors::put(tx, tenant, *passage, &model, &bytes)?;
            }
            Ok(())
        })
        .await?;
    Ok(if has_more { Step::More } else { Step::Done })
}

/// The vectors of `texts`, by the model that is set, or a code of why there are none now.
pub async fn make(
    app: &App,
    desk: &Desk,
    tenant: TenantKey,
    of: VectorsOf,
    texts: &[String],
) -> Result<std::result::Result<Vec<Vec<i8>>, &'static str>> {
    let Some(embedding) = &desk.settings.embedding else { return Ok(Err(Failure::Nowhere.as_str())) };
    if embedding.is_own() {
        // Nobody is paid for it: it counts against no budget. Articles take the time that they take.
        let made = match of {
            VectorsOf::AQuestion => in_time(of, by_own_model(app, texts)).await,
            VectorsOf::Articles => by_own_model(app, texts).await,
        };
        return Ok(made.map_err(|failure| failure.as_str()));
    }
    let share = budget::set_aside_for_vectors(app, tenant, &desk.settings, of, texts).await?;
    let Some(share) = share else { return Ok(Err("budget")) };
    let asked = embed(&app.outbound, embedding, desk.secrets.embedding_key.as_deref(), texts);
    let made = in_time(of, asked).await;
    let tokens = match &made {
        Ok(made) => budget::taken_by_vectors(texts, made.tokens),
        // Read, as far as one can tell.
        Err(Failure::TooLong | Failure::Broken | Failure::TimedOut) => budget::taken_by_vectors(texts, None),
        Err(Failure::Refused | Failure::Nowhere | Failure::Unreachable | Failure::Status(..)) => Tokens::default(),
    };
    budget::settle(app, share, 0.0, tokens).await?;
    Ok(made.map(|made| made.vectors).map_err(|failure| failure.as_str()))
}

async fn in_time<T>(
    of: VectorsOf,
    asked: impl Future<Output = std::result::Result<T, Failure>>,
) -> std::result::Result<T, Failure> {
    let deadline = match of {
        VectorsOf::AQuestion => Duration::from_secs(3),
        VectorsOf::Articles => Duration::from_secs(30),
    };
    timeout(deadline, asked).await.unwrap_or(Err(Failure::TimedOut))
}

async fn by_own_model(app: &App, texts: &[String]) -> std::result::Result<Vec<Vec<i8>>, Failure> {
    let encoder = app.encoder.as_ref().ok_or(Failure::Nowhere)?;
    let made = encoder.vectors(texts).await.map_err(of_own_model)?;
    made.iter().map(|vector| small(vector).ok_or(Failure::Broken)).collect()
}

/// What vectors that may be compared have in common.
pub async fn tag(app: &App, settings: &EmbeddingSettings, of: VectorsOf) -> std::result::Result<String, Failure> {
    if !settings.is_own() {
        return Ok(format!("{} {}", settings.url, settings.name));
    }
    let encoder = app.encoder.as_ref().ok_or(Failure::Nowhere)?;
    // The first time, the model is read.
    let named = in_time(of, async { encoder.fingerprint().await.map_err(of_own_model) });
    Ok(format!("{} {}", settings.url, named.await?))
}

fn of_own_model(error: anyhow::Error) -> Failure {
    tracing::debug!(error = format!("{error:#}"), "the server's own model failed");
    Failure::Broken
}
