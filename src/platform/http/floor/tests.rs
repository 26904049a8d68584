use std::collections::HashSet;

use axum::body::Body;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use garde::Validate;
use http::HeaderMap;
use http::request::Parts;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::platform::http::client_address::ClientAddress;
use crate::platform::http::identity::Identity;
use crate::platform::http::json::Json;

#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Thing {
    #[garde(skip)]
    name: String,
}

struct ByHeaders;

impl idempotency::Rules for ByHeaders {
    fn holder<'a>(&'a self, request: &'a Parts, _: &'a [u8]) -> BoxFuture<'a, Option<Identity>> {
        Box::pin(async { request.extensions.get().cloned() })
    }

    fn may_see<'a>(&'a self, _: &'a Parts, _: &'a [u8]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

struct World {
    _folder: TempDir,
    app: Router,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

async fn world(change: impl FnOnce(&mut Config)) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config: Config = toml::from_str(include_str!("../../config/default.toml")).expect("the defaults are whole");
    config.database.url = format!("sqlite://{}", folder.path().join("test.db").display());
    config.limits.api_per_minute = 5;
    change(&mut config);
    let identify: Identify = Arc::new(|parts| {
        let caller = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Box::pin(async { Some(Identity { tenant: 1, caller, role: None }) })
    });
    let db = Db::open(&config.database, Arc::new(|_| {})).expect("a new database");
    let tenant = "insert into tenants (tenant_id, name, identity_secret, created_at) values ('a', 'a', 'x', 0)";
    db.write(|tx| tx.execute(tenant, &[])).await.expect("a tenant, numbered 1");
    let ground = Ground {
        db,
        clock: Clock::Manual(Arc::default()),
        random: Random::System,
        limits: Arc::new(Limits::new(&config.limits, Clock::Manual(Arc::default()), None)),
        identify,
        entrance: Arc::new(["/api/enter".into()]),
        uploads: &[],
        repeats: Arc::new(ByHeaders),
    };
    let routes = Router::new()
        .route("/api/things", post(async |Json(thing): Json<Thing>| thing.name).get(async || "things"))
        .route("/api/enter", post(async |Json(thing): Json<Thing>| thing.name))
        .route("/api/panics", get(panics))
        .route("/api/slow", get(async || std::future::pending::<()>().await))
        .route("/long", get(async || "long ".repeat(1000)))
        .route("/short", get(async || "short"))
        .route("/address", get(async |ClientAddress(address): ClientAddress| address.to_string()));
    World { _folder: folder, app: floor(routes, &config, ground) }
}

async fn panics() -> String {
    panic!("canary")
}

impl World {
    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let (parts, body) = self.app.clone().oneshot(request).await.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], "").await
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Every error has the same members, and the request id of its header.
    fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, "application/problem+json"), "{}", self.text());
        let problem: Value = serde_json::from_slice(&self.body).expect("JSON");
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(!self.text().contains("canary"));
    }
}

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem() {
    let world = world(|config| {
        config.server.request_timeout_seconds = 0;
        config.limits.enabled = false;
    })
    .await;
    world.get("/nothing").await.assert_problem(404, "not_found");
    world.get("/api/nothing").await.assert_problem(404, "not_found");
    world.get("/api/panics").await.assert_problem(500, "internal");
    let late = world.get("/api/slow").await;
    late.assert_problem(503, "timeout");
    assert_eq!(late.header("retry-after"), "1");
    let wrong_method = world.call("DELETE", "/api/things", &[], "").await;
    wrong_method.assert_problem(405, "method_not_allowed");
    let allowed: HashSet<&str> = wrong_method.header("allow").split(',').collect();
    assert_eq!(allowed, HashSet::from(["GET", "HEAD", "POST"]));
    world.call("TRACE", "/api/things", &[], "").await.assert_problem(405, "method_not_allowed");
    let json = [("content-type", "application/json")];
    world.call("POST", "/api/things", &json, "{").await.assert_problem(400, "bad_json");
    world.call("POST", "/api/things", &json, "{}").await.assert_problem(422, "invalid");
    world.call("POST", "/api/things", &[], "{}").await.assert_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_flood_at_the_entrance_is_turned_away_before_the_database_is_asked() {
    let world = world(|config| config.limits.auth_per_minute = 2).await;
    let enter = async |key: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        world.call("POST", "/api/enter", &headers, r#"{"name": "ada"}"#).await
    };
    for key in ["a", "b"] {
        assert_eq!(enter(key).await.status, 200);
    }
    // A repeat is answered from the database, if it gets there.
    let refused = enter("a").await;
    refused.assert_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), r#""sign-in";q=2;w=60"#);
}

