//! Saving an article, whoever writes it: its row, its version, its passages, the event, in one transaction.

use super::articles::{ArticlePatch, LONGEST_SLUG, NewArticle, check_collection};
use super::model::{Article, ArticleStatus, ArticleSummary};
use super::store::{articles, passages as rows, versions};
use super::{passages, words};
use crate::app::App;
use crate::auth::lock_tenant;
use crate::auth::model::{TenantKey, UserKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id;

pub fn create_in(tx: &mut Tx<'_>, app: &App, act: &Act, author: Option<UserKey>, new: NewArticle) -> Result<Article> {
    // One at a time: an article's slug is free until it is taken.
    lock_tenant(tx, act.tenant)?;
    check_collection(tx, act.tenant, new.collection_id.as_deref())?;
    let slug = match new.slug {
        Some(slug) => slug,
        None => free_slug(tx, act.tenant, &new.title)?,
    };
    if articles::find_by_slug(tx, act.tenant, &slug)?.is_some() {
        return Err(Error::Conflict("slug_taken"));
    }
    let status = new.status.unwrap_or_default();
    let summary = ArticleSummary {
        article_id: id::new_id(act.at, &app.random),
        collection_id: new.collection_id,
        slug,
        language: new.language.unwrap_or_else(|| "en".into()),
        title: new.title,
        keywords: new.keywords,
        status,
        version: 1,
        helpful_yes: 0,
        helpful_no: 0,
        created_at: act.at,
        updated_at: act.at,
        published_at: (status == ArticleStatus::Published).then_some(act.at),
    };
    let article = Article { summary, body: new.body };
    articles::insert(tx, act.tenant, &article, author)?;
    versions::insert(tx, act.tenant, &article, author, act.at)?;
    index(tx, act.tenant, &article)?;
    record(tx, act, &article, &["created"])?;
    Ok(article)
}

/// Writes what a patch changes of an article that the tenant's lock holds.
pub fn save(
    tx: &mut Tx<'_>,
    act: &Act,
    author: Option<UserKey>,
    before: Article,
    patch: ArticlePatch,
) -> Result<Article> {
    let mut after = before.clone();
    let summary = &mut after.summary;
    summary.title = patch.title.unwrap_or(before.summary.title.clone());
    summary.keywords = patch.keywords.unwrap_or(before.summary.keywords.clone());
    summary.slug = patch.slug.unwrap_or(before.summary.slug.clone());
    summary.language = patch.language.unwrap_or(before.summary.language.clone());
    summary.collection_id = patch.collection_id.unwrap_or(before.summary.collection_id.clone());
    summary.status = patch.status.unwrap_or(before.summary.status);
    after.body = patch.body.unwrap_or(before.body.clone());
    let changed = differences(&before, &after);
    if changed.is_empty() {
        return Ok(before);
    }
    after.summary.updated_at = act.at.max(Timestamp(before.summary.updated_at.0 + 1));
    if after.summary.status == ArticleStatus::Published {
        after.summary.published_at = after.summary.published_at.or(Some(act.at));
    }
    let has_new_text = changed.iter().any(|field| ["title", "body", "keywords"].contains(field));
    after.summary.version += i64::from(has_new_text);
    articles::update(tx, act.tenant, &after, author)?;
    if has_new_text {
        versions::insert(tx, act.tenant, &after, author, act.at)?;
    }
    if has_new_text || changed.contains(&"status") {
        index(tx, act.tenant, &after)?;
    }
    record(tx, act, &after, &changed)?;
    Ok(after)
}

fn differences(before: &Article, after: &Article) -> Vec<&'static str> {
    let (one, other) = (&before.summary, &after.summary);
    let pairs = [
        ("title", one.title != other.title),
        ("body", before.body != after.body),
        ("keywords", one.keywords != other.keywords),
        ("slug", one.slug != other.slug),
        ("language", one.language != other.language),
        ("collection_id", one.collection_id != other.collection_id),
        ("status", one.status != other.status),
    ];
    pairs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// Made of a title's words, with a number behind it where that is taken.
fn free_slug(tx: &mut Tx<'_>, tenant: TenantKey, title: &str) -> Result<String> {
    let base = slug_of(title);
    if articles::find_by_slug(tx, tenant, &base)?.is_none() {
        return Ok(base);
    }
    for number in 2..10_000 {
        let slug = format!("{base}-{number}");
        if articles::find_by_slug(tx, tenant, &slug)?.is_none() {
            return Ok(slug);
        }
    }
    Err(Error::Conflict("slug_taken"))
}

pub fn slug_of(title: &str) -> String {
    let folded = words::phrase(title);
    let is_plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut slug = String::new();
    for word in folded.split_whitespace().filter(is_plain) {
        // Room for a number.
        if slug.len() + word.len() > LONGEST_SLUG - 8 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if slug.is_empty() { "article".into() } else { slug }
}

/// Makes the article's passages anew. Keywords are found as the title is.
fn index(tx: &mut Tx<'_>, tenant: TenantKey, article: &Article) -> Result<()> {
    let summary = &article.summary;
    let title_words = words::stems(&format!("{} {}", summary.title, summary.keywords.join(" ")));
    let cut = passages::cut(&article.body).into_iter();
    let cut: Vec<_> = cut
        .map(|passage| {
            let (heading, text) = (words::stems(&passage.heading), words::stems(&passage.text));
            (passage, heading, text)
        })
        .collect();
    let is_published = summary.status == ArticleStatus::Published;
    rows::replace(tx, tenant, &summary.article_id, is_published, &title_words, &cut)
}

fn record(tx: &mut Tx<'_>, act: &Act, article: &Article, changed: &[&'static str]) -> Result<()> {
    let summary = &article.summary;
    let what = What::ArticleSaved {
        article_id: summary.article_id.clone(),
        slug: summary.slug.clone(),
        version: summary.version,
        status: summary.status.as_str(),
        changed: changed.to_vec(),
    };
    events::record(tx, act, what)
}

#[cfg(test)]
mod tests {
    use super::super::articles::is_slug;
    use super::*;

    #[test]
    fn a_slug_is_made_of_a_title() {
        assert_eq!(slug_of("How long does it keep?"), "how-long-does-it-keep");
        assert_eq!(slug_of("名前"), "article");
        for title in ["Café crème", "a".repeat(200).as_str(), &"word ".repeat(50), "--", "İstanbul"] {
            assert!(is_slug(&slug_of(title), &()).is_ok(), "{title}");
        }
        for bad in ["", "-", "a-", "A", "a--b", "é", &"a".repeat(81)] {
            assert!(is_slug(&bad, &()).is_err(), "{bad}");
        }
    }
}
