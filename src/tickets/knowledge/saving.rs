//! Saving an article, whoever writes it: its row, its version, its passages, the event, in one transaction.

use sha2::{Digest, Sha256};

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
use crate::platform::{id, secret};

/// Of the hash of words that a slug cannot have.
const MARK_BYTES: usize = 4;
/// Slugs of one beginning. `slug_of` leaves room for the number.
const MOST_ALIKE: u32 = 1_000_000;

pub fn create_in(tx: &mut Tx<'_>, app: &App, act: &Act, author: Option<UserKey>, new: NewArticle) -> Result<Article> {
    // One at a time: an article's slug is free until it is taken.
    lock_tenant(tx, act.tenant)?;
    check_collection(tx, act.tenant, new.collection_id.as_deref())?;
    let slug = match new.slug {
        Some(slug) => slug,
        None => free_slug(tx, act.tenant, slug_of(&new.title))?,
    };
    if articles::is_slug_taken(tx, act.tenant, &slug)? {
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
    let article = Article { summary, body: new.body, source_url: None };
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

/// With a number behind it where it is taken.
pub fn free_slug(tx: &mut Tx<'_>, tenant: TenantKey, base: String) -> Result<String> {
    if !articles::is_slug_taken(tx, tenant, &base)? {
        return Ok(base);
    }
    let free = free_number(|number| articles::is_slug_taken(tx, tenant, &format!("{base}-{number}")))?;
    free.map(|number| format!("{base}-{number}")).ok_or(Error::Conflict("slug_taken"))
}

/// The next one where all before it are taken, by few questions: a site may call thousands of pages alike.
fn free_number(mut is_taken: impl FnMut(u32) -> Result<bool>) -> Result<Option<u32>> {
    let (mut taken, mut free) = (1, 2);
    while is_taken(free)? {
        (taken, free) = (free, free * 2);
        if free > MOST_ALIKE {
            return Ok(None);
        }
    }
    while free - taken > 1 {
        let middle = taken.midpoint(free);
        if is_taken(middle)? { taken = middle } else { free = middle }
    }
    Ok(Some(free))
}

/// The same for the same title, and another for another one, also where they differ by words that no slug can have: those of
/// scripts that are not Latin stand in it as a few digits of their hash.
pub fn slug_of(title: &str) -> String {
    let folded = words::phrase(title);
    let is_plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (plain, other): (Vec<&str>, Vec<&str>) = folded.split_whitespace().partition(is_plain);
    let mark = (!other.is_empty()).then(|| secret::hex(&Sha256::digest(other.join(" "))[..MARK_BYTES]));
    let mut slug = String::new();
    for word in plain {
        // Room for the mark, and for a number.
        if slug.len() + word.len() > LONGEST_SLUG - 8 - 1 - 2 * MARK_BYTES {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    match mark {
        Some(mark) if slug.is_empty() => format!("page-{mark}"),
        Some(mark) => format!("{slug}-{mark}"),
        None if slug.is_empty() => "page".into(),
        None => slug,
    }
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
    use std::collections::HashSet;

    use super::super::articles::is_slug;
    use super::*;

    #[test]
    fn a_free_number_takes_few_questions() {
        for count in [1, 2, 3, 7, 8, 9, 2000, 9_999, 10_000, 500_000] {
            let mut asked = 0;
            let free = free_number(|number| {
                asked += 1;
                Ok(number <= count)
            });
            assert_eq!(free.expect("no error"), Some(count + 1));
            assert!(asked <= 40, "{asked} questions for {count}");
        }
        assert_eq!(free_number(|number| Ok(number != 5)).expect("no error"), None, "all that were asked for are taken");
        assert_eq!(
            free_number(|number| Ok([2, 3, 4, 8].contains(&number))).expect("no error").map(|free| free > 4),
            Some(true)
        );
    }

    #[test]
    fn a_slug_is_made_of_a_title() {
        assert_eq!(slug_of("How long does it keep?"), "how-long-does-it-keep");
        assert_eq!(slug_of("?!"), "page");
        let names = ["配送", "退货", "Доставка", "FAQ 配送", "FAQ 退货", "FAQ", "доставка-ru", "配送?"];
        let slugs: Vec<String> = names.iter().map(|name| slug_of(name)).collect();
        assert_eq!(slugs[..7].iter().collect::<HashSet<_>>().len(), 7, "{slugs:?}");
        assert_eq!((&slugs[0], slug_of("配送")), (&slugs[7], slugs[0].clone()), "the same for the same words");
        assert!(slugs[0].starts_with("page-") && slugs[3].starts_with("faq-") && slugs[5] == "faq", "{slugs:?}");
        for title in ["Café crème", "a".repeat(200).as_str(), &"word ".repeat(50), "--", "İstanbul"] {
            assert!(is_slug(&slug_of(title), &()).is_ok(), "{title}");
        }
        for bad in ["", "-", "a-", "A", "a--b", "é", &"a".repeat(81)] {
            assert!(is_slug(&bad, &()).is_err(), "{bad}");
        }
    }
}
