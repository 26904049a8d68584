//! Query strings and path parameters.
//!
//! A bad query value is 422 and names its parameter; unknown parameters are ignored. A path that cannot be read is 404,
//! because nothing can be there. Neither lets a NUL through.

use axum::extract::{FromRequestParts, RawQuery};
use garde::Validate;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::fields;
use crate::error::{Error, Result};

pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        parse(query.as_deref().unwrap_or_default()).map(Query)
    }
}

pub struct Path<T>(pub T);

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

fn parse<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T> {
    if query.contains("%00") {
        return Err(Error::invalid("query", "control_character", "The character U+0000 is not allowed."));
    }
    let pairs = form_urlencoded::parse(query.as_bytes());
    let value: T = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let path = error.path().to_string();
        Error::Invalid(vec![fields::from_serde(&path, &error.into_inner().to_string())])
    })?;
    value.validate().map_err(|report| Error::Invalid(fields::from_garde(report)))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;
    use crate::platform::http::page::Limit;
    use crate::platform::http::text;

    #[derive(Debug, Deserialize, Validate)]
    struct Filter {
        #[garde(skip)]
        #[serde(default)]
        limit: Limit,
        #[garde(inner(custom(text::line(5))))]
        q: Option<String>,
        #[garde(skip)]
        after_seq: Option<i64>,
        #[garde(skip)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Open,
    }

    fn fault(query: &str) -> (String, String) {
        let error = parse::<Filter>(query).expect_err(query);
        let [one] = error.field_errors() else { panic!("one fault: {error:?}") };
        (one.field.clone(), one.code.clone())
    }

    #[test]
    fn good_values_and_unknown_names_pass() {
        let filter: Filter = parse("limit=100&q=a%20b&after_seq=-3&kind=open&utm_source=x&utm_source=y").expect("good");
        assert_eq!((filter.limit.get(), filter.q.as_deref(), filter.after_seq), (100, Some("a b"), Some(-3)));
        assert_eq!(filter.kind, Some(Kind::Open));
        assert_eq!(parse::<Filter>("").expect("good").limit.get(), 20);
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        for limit in ["-1", "0", "101", "1e9", "", "abc", "99999999999999999999", "5.0", "+5", " 5"] {
            assert_eq!(fault(&format!("limit={}", limit.replace('+', "%2B"))), ("limit".into(), "out_of_range".into()));
        }
        assert_eq!(fault("after_seq=x"), ("after_seq".into(), "invalid_value".into()));
        assert_eq!(fault("kind=CLOSED%20"), ("kind".into(), "unknown_value".into()));
        assert_eq!(fault("kind=open&kind=open"), ("kind".into(), "duplicate".into()));
        assert_eq!(fault("q=123456"), ("q".into(), "too_long".into()));
        assert_eq!(fault("q=%00"), ("query".into(), "control_character".into()));
    }

    #[tokio::test]
    async fn an_unreadable_path_is_not_found() {
        let app: Router = Router::new()
            .route("/n/{number}", get(async |Path(number): Path<u32>| number.to_string()))
            .route("/s/{text}", get(async |Path(text): Path<String>| text));
        for (path, status) in
            [("/n/7", 200), ("/n/x", 404), ("/n/99999999999", 404), ("/s/a%20b", 200), ("/s/%00", 404), ("/s/%ff", 404)]
        {
            let response = app.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request")).await;
            assert_eq!(response.expect("infallible").status(), status, "{path}");
        }
    }
}
