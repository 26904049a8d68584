//! Articles: written and read over HTTP, saved by one function whoever writes them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::{Article, ArticleStatus, ArticleSummary};
use super::reader::Reader;
use super::saving::{create_in, save};
use super::store::{articles, collections, passages as rows};
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::lock_tenant;
use crate::auth::model::{Caller, TenantKey};
use crate::error::{Error, Result};
use crate::events::{self, Act, What};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::{Json, not_null, nullable};
use crate::platform::http::page::{Page, PageQuery};
use crate::platform::http::problem::Problem;
use crate::platform::http::text;
use crate::platform::http::{path::Path, query::Query};

const LONGEST_BODY: usize = 50_000;
pub const LONGEST_SLUG: usize = 80;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    /// One line of at most 200 characters.
    #[garde(custom(text::line(200)))]
    pub title: String,
    /// Markdown of at most 50,000 characters.
    #[garde(custom(text::content(LONGEST_BODY)))]
    pub body: String,
    /// Small letters, digits and `-`, at most 80; made of the title if it is absent.
    #[garde(inner(custom(is_slug)))]
    pub slug: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub collection_id: Option<String>,
    /// A language tag; `en` if it is absent.
    #[garde(inner(custom(is_language)))]
    pub language: Option<String>,
    /// `published` is for admins.
    #[garde(skip)]
    pub status: Option<ArticleStatus>,
    /// How customers call it: at most 30, each a line of at most 100 characters.
    #[garde(length(max = 30), inner(custom(text::line(100))))]
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// What is absent stays.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArticlePatch {
    #[garde(inner(custom(text::line(200))))]
    #[serde(default, deserialize_with = "not_null")]
    pub title: Option<String>,
    #[garde(inner(custom(text::content(LONGEST_BODY))))]
    #[serde(default, deserialize_with = "not_null")]
    pub body: Option<String>,
    #[garde(inner(custom(is_slug)))]
    #[serde(default, deserialize_with = "not_null")]
    pub slug: Option<String>,
    /// Null takes it out of its collection.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub collection_id: Option<Option<String>>,
    #[garde(inner(custom(is_language)))]
    #[serde(default, deserialize_with = "not_null")]
    pub language: Option<String>,
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub status: Option<ArticleStatus>,
    #[garde(inner(length(max = 30), inner(custom(text::line(100)))))]
    #[serde(default, deserialize_with = "not_null")]
    pub keywords: Option<Vec<String>>,
    /// Only if nobody has changed the article since: the `updated_at` that one has seen, else 409 `conflict`.
    #[garde(skip)]
    #[serde(default, deserialize_with = "not_null")]
    pub if_updated_at: Option<Timestamp>,
}

pub fn is_slug<T: AsRef<str>>(slug: &T, _: &()) -> garde::Result {
    let slug = slug.as_ref();
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match slug.len() <= LONGEST_SLUG && slug.split('-').all(is_part) {
        true => Ok(()),
        false => {
            Err(garde::Error::new("invalid_slug: Small letters and digits with single `-` between them, at most 80."))
        }
    }
}

