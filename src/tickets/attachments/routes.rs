//! Files over HTTP.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Action;
use crate::auth::guard::SignedIn;
use crate::error::Result;
use crate::platform::http::api::{Api, routes};
use crate::platform::http::json::Json;
use crate::platform::http::problem::Problem;
use crate::platform::http::{path::Path, query::Query};
use crate::tickets::attachments::model::Attachment;
use crate::tickets::attachments::{show as showing, upload};

/// The floor gives it a time limit of its own, and does not read its body.
pub const UPLOAD_PATH: &str = "/api/attachments";

pub fn routes() -> Api<App> {
    Api::new().routes(routes!(create)).routes(routes!(show))
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct UploadQuery {
    /// The ticket that the files belong to.
    ticket_id: String,
}

/// One or more parts named `file`, at most 10, each of at most 25 MiB.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read as a stream")]
struct NewFiles {
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Uploaded {
    data: Vec<Attachment>,
}

/// Uploads files for a ticket, all or none. Others see them once a message carries them (`attachment_ids`); what no
/// message takes goes after a day.
#[utoipa::path(post, path = "/api/attachments", tag = "attachments", operation_id = "upload_attachments", params(UploadQuery),
    request_body(content = inline(NewFiles), content_type = "multipart/form-data"),
    responses((status = 201, body = Uploaded), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 408, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>)> {
    let data = upload::upload(&app, caller, query.ticket_id, request).await?;
    Ok((StatusCode::CREATED, Json(Uploaded { data })))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// A picture of at most 480 by 960 pixels.
    Thumb,
}

#[derive(Debug, Deserialize, IntoParams)]
pub struct ShowQuery {
    #[param(inline)]
    size: Option<Size>,
}

/// The bytes of a file. A picture has its type and may be shown; all else is a download of no type. With `size=thumb`, what
/// is no picture is not found.
#[utoipa::path(get, path = "/api/attachments/{attachment_id}", tag = "attachments", operation_id = "show_attachment",
    params(("attachment_id" = String, Path), ShowQuery),
    responses((status = 200, content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/gif"), (Vec<u8> = "image/webp"),
            (Vec<u8> = "application/octet-stream"))),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
async fn show(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Path(attachment_id): Path<String>,
    Query(query): Query<ShowQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    caller.require(Action::MessagesRead)?;
    showing::show(&app, &caller, attachment_id, query.size == Some(Size::Thumb), &headers).await
}
