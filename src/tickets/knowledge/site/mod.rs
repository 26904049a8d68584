//! Articles from the pages of a site, by its site map (sitemaps.org, protocol 0.9): `smilechat kb import https://…/sitemap.xml`.
//!
//! Pages are those of the site map's own origin: a site map is a list that somebody else wrote. What the site's robots.txt disallows
//! is not asked for (`asking`, `robots`). An article is known by the address that the map has for its page.
//!
//! Invariant: what a page holds becomes Markdown that says text, headings, lists and links by http, and nothing else.

mod asking;
mod listing;
mod page;
mod robots;
mod sitemap;
mod text;

use std::collections::HashSet;
use std::mem;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use reqwest::Url;
use tokio::sync::Semaphore;
use tokio::task::{spawn_blocking, yield_now};

use self::asking::{Found, Missing, fetch};
use self::listing::Listing;
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

const LONGEST_PAGE: usize = 2_000_000;
/// Articles stored at once: a server goes on meanwhile.
const BATCH: usize = 10;
/// Pages that are read where nobody says how many.
pub const DEFAULT_MOST: usize = 500;
/// Pages asked for at once: they are all of one site.
const AT_ONCE: usize = 4;

/// One page is read at a time, in all imports: what it takes meanwhile may be fifty times its length.
static READING: Semaphore = Semaphore::const_new(1);

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
    let given = Url::parse(address).with_context(|| format!("{address}: no address"))?;
    let (robots, robots_at) = asking::robots(outbound, &given).await?;
    let listing = listing::read(outbound, &given, &robots, &robots_at).await?;
    let (mut left_out, unlisted) = (listing.left_out(), unlisted(app, act.tenant, &listing).await?);
    let pages = listing.pages;
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

/// What was imported from this site before, and is not among its pages.
async fn unlisted(app: &App, tenant: TenantKey, listing: &Listing) -> anyhow::Result<Vec<String>> {
    let sources = app.db.read(move |tx| articles::list_sources(tx, tenant)).await?;
    let is_here = |source: &String| Url::parse(source).is_ok_and(|url| listing.is_here(&url));
    Ok(sources.into_iter().filter(|source| !listing.has(source) && is_here(source)).collect())
}

/// A page, and where it was in the end; or why there is none.
async fn read(outbound: &Outbound, asked: &str, robots: &Robots) -> Result<(Url, Page), String> {
    let asked = Url::parse(asked).map_err(|_| "no address")?;
    let Found { url, is_html, charset, body } =
        fetch(outbound, &asked, LONGEST_PAGE, robots).await.map_err(Missing::in_words)?;
    if !is_html {
        return Err("no HTML".into());
    }
    let alone = READING.acquire().await.map_err(|_| "it cannot be read")?;
    // Away from the threads that serve: it may be long.
    let read = spawn_blocking(move || {
        let page = page::read(&text::decode(&body, charset.as_deref()), &url);
        drop(alone);
        (page, url)
    });
    let (page, url) = read.await.map_err(|_| "it cannot be read")?;
    Ok((url, page.map_err(|too_many| too_many.to_string())?))
}

/// The article that a page makes, or why it makes none. `places` are where the pages before it were found.
fn draft(asked: &str, place: Url, page: Page, places: &mut HashSet<Url>) -> Result<Draft, String> {
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
        source_url: Some(asked.to_owned()),
    };
    if draft.body.is_empty() {
        return Err("no text".into());
    }
    import::check(&draft).map_err(|report| report.to_string().trim().to_owned())?;
    // Two addresses may lead to one page.
    if places.insert(place) { Ok(draft) } else { Err("it leads to a page that was read already".into()) }
}
