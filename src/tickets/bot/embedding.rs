//! Vectors of what a tenant has published, made batch by batch by the tenant's own model, within the tenant's budget.

use std::time::Duration;

use super::budget::{self, Share, VectorsOf};
use super::model::Tokens;
use super::model::embed::embed;
use super::prompt::cut;
use super::settings;
use super::settings::models::EmbeddingSettings;
use super::store;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::outbound::Failure;
use crate::tickets::knowledge::vectors;

const DEADLINE: Duration = Duration::from_secs(30);
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
    let (settings, secrets, _) = app.db.read(move |tx| settings::find_all(tx, tenant)).await?;
    let Some(embedding) = &settings.embedding else { return Ok(Step::Done) };
    let model = tag(embedding);
    let missing = {
        let model = model.clone();
        app.db.read(move |tx| vectors::list_missing(tx, tenant, &model, BATCH)).await?
    };
    if missing.is_empty() {
        return Ok(Step::Done);
    }
    let texts: Vec<String> = missing.iter().map(|(_, text)| cut(text, MOST_CHARS)).collect();
    let share = budget::set_aside_for_vectors(app, tenant, &settings, VectorsOf::Articles, &texts).await?;
    let Some(share) = share else { return Ok(Step::Failed("budget")) };
    let key = secrets.embedding_key.as_deref();
    let made = match make(app, share, embedding, key, &texts, DEADLINE).await? {
        Ok(made) => made,
        Err(failure) => return Ok(Step::Failed(failure.as_str())),
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

/// Asks for the vectors of `texts`, for which `share` was set aside, and counts what they took.
pub async fn make(
    app: &App,
    share: Share,
    settings: &EmbeddingSettings,
    key: Option<&str>,
    texts: &[String],
    deadline: Duration,
) -> Result<std::result::Result<Vec<Vec<i8>>, Failure>> {
    let asked = tokio::time::timeout(deadline, embed(&app.outbound, settings, key, texts)).await;
    let made = asked.unwrap_or(Err(Failure::TimedOut));
    let tokens = match &made {
        Ok(made) => budget::taken_by_vectors(texts, made.tokens),
        // Read, as far as one can tell.
        Err(Failure::TooLong | Failure::Broken | Failure::TimedOut) => budget::taken_by_vectors(texts, None),
        Err(Failure::Refused | Failure::Nowhere | Failure::Unreachable | Failure::Status(..)) => Tokens::default(),
    };
    budget::settle(app, share, 0.0, tokens).await?;
    Ok(made.map(|made| made.vectors))
}

/// What vectors that may be compared have in common.
pub fn tag(settings: &EmbeddingSettings) -> String {
    format!("{} {}", settings.url, settings.name)
}
