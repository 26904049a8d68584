//! The extractor of query strings: a bad value is 422 and names its parameter, unknown parameters are ignored.
//!
//! Invariant: no NUL comes through, which PostgreSQL cannot store.

use axum::extract::{FromRequestParts, RawQuery};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::fields;
use crate::error::{Error, Result};

pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        parse(query.as_deref().unwrap_or_default()).map(Query)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    if query.contains("%00") {
        return Err(Error::invalid("query", "control_character", "The character U+0000 is not allowed."));
    }
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let path = error.path().to_string();
        Error::Invalid(vec![fields::from_serde(&path, &error.into_inner().to_string())])
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::platform::http::page::Limit;

    #[derive(Debug, Deserialize)]
    struct Filter {
        #[serde(default)]
        limit: Limit,
        q: Option<String>,
        after_seq: Option<i64>,
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
        assert_eq!((filter.limit.0, filter.q.as_deref(), filter.after_seq), (100, Some("a b"), Some(-3)));
        assert_eq!(filter.kind, Some(Kind::Open));
        assert_eq!(parse::<Filter>("").expect("good").limit.0, 20);
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        for limit in ["-1", "0", "101", "1e9", "", "abc", "99999999999999999999", "5.0", "+5", " 5"] {
            assert_eq!(fault(&format!("limit={}", limit.replace('+', "%2B"))), ("limit".into(), "out_of_range".into()));
        }
        assert_eq!(fault("after_seq=x"), ("after_seq".into(), "invalid_value".into()));
        assert_eq!(fault("kind=CLOSED%20"), ("kind".into(), "unknown_value".into()));
        assert_eq!(fault("kind=open&kind=open"), ("kind".into(), "duplicate".into()));
        assert_eq!(fault("q=%00"), ("query".into(), "control_character".into()));
    }
}