#[tokio::test]
async fn the_request_id_is_taken_when_sane() {
    let world = world(|_| {}).await;
    let longest = "a".repeat(128);
    for sane in ["abc-DEF_1.2", longest.as_str()] {
        assert_eq!(world.call("GET", "/short", &[("x-request-id", sane)], "").await.header("x-request-id"), sane);
    }
    let too_long = "a".repeat(129);
    let mut made = HashSet::new();
    for other in ["", "a b", "<b>", "a\"b", too_long.as_str()] {
        let answer = world.call("GET", "/short", &[("x-request-id", other)], "").await;
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 36, "{id}");
        assert!(made.insert(id), "each is new");
    }
}

#[tokio::test]
async fn a_caller_is_limited_and_told_so() {
    let world = world(|_| {}).await;
    let ada = [("authorization", "ada")];
    for remaining in (0..5).rev() {
        let answer = world.call("GET", "/api/things", &ada, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), r#""api";q=5;w=60"#);
        assert_eq!(answer.header("ratelimit"), format!(r#""api";r={remaining};t={}"#, 12 * (5 - remaining)));
    }
    let refused = world.call("GET", "/api/things", &ada, "").await;
    refused.assert_problem(429, "rate_limited");
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("12", r#""api";r=0;t=60"#));
    assert_eq!(world.call("GET", "/api/things", &[("authorization", "bob")], "").await.status, 200);
    assert_eq!(world.get("/api/things").await.status, 200, "nobody in particular counts by address");
    assert_eq!(world.call("GET", "/short", &ada, "").await.header("ratelimit"), "", "what is not under /api is free");
}

#[tokio::test]
async fn browsers_are_told_to_run_and_keep_nothing() {
    let answer = world(|_| {}).await.get("/api/things").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("server", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn long_bodies_are_compressed_on_request() {
    let world = world(|_| {}).await;
    let accepts = [("accept-encoding", "br, gzip")];
    let long = world.call("GET", "/long", &accepts, "").await;
    assert_eq!(long.header("content-encoding"), "gzip");
    assert!(long.body.len() < 500);
    assert_eq!(world.call("GET", "/short", &accepts, "").await.header("content-encoding"), "");
    assert_eq!(world.get("/long").await.body.len(), 5000);
    for nothing in ["identity;q=0", "br, *;q=0"] {
        let answer = world.call("GET", "/long", &[("accept-encoding", nothing)], "").await;
        assert_eq!((answer.status, answer.body.len()), (200, 5000), "{nothing}: what was done is told");
    }
}

#[tokio::test]
async fn a_post_is_idempotent_by_its_key() {
    let world = world(|config| config.limits.enabled = false).await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let first = world.call("POST", "/api/things", &headers, r#"{"name":"a"}"#).await;
    let again = world.call("POST", "/api/things", &headers, r#"{"name":"a"}"#).await;
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!((first.text(), again.text()), ("a".into(), "a".into()));
    assert_ne!(first.header("x-request-id"), again.header("x-request-id"), "each request has its own");
    let other = world.call("POST", "/api/things", &headers, r#"{"name":"b"}"#).await;
    other.assert_problem(422, "idempotency_key_reused");
    let bad = [("content-type", "application/json"), ("idempotency-key", "a b")];
    world.call("POST", "/api/things", &bad, "{}").await.assert_problem(422, "invalid");
}

#[tokio::test]
async fn a_forwarded_address_is_believed_from_our_proxies_alone() {
    let forwarded = [("x-forwarded-for", "6.6.6.6, 1.1.1.1")];
    let seen = async |trusted| {
        let world = world(|config| config.server.trusted_proxies = trusted).await;
        world.call("GET", "/address", &forwarded, "").await.text()
    };
    assert_eq!((seen(0).await.as_str(), seen(1).await.as_str()), ("0.0.0.0", "1.1.1.1"));
}
