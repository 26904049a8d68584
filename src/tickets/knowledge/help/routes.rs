//! The addresses of the help centre. They are pages and no part of the API's document.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};

use super::article::Around;
use super::frame::{Lasts, nowhere, send};
use super::shelf::{self, All};
use super::visit::{Asked, Visit};
use super::{article, home, path_of, search as searching, sitemap as sitemaps};
use crate::app::App;
use crate::auth::brand::{self, Brand};
use crate::auth::lock_tenant;
use crate::auth::model::TenantKey;
use crate::error::{Error, Result};
use crate::platform::db::Tx;
use crate::platform::http::api::Api;
use crate::platform::http::body;
use crate::platform::http::client_address::ClientAddress;
use crate::platform::http::path::Path;
use crate::platform::limits::address_key;
use crate::platform::secret;
use crate::tickets::knowledge::model::{Article, ArticleStatus, Collection};
use crate::tickets::knowledge::store::{articles, collections, shelves};
use crate::tickets::knowledge::{articles as knowledge, search as finding};

const MOST_FOUND: usize = 20;
/// As a part of the best one's score: what has one common word of the question is no answer beside it.
const WORTH_SHOWING: f64 = 0.25;
const MOST_ASKED: usize = 500;
const LARGEST_VOTE: usize = 1024;

pub fn routes() -> Api<App> {
    Api::from(
        Router::new()
            .route("/help/{tenant}", get(start))
            .route("/help/{tenant}/", get(start))
            .route("/help/{tenant}/search", get(search))
            .route("/help/{tenant}/sitemap.xml", get(sitemap))
            .route("/help/{tenant}/collections/{slug}", get(collection))
            .route("/help/{tenant}/{slug}", get(show))
            .route("/help/{tenant}/{slug}/feedback", post(rate).get(nothing))
            .route("/help/{tenant}/{slug}/{*rest}", get(nothing)),
    )
}

async fn start(State(app): State<App>, Path(tenant): Path<String>, asked: Asked) -> Result<Response> {
    let Some(visit) = enter(&app, &tenant, &asked).await? else { return Ok(nowhere(&asked)) };
    if asked.parameter("other").is_some() {
        return show_collection(&app, None, &visit, &asked).await;
    }
    let (key, language) = (visit.brand.tenant, visit.language.to_lowercase());
    let shelves = app.db.read(move |tx| shelf::first_page(tx, key, &language)).await?;
    Ok(send(home::home(&shelves, &visit), &visit, &asked, StatusCode::OK, Lasts::AMinute))
}

