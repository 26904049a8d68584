//! Sending a file to whoever may see it.
//!
//! Invariant: a browser shows nothing but pictures that we have drawn. All else is a download of no type, in a sandbox.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::app::App;
use crate::auth::model::Caller;
use crate::error::{Error, Result};
use crate::platform::http::etag;
use crate::tickets::attachments::name;
use crate::tickets::attachments::store::{self, Shown};
use crate::tickets::model::Scope;

/// The small version of a picture lies beside it.
pub fn thumb_of(file_id: &str) -> String {
    format!("{file_id}.thumb")
}

pub async fn show(app: &App, caller: &Caller, id: String, is_thumb: bool, headers: &HeaderMap) -> Result<Response> {
    let (scope, reader) = (Scope::of(caller), caller.user);
    let Shown { attachment, thumb_type } = app.db.read(move |tx| store::find(tx, scope, reader, &id)).await?;
    if is_thumb && !attachment.is_image {
        return Err(Error::NotFound);
    }
    let file_id = &attachment.attachment_id;
    let (file, content_type) = match thumb_type.filter(|_| is_thumb) {
        Some(content_type) => (thumb_of(file_id), content_type),
        None => (file_id.clone(), attachment.content_type),
    };
    // A file never changes, so that its name says which bytes it is.
    let tag = format!("\"{file}\"");
    if etag::is_known(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, described(&tag)?).into_response());
    }
    let opened = app.files.open(&file).await?;
    let (kind, content_type) = if attachment.is_image {
        ("inline", content_type.as_str())
    } else {
        ("attachment", "application/octet-stream")
    };
    let mut answer = (described(&tag)?, Body::from_stream(opened.bytes)).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, value(content_type)?);
    headers.insert(CONTENT_LENGTH, opened.size.into());
    headers.insert(CONTENT_DISPOSITION, value(&name::disposition(kind, &attachment.name))?);
    Ok(answer)
}

/// Kept by the one browser that has shown its token, and for that token: the next reader of the machine asks anew.
fn described(tag: &str) -> Result<[(HeaderName, HeaderValue); 4]> {
    Ok([
        (ETAG, value(tag)?),
        (CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable")),
        (VARY, HeaderValue::from_static("authorization, x-api-key")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'")),
    ])
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}
