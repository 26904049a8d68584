//! Whether an article helped: one vote for each customer or guest, which they may change.

use axum::extract::State;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::articles;
use super::store::articles as store;
use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::auth::lock_tenant;
use crate::error::Result;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::path::Path;
use crate::platform::http::problem::Problem;

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(create))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    #[garde(skip)]
    pub is_helpful: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackCounts {
    pub helpful_yes: i64,
    pub helpful_no: i64,
}

/// Says whether a published article helped. Customers and guests; a second vote takes the place of the first.
#[utoipa::path(post, path = "/api/kb/articles/{id}/feedback", tag = "knowledge", operation_id = "rate_article", request_body = Feedback,
    params(("id" = String, Path, description = "The article's id or slug")),
    responses((status = 200, body = FeedbackCounts), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(Feedback { is_helpful }): Json<Feedback>,
) -> Result<Json<FeedbackCounts>> {
    let now = app.clock.now();
    let voted = app.db.write(move |tx| {
        // Found before anything is locked: what is not there waits for nobody, and keeps nobody waiting.
        articles::find(tx, caller.tenant, &id, false)?;
        caller.require(Action::KnowledgeRate)?;
        // The counts are sums of rows that two at once would not both see.
        lock_tenant(tx, caller.tenant)?;
        let article = articles::find(tx, caller.tenant, &id, false)?;
        store::vote(tx, caller.tenant, &article.summary.article_id, caller.user, is_helpful, now)
    });
    let (helpful_yes, helpful_no) = voted.await?;
    Ok(Json(FeedbackCounts { helpful_yes, helpful_no }))
}