async fn collection(
    State(app): State<App>,
    Path((tenant, slug)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response> {
    let Some(visit) = enter(&app, &tenant, &asked).await? else { return Ok(nowhere(&asked)) };
    let key = visit.brand.tenant;
    // Its shape first, as of an article's.
    let is_one = knowledge::is_slug(&slug, &()).is_ok();
    let found = if is_one { app.db.read(move |tx| collections::find_by_slug(tx, key, &slug)).await? } else { None };
    match found {
        Some(found) => show_collection(&app, Some(found), &visit, &asked).await,
        None => Ok(absent(&visit, &asked)),
    }
}

/// A collection of which nothing is published is not there.
async fn show_collection(app: &App, of: Option<Collection>, visit: &Visit, asked: &Asked) -> Result<Response> {
    let (key, language, after) = (visit.brand.tenant, visit.language.to_lowercase(), asked.parameter("after"));
    let is_first = after.is_none();
    let read = app.db.read(move |tx| {
        let piece = shelf::piece(tx, key, of.as_ref(), &language, after.as_deref())?;
        Ok((of, piece))
    });
    let (of, piece) = read.await?;
    if piece.articles.is_empty() {
        return Ok(absent(visit, asked));
    }
    let page = home::collection(of.as_ref(), &piece, visit, is_first);
    Ok(send(page, visit, asked, StatusCode::OK, Lasts::AMinute))
}

async fn show(State(app): State<App>, Path((tenant, slug)): Path<(String, String)>, asked: Asked) -> Result<Response> {
    let Some(visit) = enter(&app, &tenant, &asked).await? else { return Ok(nowhere(&asked)) };
    let key = visit.brand.tenant;
    let read = app.db.read(move |tx| {
        let Some(article) = find(tx, key, &slug)? else { return Ok(None) };
        let (summary, language) = (&article.summary, article.summary.language.to_lowercase());
        let collection_id = summary.collection_id.as_deref();
        let around = Around {
            collection: collection_id.map(|id| collections::find(tx, key, id)).transpose()?.flatten(),
            versions: shelf::versions(tx, key, summary)?,
            related: shelf::related(tx, key, summary, &language, article::MOST_RELATED)?,
        };
        Ok(Some((article, around)))
    });
    let Some((found, around)) = read.await? else { return Ok(absent(&visit, &asked)) };
    let visit = visit.reading(&found.summary.language);
    let is_thanked = asked.parameter("thanks").is_some();
    let lasts = if is_thanked { Lasts::Not } else { Lasts::AMinute };
    Ok(send(article::page(&found, &around, &visit, is_thanked), &visit, &asked, StatusCode::OK, lasts))
}

async fn search(State(app): State<App>, Path(tenant): Path<String>, asked: Asked) -> Result<Response> {
    let Some(q) = asked.parameter("q") else {
        // An article may be called so.
        return show(State(app), Path((tenant, "search".into())), asked).await;
    };
    let q: String = q.trim().chars().take(MOST_ASKED).collect();
    let Some(visit) = enter(&app, &tenant, &asked).await? else { return Ok(nowhere(&asked)) };
    let (key, question) = (visit.brand.tenant, q.clone());
    let mut found = app.db.read(move |tx| finding::find(tx, key, false, &question)).await?;
    let least = found.first().map_or(0.0, |best| best.score * WORTH_SHOWING);
    found.retain(|one| one.score >= least);
    found.truncate(MOST_FOUND);
    Ok(send(searching::page(&q, &found, &visit), &visit, &asked, StatusCode::OK, Lasts::Not))
}

async fn sitemap(State(app): State<App>, Path(tenant): Path<String>, asked: Asked) -> Result<Response> {
    let Some(mut visit) = enter(&app, &tenant, &asked).await? else { return Err(Error::NotFound) };
    visit.handed_on = None;
    let key = visit.brand.tenant;
    let all = app.db.read(move |tx| All::read(tx, key)).await?;
    let about = [(CONTENT_TYPE, "application/xml; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    Ok((about, sitemaps::sitemap(&all, &visit).into_string()).into_response())
}

/// A reader's word, by a form. Nobody knows who they are: an address has one vote for each article, and may change it.
async fn rate(
    State(app): State<App>,
    Path((tenant, slug)): Path<(String, String)>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    // Another site's page could have its readers vote.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(Error::Forbidden("origin_not_allowed"));
    }
    let form = body::read_at_most(LARGEST_VOTE, body).await?;
    let said = form_urlencoded::parse(&form).find(|(name, _)| name == "helpful").map(|(_, value)| value.into_owned());
    let is_helpful = match said.as_deref() {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(Error::invalid("helpful", "unknown_value", "It is `yes` or `no`.")),
    };
    let (now, key) = (app.clock.now(), app.auth.cursor_key);
    let voted = app.db.write(move |tx| {
        let Some(Brand { tenant, tenant_name, .. }) = brand::find(tx, &tenant)? else { return Err(Error::NotFound) };
        // Found before anything is locked: anybody may ask for what is not there, and keeps nobody waiting.
        find(tx, tenant, &slug)?.ok_or(Error::NotFound)?;
        // The counts are sums of rows that two at once would not both see.
        lock_tenant(tx, tenant)?;
        let article = find(tx, tenant, &slug)?.ok_or(Error::NotFound)?.summary;
        let address = address_key(address);
        let parts = ["reader of ", &article.article_id, " ", &address].map(str::as_bytes);
        let reader = URL_SAFE_NO_PAD.encode(secret::hmac_sha256(&key, &parts));
        articles::vote_unknown(tx, tenant, &article.article_id, &reader, is_helpful, now)?;
        Ok(format!("{}/{}?thanks#feedback", path_of(&tenant_name), article.slug))
    });
    Ok((StatusCode::SEE_OTHER, [(LOCATION, voted.await?)]).into_response())
}

async fn nothing(State(app): State<App>, Path(path): Path<HashMap<String, String>>, asked: Asked) -> Result<Response> {
    let tenant = path.get("tenant").map(String::as_str).unwrap_or_default();
    Ok(match enter(&app, tenant, &asked).await? {
        Some(visit) => absent(&visit, &asked),
        None => nowhere(&asked),
    })
}

/// Whose help centre an address names. A tenant who has published nothing is not there.
async fn enter(app: &App, tenant_name: &str, asked: &Asked) -> Result<Option<Visit>> {
    let name = tenant_name.to_owned();
    let read = app.db.read(move |tx| {
        let Some(brand) = brand::find(tx, &name)? else { return Ok(None) };
        Ok(Some((shelves::languages(tx, brand.tenant)?, brand)))
    });
    let Some((there, brand)) = read.await?.filter(|(there, _)| !there.is_empty()) else { return Ok(None) };
    let language = match Visit::language(&brand, &there, asked) {
        Some(language) => language,
        None => {
            let key = brand.tenant;
            app.db.read(move |tx| shelves::main_language(tx, key)).await?.unwrap_or_else(|| "en".into())
        }
    };
    Ok(Some(Visit::new(brand, there, language, asked)))
}

/// By its slug. Whoever asks: published ones alone.
fn find(tx: &mut Tx<'_>, tenant: TenantKey, slug: &str) -> Result<Option<Article>> {
    // Its shape first: whatever else strangers write is looked up by nobody.
    if knowledge::is_slug(&slug, &()).is_err() {
        return Ok(None);
    }
    let found = articles::find_by_slug(tx, tenant, slug)?;
    Ok(found.filter(|article| article.summary.status == ArticleStatus::Published))
}

fn absent(visit: &Visit, asked: &Asked) -> Response {
    send(searching::absent(visit), visit, asked, StatusCode::NOT_FOUND, Lasts::Not)
}
