//! How long a page is kept, and how often one is asked for.

use serde_json::json;

use super::{page, stocked};
use crate::harness::{Engine, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_kept_for_a_minute_and_then_asked_for_by_its_tag() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let ada = stocked(&server, &acme).await;
    let first = server.get("/help/acme/costs").await;
    let policy = first.header("content-security-policy").expect("a policy").to_owned();
    for part in
        ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    assert!(policy.contains("img-src data: https:;") && !policy.contains("http:"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe") && !policy.contains("'self' *"), "{policy}");
    assert!(policy.contains("img-src data: https:;") && !policy.contains("http:"), "{policy}");
    for (name, value) in [
        ("cache-control", Some("public, max-age=60")),
        ("x-content-type-options", Some("nosniff")),
        ("referrer-policy", Some("no-referrer")),
        ("set-cookie", None),
        ("content-language", Some("en")),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = server.get("/help/acme/costs").header("if-none-match", &tag).await;
    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", Some(tag.as_str())));
    server.put("/api/kb/articles/costs").by(&ada).json(json!({"body": "Five euros."})).await.expect(200);
    let changed = server.get("/help/acme/costs").header("if-none-match", &tag).await;
    assert!(changed.status == 200 && changed.text.contains("Five euros."));
    let packed = server.get("/help/acme/costs").header("accept-encoding", "gzip").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    // The look is the widget's.
    let look = json!({"primary_color": "#0a7d33", "name": "Acme & <b>Sons</b>"});
    server.put("/api/settings/widget").by(&ada).json(look).await.expect(200);
    let branded = page(server.get("/help/acme").await);
    assert!(
        branded.contains("--brand:#0a7d33;") && branded.contains("Acme &amp; &lt;b&gt;Sons&lt;/b&gt;"),
        "{branded}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_held_to_the_limits_of_the_api() {
    let server = Server::start_with(Engine::Sqlite, |config| {
        config.limits.enabled = true;
        config.limits.api_per_minute = 3;
    })
    .await;
    for _ in 0..3 {
        assert_eq!(server.get("/help/nobody").await.status, 404);
    }
    let refused = server.get("/help/nobody").await;
    assert!(refused.header("retry-after").is_some());
    refused.problem(429, "rate_limited");
}
