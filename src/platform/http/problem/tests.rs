use std::path::Path;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;

async fn rendered(error: Error) -> (http::response::Parts, Value) {
    let (parts, body) = error.into_response().into_parts();
    let bytes = body.collect().await.expect("a body in memory").to_bytes();
    (parts, serde_json::from_slice(&bytes).expect("problems are JSON"))
}

#[tokio::test]
async fn a_problem_has_the_members_of_the_contract() {
    let (parts, body) = rendered(Error::invalid("name", "blank", "Say something.")).await;
    assert_eq!(parts.status, 422);
    assert_eq!(parts.headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(
        body,
        json!({
            "type": "/docs/errors#invalid", "title": "Unprocessable Entity", "status": 422,
            "detail": "name: Say something.", "code": "invalid", "request_id": "",
            "errors": [{"field": "name", "code": "blank", "message": "Say something."}],
        })
    );
}

#[tokio::test]
async fn nothing_internal_is_told() {
    for error in [
        Error::internal(anyhow::anyhow!("select * from users where x = 'canary'")),
        Error::Unavailable("cannot open /var/lib/canary".into()),
    ] {
        let (_, body) = rendered(error).await;
        assert!(!body.to_string().contains("canary"), "{body}");
    }
}

#[tokio::test]
async fn headers_say_what_to_do() {
    let (parts, _) = rendered(Error::Unauthorized("unauthorized")).await;
    assert_eq!(parts.headers[WWW_AUTHENTICATE], "Bearer");
    let (parts, _) = rendered(Error::RateLimited { retry_after: 7 }).await;
    assert_eq!(parts.headers[RETRY_AFTER], "7");
    let (parts, body) = rendered(Error::Unavailable("x".into())).await;
    assert!(parts.headers.contains_key(RETRY_AFTER));
    assert!(body.get("errors").is_none());
}

/// Every code that the source names is told in docs/ERRORS.md, and every code of an error has a sentence of its own.
#[test]
fn every_code_is_documented() {
    let manual = include_str!("../../../../docs/ERRORS.md");
    let source = source_without_tests(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    let mut errors = Vec::new();
    for kind in ["Unauthorized(", "Forbidden(", "Conflict("] {
        errors.extend(literals(&source, &format!("Error::{kind}"), 0));
    }
    errors.extend(literals(&source, "Error::Rejected(", 1));
    assert!(errors.len() > 20, "the scan finds the codes: {errors:?}");
    let unspecific = Error::Conflict("no such code").message();
    for code in &errors {
        assert!(manual.contains(&format!("\n| `{code}` |")), "docs/ERRORS.md does not tell of {code}");
        let sentence = Error::Conflict(code.clone().leak()).message();
        assert_ne!(sentence, unspecific, "error.rs has no sentence for {code}");
    }
    let of_fields = manual.split_once("## Codes of `errors`").expect("the second table").1;
    let mut fields = literals(&source, "Error::invalid(", 1);
    fields.extend(literals(&source, "FieldError::new(", 1));
    fields.extend(["Error::new(", "Error::new(format!(", "custom("].into_iter().flat_map(|call| rules(&source, call)));
    assert!(fields.len() > 20, "the scan finds the codes: {fields:?}");
    for code in fields {
        assert!(of_fields.contains(&format!("`{code}`")), "docs/ERRORS.md does not tell of the field code {code}");
    }
}

fn source_without_tests(folder: &Path) -> String {
    let mut source = String::new();
    for entry in std::fs::read_dir(folder).expect("the source is here") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            source += &source_without_tests(&path);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).expect("readable");
            source += text.split("#[cfg(test)]").next().unwrap_or_default();
        }
    }
    source
}

/// The literals that are the `place`th argument of a call, counted from 0; calls with something else there are passed over.
fn literals(source: &str, call: &str, place: usize) -> Vec<String> {
    let arguments = source.split(call).skip(1);
    let there = arguments.filter_map(|rest| rest.splitn(place + 1, ',').nth(place));
    let literals = there.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    literals.map(str::to_owned).collect()
}

/// The codes of messages written `code: Sentence.`.
fn rules(source: &str, call: &str) -> Vec<String> {
    let messages = literals(source, call, 0).into_iter();
    messages.filter_map(|message| Some(message.split_once(": ")?.0.to_owned())).filter(|code| is_code(code)).collect()
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
