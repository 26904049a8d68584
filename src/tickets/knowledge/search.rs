//! Finding: what of a tenant's knowledge answers a question, and how well.
//!
//! The engine names candidates by its own rank. The score is ours, and the same on both: how much of what is asked a passage
//! covers, each word weighing by how rare it is among the tenant's passages. It says what a rank cannot: whether that is
//! enough. A question of words that nobody has written about scores low, however well the rest of it fits.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::model::Found;
use super::reader::Reader;
use super::store::passages::{self, Candidate};
use super::words;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::db::{self, Tx};
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::page::Page;
use crate::platform::http::problem::Problem;
use crate::platform::http::query::Query;

const MOST_CHARS: usize = 500;
/// What the engine's rank is asked for, and what a search answers.
const CANDIDATES: i64 = 60;
const MOST_FOUND: usize = 10;
/// Of the telling words of a question, so many are looked up.
const MOST_WORDS: usize = 24;

/// A few passages say little about how rare a word is: there are thought to be so many at least.
const BACKGROUND: f64 = 40.0;
/// What a word weighs that no passage has, as a part of the weight of one that a single passage has: it may be what the
/// question is about, or how this person talks.
const UNKNOWN: f64 = 1.0;
/// What a word is worth by where it is found.
const IN_TITLE: f64 = 1.0;
const IN_HEADING: f64 = 0.95;
const IN_TEXT: f64 = 0.7;
/// So much has to be covered for a full score: one common word is no evidence.
const EVIDENCE: f64 = 4.0;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(search))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct SearchQuery {
    /// A question, or some words, of at most 500 characters.
    q: String,
}

/// The articles that answer a question, each by its best passage, the best first; ten at most. Anybody of the tenant may
/// ask, signed in or not; staff find drafts as well.
#[utoipa::path(get, path = "/api/kb/search", tag = "knowledge", operation_id = "search_articles", security((), ("bearer" = []), ("api_key" = [])),
    params(SearchQuery),
    responses((status = 200, body = Page<Found>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn search(
    State(app): State<App>,
    reader: Reader,
    Query(SearchQuery { q }): Query<SearchQuery>,
) -> Result<Json<Page<Found>>> {
    if q.chars().count() > MOST_CHARS {
        return Err(Error::invalid("q", "too_long", "At most 500 characters."));
    }
    let with_drafts = reader.sees_drafts();
    let mut data = app.db.read(move |tx| find(tx, reader.tenant, with_drafts, &q)).await?;
    data.truncate(MOST_FOUND);
    Ok(Json(Page { data, next_cursor: None }))
}

/// The articles that have any of the words, each by its best passage, the best first.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, with_drafts: bool, question: &str) -> Result<Vec<Found>> {
    let found = find_scored(tx, tenant, with_drafts, question, &[])?.into_iter().map(|(_, found)| found);
    let mut seen = HashSet::new();
    Ok(found.filter(|found| found.score > 0.0 && seen.insert(found.article_id.clone())).collect())
}

/// The published passages that have any of the words, with their keys, the best first; and `others`, whatever they score.
pub fn find_passages(tx: &mut Tx<'_>, tenant: TenantKey, question: &str, others: &[i64]) -> Result<Vec<(i64, Found)>> {
    find_scored(tx, tenant, false, question, others)
}

fn find_scored(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    with_drafts: bool,
    question: &str,
    others: &[i64],
) -> Result<Vec<(i64, Found)>> {
    let asked = weigh(tx, tenant, with_drafts, &words::informative(question))?;
    let known: Vec<String> = asked.iter().filter(|asked| asked.is_known).map(|asked| asked.stem.clone()).collect();
    let mut ranked = db::find_passages(tx, tenant.0, with_drafts, &known, CANDIDATES)?;
    ranked.extend(others.iter().filter(|other| !ranked.contains(other)).copied().collect::<Vec<_>>());
    let mut candidates: HashMap<i64, Candidate> =
        passages::list(tx, tenant, with_drafts, &ranked)?.into_iter().collect();
    let in_order = ranked.iter().filter_map(|key| candidates.remove(key).map(|candidate| (*key, candidate)));
    let mut found: Vec<(i64, Found)> = in_order.map(|(key, candidate)| (key, scored(candidate, &asked))).collect();
    // Of equal scores, the engine's rank decides: the sort is stable.
    found.sort_by(|(_, one), (_, other)| other.score.total_cmp(&one.score));
    Ok(found)
}

struct Asked {
    stem: String,
    weight: f64,
    is_known: bool,
}

fn weigh(tx: &mut Tx<'_>, tenant: TenantKey, with_drafts: bool, stems: &[String]) -> Result<Vec<Asked>> {
    if stems.is_empty() {
        return Ok(Vec::new());
    }
    let all = db::count_passages(tx, tenant.0, with_drafts, None)? as f64;
    let mut asked = Vec::with_capacity(stems.len());
    for stem in stems.iter().take(MOST_WORDS) {
        let having = db::count_passages(tx, tenant.0, with_drafts, Some(stem))?;
        let is_known = having > 0;
        let weight = if is_known { rarity(all, having as f64) } else { UNKNOWN * rarity(all, 1.0) };
        asked.push(Asked { stem: stem.clone(), weight, is_known });
    }
    asked.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    Ok(asked)
}

fn rarity(all: f64, having: f64) -> f64 {
    let all = all.max(BACKGROUND);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

fn scored(candidate: Candidate, asked: &[Asked]) -> Found {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<HashSet<_>>();
    let places = [
        (words(&candidate.title_words), IN_TITLE),
        (words(&candidate.heading_words), IN_HEADING),
        (words(&candidate.text_words), IN_TEXT),
    ];
    let worth = |stem: &String| places.iter().find(|(words, _)| words.contains(stem)).map_or(0.0, |(_, worth)| *worth);
    let covered: f64 = asked.iter().map(|asked| asked.weight * worth(&asked.stem)).sum();
    let wanted: f64 = asked.iter().map(|asked| asked.weight).sum();
    // Of a question without a telling word, nothing can be covered.
    let score = if wanted > 0.0 { covered / wanted * (covered / EVIDENCE).min(1.0) } else { 0.0 };
    Found {
        article_id: candidate.article_id,
        slug: candidate.slug,
        title: candidate.title,
        language: candidate.language,
        heading: candidate.heading,
        text: candidate.text,
        score: (score * 1000.0).round() / 1000.0,
    }
}
