//! How large a request may be on the way to the server.

use http::Method;
use serde_json::json;

use super::report::{Finding, Outcome};
use super::target::Target;

/// The server takes a megabyte of JSON.
const BYTES: usize = 900_000;

pub async fn limit(target: &Target) -> Outcome {
    let body = json!({ "subject": "x".repeat(BYTES) }).to_string();
    // Nobody is signed in: the server reads it and stores nothing.
    let request = target.request(Method::POST, "/api/tickets").header("content-type", "application/json");
    let answer = target.send(request.body(body)).await?;
    match (answer.status, answer.code()) {
        (_, Some(code)) if code != "too_large" => Ok(Finding::good("900 kB of JSON arrive")),
        (413, _) => Err(Finding::broken(
            format!("900 kB of JSON are answered 413{}", answer.by()),
            "The proxy takes less than SmileChat does. nginx: client_max_body_size 1m for the API, 260m for \
             /api/attachments.",
        )),
        (status, _) => Err(Finding::broken(
            format!("900 kB of JSON are answered {status}{}", answer.by()),
            "The answer is not SmileChat's: something in front of it refuses a large request.",
        )),
    }
}
