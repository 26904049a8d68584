//! The pages for browsers through the whole server. What a build holds is tested beside the code, on a sample; here there
//! may be one or none.

use std::fs;

use serde_json::Value;
use smilechat::platform::config::Environment;

use crate::contract::raw::{raw, status};
use crate::harness::{Engine, Server};

#[tokio::test]
async fn the_pages_are_served_under_their_policy() {
    let server = Server::sqlite().await;
    let home = server.get("/").await;
    assert_eq!((home.status, home.header("location")), (307, Some("/app")));
    for path in ["/app", "/app/tickets/0199", "/demo"] {
        let page = server.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}: {name}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(!page.text.contains("__CSP_NONCE__"), "{path}");
    }
    server.get("/app/absent.js").await.problem(404, "not_found");
    let absent = server.get("/widget/absent.js").header("origin", "https://shop.example").await;
    absent.problem(404, "not_found");
    assert_eq!(
        (absent.header("access-control-allow-origin"), absent.header("vary")),
        (Some("*"), Some("accept-encoding"))
    );
}

#[tokio::test]
async fn there_is_no_way_out_of_the_folder() {
    let server = Server::sqlite().await;
    for path in [
        "/app/../../etc/passwd",
        "/app/../../../../../../../../etc/passwd",
        "/app/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/app/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/app/assets/..%2f..%2f..%2f..%2fCargo.toml",
        "/demo/..\\..\\Cargo.toml",
        "/widget/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fCargo.toml",
        "/widget/..%252f..%252fCargo.toml",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = raw(&server, request.as_bytes()).await.unwrap_or_else(|| panic!("{path}: no answer"));
        assert!(["400", "404"].contains(&status(&answer)), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_demos_account_is_handed_out_in_development_alone() {
    for (env, is_handed_out) in [(Environment::Development, true), (Environment::Production, false)] {
        let server = Server::start_with(Engine::Sqlite, |config| config.env = env).await;
        let handed_out = || async { server.get("/demo/config.json").await };
        let before = handed_out().await;
        if is_handed_out {
            let nothing = before.expect(200);
            assert_eq!((&nothing["publishable_key"], &nothing["staff"]), (&Value::Null, &Value::Null));
        }
        // As `smilechat demo` leaves it.
        fs::write(format!("{}/demo-key", server.running.app.config.data_dir), "pk_demo").expect("written");
        let after = handed_out().await;
        if !is_handed_out {
            before.problem(404, "not_found");
            after.problem(404, "not_found");
            continue;
        }
        let known = after.expect(200);
        assert_eq!((&known["publishable_key"], &known["staff"]["username"]), (&"pk_demo".into(), &"ben".into()));
        assert_eq!(after.header("cache-control"), Some("no-store"));
    }
}
