//! Finding by meaning beside finding by words: the passages whose vectors are nearest to the question's, merged with those that
//! have its words.
//!
//! The two lists are merged by their places alone (reciprocal rank fusion, Cormack and others, SIGIR 2009): scores of different
//! kinds do not add up. Where no model makes vectors, or it does not answer in time, words alone decide.
//! Every vector of the tenant is compared: a hundred thousand comparisons take some ten milliseconds, and nothing is missed. They
//! are read a thousand at a time, of which the nearest are kept: no more is held in memory, and others read in between.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::budget::VectorsOf;
use super::embedding;
use super::model::embed;
use super::reply::Desk;
use super::settings::models::EmbeddingSettings;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::tickets::knowledge::model::Found;
use crate::tickets::knowledge::search;
use crate::tickets::knowledge::vectors;

/// Passages of one tenant that are compared, and those of one read.
const MOST_COMPARED: usize = 100_000;
const CHUNK: usize = 1000;
/// The nearest ones.
const NEAREST: usize = 20;
/// What softens the first places (the figure of the paper).
const SOFT: f64 = 60.0;

/// What was found, the best first, and which of it means the same as the question by the tenant's own bound.
#[derive(Debug, Default)]
pub struct Findings {
    pub found: Vec<Found>,
    pub same: HashSet<String>,
}

pub async fn find(app: &App, desk: &Desk, tenant: TenantKey, question: &str) -> Result<Findings> {
    let near = match &desk.settings.embedding {
        Some(embedding) => nearest(app, desk, embedding, tenant, question).await?,
        None => Vec::new(),
    };
    let (keys, words) = (near.iter().map(|(key, _)| *key).collect::<Vec<_>>(), question.to_owned());
    let by_words = app.db.read(move |tx| search::find_passages(tx, tenant, &words, &keys)).await?;
    let bound = desk.settings.embedding.as_ref().and_then(|embedding| embedding.threshold);
    Ok(merge(by_words, &near, bound))
}

/// `by_words` has the near ones too, those without the question's words with a score of 0.
fn merge(by_words: Vec<(i64, Found)>, near: &[(i64, f64)], bound: Option<f64>) -> Findings {
    let mut ranks: HashMap<i64, f64> = HashMap::new();
    let in_words = by_words.iter().filter(|(_, found)| found.score > 0.0).map(|(key, _)| *key);
    for (place, key) in in_words.enumerate() {
        *ranks.entry(key).or_default() += 1.0 / (SOFT + place as f64 + 1.0);
    }
    for (place, (key, _)) in near.iter().enumerate() {
        *ranks.entry(*key).or_default() += 1.0 / (SOFT + place as f64 + 1.0);
    }
    let likeness: HashMap<i64, f64> = near.iter().copied().collect();
    let mut ranked = by_words;
    ranked.retain(|(key, _)| ranks.contains_key(key));
    ranked.sort_by(|(one, _), (other, _)| ranks[other].total_cmp(&ranks[one]));
    let mut findings = Findings::default();
    let mut seen = HashSet::new();
    for (key, found) in ranked {
        if seen.insert(found.article_id.clone()) {
            if bound.is_some_and(|bound| likeness.get(&key).is_some_and(|likeness| *likeness >= bound)) {
                findings.same.insert(found.article_id.clone());
            }
            findings.found.push(found);
        }
    }
    findings
}

/// The nearest passages and how near they are; none where that cannot be told now.
async fn nearest(
    app: &App,
    desk: &Desk,
    settings: &EmbeddingSettings,
    tenant: TenantKey,
    question: &str,
) -> Result<Vec<(i64, f64)>> {
    let texts = [super::mask::mask(&super::prompt::cut(question, embedding::MOST_CHARS))];
    let made = match embedding::tag(app, settings, VectorsOf::AQuestion).await {
        Ok(tag) => embedding::make(app, desk, tenant, VectorsOf::AQuestion, &texts).await?.map(|made| (tag, made)),
        Err(failure) => Err(failure.as_str()),
    };
    match made {
        Ok((tag, mut vectors)) => return compare(app, tenant, tag, vectors.swap_remove(0)).await,
        Err("budget") => tracing::debug!("no vector of a question: the day's tokens are used up"),
        Err(code) => tracing::warn!(code, "no vector of a question; its words alone are searched for"),
    }
    Ok(Vec::new())
}

async fn compare(app: &App, tenant: TenantKey, model: String, vector: Vec<i8>) -> Result<Vec<(i64, f64)>> {
    let (vector, model) = (Arc::new(vector), Arc::new(model));
    let (mut nearest, mut after, mut compared) = (Vec::new(), i64::MIN, 0);
    while compared < MOST_COMPARED {
        let (vector, model) = (vector.clone(), model.clone());
        let chunk = app.db.read(move |tx| {
            let mut chunk: Vec<(i64, f64)> = Vec::with_capacity(CHUNK);
            vectors::walk(tx, tenant, &model, after, CHUNK as i64, |key, bytes| {
                let other: Vec<i8> = bytes.into_iter().map(|byte| byte as i8).collect();
                chunk.push((key, embed::likeness(&vector, &other)));
            })?;
            Ok(chunk)
        });
        let chunk = chunk.await?;
        let (seen, last) = (chunk.len(), chunk.last().map(|(key, _)| *key));
        keep_nearest(&mut nearest, chunk);
        let Some(last) = last.filter(|_| seen == CHUNK) else { break };
        (after, compared) = (last, compared + seen);
    }
    Ok(nearest)
}

/// The nearest first.
fn keep_nearest(nearest: &mut Vec<(i64, f64)>, more: Vec<(i64, f64)>) {
    nearest.extend(more);
    nearest.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    nearest.truncate(NEAREST);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(article: &str, score: f64) -> Found {
        Found {
            article_id: article.into(),
            slug: article.into(),
            title: article.into(),
            language: "en".into(),
            heading: String::new(),
            text: String::new(),
            score,
        }
    }

    #[test]
    fn what_both_find_comes_first_and_an_article_comes_once() {
        let by_words = vec![(1, found("a", 0.9)), (2, found("b", 0.5)), (3, found("c", 0.0)), (4, found("b", 0.0))];
        let near = [(2, 0.9), (3, 0.8), (4, 0.7)];
        let Findings { found, same } = merge(by_words.clone(), &near, Some(0.8));
        assert_eq!(found.iter().map(|found| found.slug.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
        assert_eq!(same, HashSet::from(["b".to_owned(), "c".to_owned()]));
        let words_alone = merge(by_words, &[], None);
        assert_eq!(words_alone.found.iter().map(|found| found.slug.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}
