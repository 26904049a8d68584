//! Articles from the pages of a site, by its site map (sitemaps.org, protocol 0.9): `smilechat kb import https://…/sitemap.xml`.
//!
//! Every address is asked through `platform/outbound`, redirects step by step. Pages are those of the site map's own origin: a site
//! map is a list that somebody else wrote. An article is known by the address that the map has for its page.
//!
//! Invariant: what a page holds becomes Markdown that says text, headings, lists and links by http, and nothing else.

mod page;
mod sitemap;

use std::collections::HashSet;
use std::mem;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Url;
use tokio::time::timeout;

use super::import::{self, Draft, Imported};
use super::model::ArticleStatus;
use super::saving::slug_of;
use super::store::articles;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::platform::outbound::{Failure, Outbound};
use crate::tickets::Progress;

/// Site maps that a list of them may name.
const MOST_SITEMAPS: usize = 50;
/// Of all of them together.
const MOST_ADDRESSES: usize = 200_000;
/// What the protocol allows a site map, which is 50 MB, is more than an import is for.
const LONGEST_SITEMAP: usize = 10_000_000;
const LONGEST_PAGE: usize = 2_000_000;
/// The protocol's limit, which an index of PostgreSQL bears.
const LONGEST_ADDRESS: usize = 2048;
const MOST_REDIRECTS: usize = 3;
/// Of one page, with its redirects.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pages asked for at once: they are all of one site.
const AT_ONCE: usize = 4;

/// Whether a path that was given is an address.
pub fn is_address(path: &str) -> bool {
    path.starts_with("https://") || path.starts_with("http://")
}

/// What became of a site.
#[derive(Debug)]
pub struct Outcome {
    pub imported: Imported,
    /// What made no article, each with the reason.
    pub left_out: Vec<String>,
    /// Pages of the site that are articles and that the map does not list, any more or at all.
    pub unlisted: Vec<String>,
}

/// Stores the pages that the site map at `address` lists, at most `most` of them. What one that is cut short has stored stays.
pub async fn import(
    app: &App,
    tenant: TenantKey,
    address: &str,
    most: usize,
    status: ArticleStatus,
    progress: Progress<'_>,
) -> anyhow::Result<Outcome> {
    let outbound = &app.outbound;
    let map = Url::parse(address).with_context(|| format!("{address}: no address"))?;
    let (pages, mut left_out) = list(outbound, &map).await?;
    ensure!(!pages.is_empty(), "{map}: the site map lists no page of {}", map.origin().ascii_serialization());
    let unlisted = unlisted(app, tenant, &map, &pages).await?;
    if pages.len() > most {
        left_out.push(format!("{} pages beyond the first {most}", pages.len() - most));
    }
    let count = pages.len().min(most);
    let asked = pages.into_iter().take(most).map(|page| async move {
        let answer = timeout(PATIENCE, fetch(outbound, &page, LONGEST_PAGE)).await;
        (page, answer.unwrap_or(Err(Failure::TimedOut)))
    });
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    let (mut imported, mut drafts, mut places) = (Imported::default(), Vec::new(), HashSet::new());
    let mut done = 0;
    while let Some((asked, answer)) = answers.next().await {
        match answer.map_err(in_words).and_then(|found| draft(&asked, found, &mut places)) {
            Ok(draft) => drafts.push(draft),
            Err(why) => left_out.push(format!("{asked}: {why}")),
        }
        done += 1;
        if drafts.len() == import::BATCH || done == count {
            imported += import::store(app, tenant, mem::take(&mut drafts), status).await?;
        }
        progress(done, count);
    }
    Ok(Outcome { imported, left_out, unlisted })
}

/// What was imported from this origin before, and is not among its pages.
async fn unlisted(app: &App, tenant: TenantKey, map: &Url, pages: &[Url]) -> anyhow::Result<Vec<String>> {
    let sources = app.db.read(move |tx| articles::list_sources(tx, tenant)).await?;
    let listed: HashSet<&str> = pages.iter().map(Url::as_str).collect();
    let is_here = |source: &String| Url::parse(source).is_ok_and(|url| url.origin() == map.origin());
    Ok(sources.into_iter().filter(|source| !listed.contains(source.as_str()) && is_here(source)).collect())
}

