//! The extractor of path parameters. A path that cannot be read is 404: nothing can be there.
//!
//! Invariant: no NUL comes through, which PostgreSQL cannot store.

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

pub struct Path<T>(pub T);

/// What may stand in a segment as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one segment of a path, whatever is in it.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.path().contains("%00") {
            return Err(Error::NotFound);
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Error::NotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn an_unreadable_path_is_not_found() {
        let app: Router = Router::new()
            .route("/n/{number}", get(async |Path(number): Path<u32>| number.to_string()))
            .route("/s/{text}", get(async |Path(text): Path<String>| text));
        let cases = [
            ("/n/7", 200),
            ("/n/x", 404),
            ("/n/99999999999", 404),
            ("/s/a%20b", 200),
            ("/s/%00", 404),
            ("/s/%ff", 404),
        ];
        for (path, status) in cases {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let response = app.clone().oneshot(request).await.expect("infallible");
            assert_eq!(response.status(), status, "{path}");
        }
    }
}
