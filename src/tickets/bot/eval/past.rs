//! A run as it is kept, and what has changed since.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::report::Report;
use super::store;
use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::tickets::bot::settings::engine::Engine;

#[derive(Clone, Debug)]
pub struct Past {
    pub created_at: Timestamp,
    pub engine: Engine,
    pub model: Option<String>,
    pub counts: Counts,
    pub outcomes: Vec<Outcome>,
}

/// What is added up. What an older version did not count is zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub asked: usize,
    /// Questions that an article answers.
    pub covered: usize,
    /// Of these: the article is among the first three found; it was the answer; another one was; a person was asked for.
    pub in_top_3: usize,
    pub answered: usize,
    pub answered_wrong: usize,
    pub missed: usize,
    /// Questions that are a person's, and those of them that went to one.
    pub uncovered: usize,
    pub handed_over: usize,
    /// By what the bot did.
    pub replies: BTreeMap<String, usize>,
    /// By why a person was asked for, and by why there was no decision.
    pub reasons: BTreeMap<String, usize>,
    pub failures: BTreeMap<String, usize>,
    /// Answers that rest on their sources, and those that were not given because they do not.
    pub grounded: usize,
    pub not_grounded: usize,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cost: f64,
    pub p50_ms: i64,
    pub p90_ms: i64,
}

/// What became of one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The question of a file, the number of a ticket.
    pub of: String,
    pub outcome: String,
    /// The more the better.
    pub grade: u8,
}

/// Keeps the run, all of whose questions were asked, and puts the one before it of the same name beside it.
pub async fn keep(app: &App, tenant: TenantKey, mut report: Report) -> Result<Report> {
    report.finish();
    let name = report.name.clone();
    let new = Past {
        created_at: app.clock.now(),
        engine: report.engine,
        model: report.model.clone(),
        counts: report.counts.clone(),
        outcomes: report.questions.iter().map(|question| question.outcome.clone()).collect(),
    };
    let kept = app.db.write(move |tx| {
        lock_tenant(tx, tenant)?;
        let last = store::find_last(tx, tenant, &name)?;
        store::insert(tx, tenant, &name, &new)?;
        Ok(last)
    });
    report.last = kept.await?;
    Ok(report)
}

/// The questions of both whose outcome is another one now.
pub fn changes(last: &Past, now: &[Outcome]) -> String {
    let before: HashMap<&str, &Outcome> = last.outcomes.iter().map(|outcome| (outcome.of.as_str(), outcome)).collect();
    let (mut counts, mut lines) = ([0; 3], String::new());
    for outcome in now {
        let Some(old) = before.get(outcome.of.as_str()).filter(|old| old.outcome != outcome.outcome) else { continue };
        let (place, word) = match outcome.grade.cmp(&old.grade) {
            std::cmp::Ordering::Greater => (0, "better"),
            std::cmp::Ordering::Less => (1, "worse"),
            std::cmp::Ordering::Equal => (2, "other"),
        };
        counts[place] += 1;
        let _ = write!(lines, "\n  {word}: {}: {}, was {}", outcome.of, outcome.outcome, old.outcome);
    }
    let [better, worse, other] = counts;
    let model = last.model.as_deref().map(|model| format!(" {model}")).unwrap_or_default();
    format!(
        "against the run of {} ({}{model}): {better} better, {worse} worse, {other} otherwise{lines}",
        last.created_at,
        last.engine.as_str()
    )
}