/// The pages of the map's own origin, each once; and in words what else it lists.
async fn list(outbound: &Outbound, map: &Url) -> anyhow::Result<(Vec<Url>, Vec<String>)> {
    let (mut maps, mut pages) = (vec![map.clone()], Vec::new());
    let (mut known, mut foreign) = (HashSet::from([map.clone()]), 0);
    let mut read = 0;
    while let Some(next) = maps.pop() {
        read += 1;
        ensure!(read <= MOST_SITEMAPS, "{map}: more than {MOST_SITEMAPS} site maps");
        let found = timeout(PATIENCE, fetch(outbound, &next, LONGEST_SITEMAP)).await.unwrap_or(Err(Failure::TimedOut));
        let found = found.map_err(|failure| anyhow::anyhow!("{next}: {}", in_words(failure)))?;
        let entries = sitemap::read(&found.body, LONGEST_SITEMAP).with_context(|| next.to_string())?;
        for entry in entries {
            let Some(mut url) = next.join(&entry.address).ok().filter(|url| url.origin() == map.origin()) else {
                foreign += 1;
                continue;
            };
            url.set_fragment(None);
            ensure!(known.len() < MOST_ADDRESSES, "{map}: more than {MOST_ADDRESSES} addresses");
            if known.insert(url.clone()) {
                if entry.is_sitemap { maps.push(url) } else { pages.push(url) }
            }
        }
    }
    let foreign = (foreign > 0).then(|| format!("{foreign} addresses of other sites"));
    Ok((pages, foreign.into_iter().collect()))
}

/// For the operator, who may know which status it was.
fn in_words(failure: Failure) -> String {
    match failure {
        Failure::Status(status, _) => format!("status {status}"),
        other => other.as_str().to_owned(),
    }
}

struct Found {
    /// Where it was in the end.
    url: Url,
    is_html: bool,
    body: Bytes,
}

/// Follows redirects within the origin.
async fn fetch(outbound: &Outbound, url: &Url, longest: usize) -> Result<Found, Failure> {
    let mut url = url.clone();
    for _ in 0..=MOST_REDIRECTS {
        let answer = outbound.get(&url).await?;
        match answer.redirect() {
            None => {
                let is_html = answer.is_of_type("text/html") || answer.is_of_type("application/xhtml+xml");
                return Ok(Found { is_html, body: answer.up_to(longest).whole().await?, url });
            }
            Some(place) => {
                let next = url.join(&place).map_err(|_| Failure::Broken)?;
                // From http to https of the same host is where most sites send.
                let is_secured =
                    url.scheme() == "http" && next.scheme() == "https" && next.host_str() == url.host_str();
                if next.origin() != url.origin() && !(is_secured && next.port().is_none()) {
                    return Err(Failure::Refused);
                }
                url = next;
            }
        }
    }
    Err(Failure::Broken)
}

/// The article that a page makes, or why it makes none. `places` are where the pages before it were found.
fn draft(asked: &Url, found: Found, places: &mut HashSet<Url>) -> Result<Draft, String> {
    if !found.is_html {
        return Err("no HTML".into());
    }
    if asked.as_str().len() > LONGEST_ADDRESS {
        return Err("its address is too long".into());
    }
    let page = page::read(&String::from_utf8_lossy(&found.body), &found.url);
    if page.is_hidden {
        return Err("it asks not to be indexed".into());
    }
    let path = found.url.path().trim_matches('/');
    let named =
        path.strip_suffix(".html").or_else(|| path.strip_suffix(".htm")).unwrap_or(path).replace(['/', '-', '_'], " ");
    let title = if page.title.is_empty() { named.clone() } else { page.title };
    let draft = Draft {
        slug: slug_of(if named.is_empty() { &title } else { &named }),
        title,
        body: page.body,
        keywords: None,
        collection: None,
        language: page.language,
        source_url: Some(asked.as_str().to_owned()),
    };
    if draft.body.is_empty() {
        return Err("no text".into());
    }
    import::check(&draft).map_err(|report| report.to_string().trim().to_owned())?;
    // Two addresses may lead to one page.
    if places.insert(found.url) { Ok(draft) } else { Err("it leads to a page that was read already".into()) }
}
