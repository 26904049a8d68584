//! Finding by meaning beside finding by words: the passages whose vectors are nearest to the question's, merged with those that
//! have its words.
//!
//! The two lists are merged by their places alone (reciprocal rank fusion, Cormack and others, SIGIR 2009): scores of different
//! kinds do not add up. Where no model makes vectors, or it does not answer in time, words alone decide.
//! Every vector of the tenant is compared: a hundred thousand comparisons take some ten milliseconds, and nothing is missed.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::model::embed::{self, embed};
use super::reply::Desk;
use super::settings;
use super::settings::models::EmbeddingSettings;
use super::store;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::outbound::Failure;
use crate::tickets::knowledge::model::Found;
use crate::tickets::knowledge::search;
use crate::tickets::knowledge::vectors;

const DEADLINE: Duration = Duration::from_secs(3);
const BATCH_DEADLINE: Duration = Duration::from_secs(30);
const BATCH: i64 = 32;
/// Passages of one tenant that are compared.
const MOST_COMPARED: i64 = 100_000;
/// The nearest ones.
const NEAREST: usize = 20;
/// What softens the first places (the figure of the paper).
const SOFT: f64 = 60.0;
/// Characters of a question or a passage that are made a vector of.
const MOST_CHARS: usize = 4000;

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
    let key = desk.secrets.embedding_key.as_deref();
    let text = super::mask::mask(&super::prompt::cut(question, MOST_CHARS));
    let texts = [text];
    let asked = tokio::time::timeout(DEADLINE, embed(&app.outbound, settings, key, &texts)).await;
    let vector = match asked.unwrap_or(Err(Failure::TimedOut)) {
        Ok(mut vectors) => vectors.swap_remove(0),
        Err(failure) => {
            tracing::warn!(code = failure.as_str(), "no vector of a question; its words alone are searched for");
            return Ok(Vec::new());
        }
    };
    let model = tag(settings);
    let compared = app.db.read(move |tx| {
        let mut near: Vec<(i64, f64)> = Vec::new();
        vectors::walk(tx, tenant, &model, MOST_COMPARED, |key, bytes| {
            let other: Vec<i8> = bytes.into_iter().map(|byte| byte as i8).collect();
            near.push((key, embed::likeness(&vector, &other)));
        })?;
        near.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        near.truncate(NEAREST);
        Ok(near)
    });
    compared.await
}

/// Makes the vectors that are missing, a batch for each tenant. True: there are more.
pub async fn bring_up(app: &App) -> Result<bool> {
    let mut has_more = false;
    for tenant in app.db.read(store::list_tenants_with_vectors).await? {
        let (settings, secrets, _) = app.db.read(move |tx| settings::find_all(tx, tenant)).await?;
        let Some(embedding) = &settings.embedding else { continue };
        let model = tag(embedding);
        let missing = {
            let model = model.clone();
            app.db.read(move |tx| vectors::list_missing(tx, tenant, &model, BATCH)).await?
        };
        if missing.is_empty() {
            continue;
        }
        let texts: Vec<String> = missing.iter().map(|(_, text)| super::prompt::cut(text, MOST_CHARS)).collect();
        let key = secrets.embedding_key.as_deref();
        let made = tokio::time::timeout(BATCH_DEADLINE, embed(&app.outbound, embedding, key, &texts)).await;
        match made.unwrap_or(Err(Failure::TimedOut)) {
            Ok(vectors) => {
                has_more |= missing.len() as i64 == BATCH;
                app.db
                    .write(move |tx| {
                        for ((passage, _), vector) in missing.iter().zip(&vectors) {
                            let bytes: Vec<u8> = vector.iter().map(|part| *part as u8).collect();
                            vectors::put(tx, tenant, *passage, &model, &bytes)?;
                        }
                        Ok(())
                    })
                    .await?;
            }
            Err(failure) => {
                tracing::warn!(code = failure.as_str(), "no vectors of a tenant's articles; trying again");
            }
        }
    }
    Ok(has_more)
}

/// What vectors that may be compared have in common.
fn tag(settings: &EmbeddingSettings) -> String {
    format!("{} {}", settings.url, settings.name)
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