pub fn is_language<T: AsRef<str>>(tag: &T, _: &()) -> garde::Result {
    let tag = tag.as_ref();
    let is_part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    match tag.len() <= 35 && tag.split('-').all(is_part) {
        true => Ok(()),
        false => Err(garde::Error::new("invalid_language: A language tag such as `en` or `pt-BR`.")),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
struct ArticleQuery {
    status: Option<ArticleStatus>,
    collection_id: Option<String>,
    language: Option<String>,
}

/// Articles without their texts, the newest change first. Whoever is no staff gets published ones alone.
#[utoipa::path(get, path = "/api/kb/articles", tag = "knowledge", operation_id = "list_articles", security((), ("bearer" = []), ("api_key" = [])),
    params(ArticleQuery, PageQuery),
    responses((status = 200, body = Page<ArticleSummary>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<ArticleQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ArticleSummary>>> {
    let paging = page.read::<(i64, String)>(&app.auth.cursor_key, reader.tenant.0, "articles")?;
    let status = if reader.sees_drafts() { query.status } else { Some(ArticleStatus::Published) };
    let filter = articles::Filter { status, collection_id: query.collection_id, language: query.language };
    let (before, limit) = (paging.after.clone(), paging.limit + 1);
    let found = app.db.read(move |tx| articles::list(tx, reader.tenant, &filter, before, limit)).await?;
    Ok(Json(paging.page(found, |article| (article.updated_at.0, article.article_id.clone()))))
}

/// Writes an article. Support drafts; who may publish is an admin.
#[utoipa::path(post, path = "/api/kb/articles", tag = "knowledge", operation_id = "create_article", request_body = NewArticle,
    responses((status = 201, body = Article), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewArticle>,
) -> Result<(StatusCode, Json<Article>)> {
    caller.require(Action::KnowledgeWrite)?;
    if new.status == Some(ArticleStatus::Published) {
        caller.require(Action::KnowledgePublish)?;
    }
    let shared = app.clone();
    let act = Act::of(&caller, app.clock.now());
    let article = app.db.write(move |tx| create_in(tx, &shared, &act, Some(caller.user), new)).await?;
    Ok((StatusCode::CREATED, Json(article)))
}

/// One article with its text, by its id or its slug. A draft is there for staff alone.
#[utoipa::path(get, path = "/api/kb/articles/{id}", tag = "knowledge", operation_id = "show_article", security((), ("bearer" = []), ("api_key" = [])),
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 200, body = Article), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show(State(app): State<App>, reader: Reader, Path(id): Path<String>) -> Result<Json<Article>> {
    let is_staff = reader.sees_drafts();
    let mut article = app.db.read(move |tx| find(tx, reader.tenant, &id, is_staff)).await?;
    // It may be the operator's own network that it names.
    article.source_url = article.source_url.filter(|_| is_staff);
    Ok(Json(article))
}

/// Changes an article; a new text is a new version. What is published is an admin's to change.
#[utoipa::path(put, path = "/api/kb/articles/{id}", tag = "knowledge", operation_id = "update_article", request_body = ArticlePatch,
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 200, body = Article), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(patch): Json<ArticlePatch>,
) -> Result<Json<Article>> {
    caller.require(Action::KnowledgeWrite)?;
    let now = app.clock.now();
    app.db.write(move |tx| update_in(tx, &caller, &id, patch, now)).await.map(Json)
}

/// Deletes an article with its versions. A published one is an admin's to delete.
#[utoipa::path(delete, path = "/api/kb/articles/{id}", tag = "knowledge", operation_id = "delete_article",
    params(("id" = String, Path, description = "Its id or its slug")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove(State(app): State<App>, SignedIn(caller): SignedIn, Path(id): Path<String>) -> Result<StatusCode> {
    caller.require(Action::KnowledgeWrite)?;
    let act = Act::of(&caller, app.clock.now());
    let removed = app.db.write(move |tx| {
        lock_tenant(tx, caller.tenant)?;
        let article = find(tx, caller.tenant, &id, true)?;
        require_right(&caller, article.summary.status, ArticleStatus::Draft)?;
        let summary = Arc::new(article.summary);
        rows::delete(tx, caller.tenant, &summary.article_id)?;
        articles::delete(tx, caller.tenant, &summary.article_id)?;
        events::record(
            tx,
            &act,
            What::ArticleRemoved { article_id: summary.article_id.clone(), slug: summary.slug.clone() },
        )
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// By id or by slug; `NotFound` alike for one that is absent and a draft that the caller may not see.
pub fn find(tx: &mut Tx<'_>, tenant: TenantKey, id: &str, with_drafts: bool) -> Result<Article> {
    let found = match articles::find(tx, tenant, id)? {
        Some(article) => Some(article),
        None => articles::find_by_slug(tx, tenant, id)?,
    };
    found.filter(|article| with_drafts || article.summary.status == ArticleStatus::Published).ok_or(Error::NotFound)
}

/// The part inside the transaction.
pub fn update_in(tx: &mut Tx<'_>, caller: &Caller, id: &str, patch: ArticlePatch, now: Timestamp) -> Result<Article> {
    lock_tenant(tx, caller.tenant)?;
    let before = find(tx, caller.tenant, id, true)?;
    require_right(caller, before.summary.status, patch.status.unwrap_or_default())?;
    if patch.if_updated_at.is_some_and(|seen| seen != before.summary.updated_at) {
        return Err(Error::Conflict("conflict"));
    }
    if let Some(collection_id) = &patch.collection_id {
        check_collection(tx, caller.tenant, collection_id.as_deref())?;
    }
    if let Some(slug) = patch.slug.as_ref().filter(|slug| **slug != before.summary.slug)
        && articles::find_by_slug(tx, caller.tenant, slug)?.is_some()
    {
        return Err(Error::Conflict("slug_taken"));
    }
    save(tx, &Act::of(caller, now), Some(caller.user), before, patch)
}

/// Whoever sees an article may change a draft; what is published, or will be, takes the right to publish.
pub fn require_right(caller: &Caller, before: ArticleStatus, after: ArticleStatus) -> Result<()> {
    match (before, after) {
        (ArticleStatus::Draft, ArticleStatus::Draft) => caller.require(Action::KnowledgeWrite),
        _ => caller.require(Action::KnowledgePublish),
    }
}

pub fn check_collection(tx: &mut Tx<'_>, tenant: TenantKey, collection_id: Option<&str>) -> Result<()> {
    let Some(collection_id) = collection_id else { return Ok(()) };
    let unknown = Error::invalid("collection_id", "unknown", "is no collection of this tenant");
    collections::find(tx, tenant, collection_id)?.map(drop).ok_or(unknown)
}
