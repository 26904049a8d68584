//! Articles from the pages of a site, by its site map (sitemaps.org, protocol 0.9): `smilechat kb import https://…/sitemap.xml`.
//!
//! Pages are those of the site map's own origin: a site map is a list that somebody else wrote. What the site's robots.txt disallows
//! is not asked for (`asking`, `robots`). An article is known by the address that the map has for its page.
//!
//! Invariant: what a page holds becomes Markdown that says text, headings, lists and links by http, and nothing else.

mod asking;
mod page;
mod robots;
mod sitemap;
mod text;

use std::collections::HashSet;
use std::mem;

use anyhow::{Context, anyhow, ensure};
use futures_util::{StreamExt, stream};
use reqwest::Url;
use tokio::task::{spawn_blocking, yield_now};

use self::asking::{Found, Missing, fetch};
use self::page::Page;
use self::robots::Robots;
use super::import::{self, Draft, Imported};
use super::model::ArticleStatus;
use super::saving::slug_of;
use super::store::articles;
use crate::app::App;
use crate::auth::model::TenantKey;
use crate::events::Act;
use crate::platform::outbound::Outbound;
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
/// Articles stored at once: a server goes on meanwhile.
const BATCH: usize = 10;
/// Pages that are read where nobody says how many.
pub const DEFAULT_MOST: usize = 500;
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

/// Stores the pages that the site map at `address` lists, at most `most` of them; of a bare site, those that the site maps list that
/// its robots.txt names, else `/sitemap.xml`. What one that is cut short has stored stays.
pub async fn import(
    app: &App,
    act: &Act,
    address: &str,
    most: usize,
    status: ArticleStatus,
    progress: Progress<'_>,
) -> anyhow::Result<Outcome> {
    let outbound = &app.outbound;
    let mut site = Url::parse(address).with_context(|| format!("{address}: no address"))?;
    let (robots, found_at) = asking::robots(outbound, &site).await?;
    let mut maps = vec![site.clone()];
    if site.path() == "/" && site.query().is_none() {
        // It may be served by https alone.
        site = found_at;
        maps = maps_of(&site, &robots);
    }
    let (pages, mut left_out) = list(outbound, &site, maps).await?;
    let unlisted = unlisted(app, act.tenant, &site, &pages).await?;
    if pages.len() > most {
        left_out.push(format!("{} pages beyond the first {most}", pages.len() - most));
    }
    let count = pages.len().min(most);
    let robots = &robots;
    let asked = pages.into_iter().take(most).map(|page| async move {
        // A robots.txt may be long, and may disallow all of them.
        yield_now().await;
        let answer = read(outbound, &page, robots).await;
        (page, answer)
    });
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    let (mut imported, mut drafts, mut places) = (Imported::default(), Vec::new(), HashSet::new());
    let mut done = 0;
    while let Some((asked, answer)) = answers.next().await {
        match answer.and_then(|(place, page)| draft(&asked, place, page, &mut places)) {
            Ok(draft) => drafts.push(draft),
            Err(why) => left_out.push(format!("{asked}: {why}")),
        }
        done += 1;
        if drafts.len() == BATCH || done == count {
            imported += import::store(app, act, mem::take(&mut drafts), status).await?;
        }
        progress(done, count);
    }
    Ok(Outcome { imported, left_out, unlisted })
}

/// What was imported from this origin before, and is not among its pages.
async fn unlisted(app: &App, tenant: TenantKey, site: &Url, pages: &[Url]) -> anyhow::Result<Vec<String>> {
    let sources = app.db.read(move |tx| articles::list_sources(tx, tenant)).await?;
    let listed: HashSet<&str> = pages.iter().map(Url::as_str).collect();
    let is_here = |source: &String| Url::parse(source).is_ok_and(|url| url.origin() == site.origin());
    Ok(sources.into_iter().filter(|source| !listed.contains(source.as_str()) && is_here(source)).collect())
}

/// Of a site of which no map was named.
fn maps_of(site: &Url, robots: &Robots) -> Vec<Url> {
    let named = robots.sitemaps.iter().filter_map(|map| site.join(map).ok());
    let mut maps: Vec<Url> = named.filter(|map| map.origin() == site.origin()).collect();
    if maps.is_empty() {
        maps.extend(site.join("/sitemap.xml"));
    }
    maps
}

/// The pages of the site's origin, each once; and in words what else its maps list.
async fn list(outbound: &Outbound, site: &Url, mut maps: Vec<Url>) -> anyhow::Result<(Vec<Url>, Vec<String>)> {
    let (mut pages, mut foreign, mut read) = (Vec::new(), 0, 0);
    let mut known: HashSet<Url> = maps.iter().cloned().collect();
    while let Some(next) = maps.pop() {
        read += 1;
        ensure!(read <= MOST_SITEMAPS, "{site}: more than {MOST_SITEMAPS} site maps");
        // The rules are for pages: a map is there for machines.
        let found = fetch(outbound, &next, LONGEST_SITEMAP, &Robots::default()).await;
        let found = found.map_err(|missing| anyhow!("{next}: {}", missing.in_words()))?;
        let entries = spawn_blocking(move || sitemap::read(&found.body, LONGEST_SITEMAP)).await?;
        let entries = entries.with_context(|| next.to_string())?;
        for entry in entries {
            let Some(mut url) = next.join(&entry.address).ok().filter(|url| url.origin() == site.origin()) else {
                foreign += 1;
                continue;
            };
            url.set_fragment(None);
            ensure!(known.len() < MOST_ADDRESSES, "{site}: more than {MOST_ADDRESSES} addresses");
            if known.insert(url.clone()) {
                if entry.is_sitemap { maps.push(url) } else { pages.push(url) }
            }
        }
    }
    ensure!(!pages.is_empty(), "{site}: the site map lists no page of {}", site.origin().ascii_serialization());
    let foreign = (foreign > 0).then(|| format!("{foreign} addresses of other sites"));
    Ok((pages, foreign.into_iter().collect()))
}

/// A page, and where it was in the end; or why there is none.
async fn read(outbound: &Outbound, asked: &Url, robots: &Robots) -> Result<(Url, Page), String> {
    if asked.as_str().len() > LONGEST_ADDRESS {
        return Err("its address is too long".into());
    }
    let Found { url, is_html, charset, body } =
        fetch(outbound, asked, LONGEST_PAGE, robots).await.map_err(Missing::in_words)?;
    if !is_html {
        return Err("no HTML".into());
    }
    // Away from the threads that serve: it may be long.
    let read = spawn_blocking(move || (page::read(&text::decode(&body, charset.as_deref()), &url), url));
    let (page, url) = read.await.map_err(|_| "it cannot be read")?;
    Ok((url, page.map_err(|too_many| too_many.to_string())?))
}

/// The article that a page makes, or why it makes none. `places` are where the pages before it were found.
fn draft(asked: &Url, place: Url, page: Page, places: &mut HashSet<Url>) -> Result<Draft, String> {
    if page.is_hidden {
        return Err("it asks not to be indexed".into());
    }
    let path = place.path().trim_matches('/');
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
    if places.insert(place) { Ok(draft) } else { Err("it leads to a page that was read already".into()) }
}
