use std::collections::BTreeMap;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::platform::clock::Clock;
use crate::platform::config;
use crate::platform::random::Random;
use crate::services;

/// A small build, with the encodings that some of its files have.
#[derive(RustEmbed)]
#[folder = "tests/fixtures/pages"]
pub struct Sample;

#[derive(RustEmbed)]
#[folder = "tests/fixtures/nothing"]
#[allow_missing = true]
pub struct Nothing;

struct Site {
    routes: Router,
    data: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Site {
    async fn of<Files: RustEmbed + 'static>() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let environment = BTreeMap::from([("SMILECHAT_DATA_DIR".to_owned(), data.path().display().to_string())]);
        let mut config = config::load(&environment, None, Vec::new()).expect("no mistake").config;
        config::prepare(&mut config, &Random::System).expect("prepared");
        let (app, _) = services::open(config, Clock::System, Random::System).await.expect("opened");
        Self { routes: routes_of::<Files>().with_state(app), data }
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let (parts, body) = self.routes.clone().oneshot(request).await.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[]).await
    }
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

fn sample(name: &str) -> Vec<u8> {
    Sample::get(name).unwrap_or_else(|| panic!("no sample {name}")).data.into_owned()
}

#[tokio::test]
async fn each_address_has_its_file_for_its_time() {
    let site = Site::of::<Sample>().await;
    let forever = "public, max-age=31536000, immutable";
    for (path, name, content_type, lasts) in [
        ("/widget.js", "widget/widget.js", "text/javascript; charset=utf-8", "public, max-age=300"),
        ("/widget/app-1a2b3c.js", "widget/assets/app-1a2b3c.js", "text/javascript; charset=utf-8", forever),
        ("/app/assets/index-9z8y7x.js", "console/assets/index-9z8y7x.js", "text/javascript; charset=utf-8", forever),
        ("/app/favicon.svg", "console/favicon.svg", "image/svg+xml", "no-cache"),
        ("/demo/assets/style-4w3v2u.css", "demo/assets/style-4w3v2u.css", "text/css; charset=utf-8", forever),
    ] {
        let reply = site.get(path).await;
        assert_eq!((reply.status, &*reply.body), (200, &*sample(name)), "{path}");
        assert_eq!((reply.header("content-type"), reply.header("cache-control")), (content_type, lasts), "{path}");
        let is_open = path.starts_with("/widget");
        let resource_policy = if is_open { "cross-origin" } else { "" };
        assert_eq!(reply.header("cross-origin-resource-policy"), resource_policy, "{path}");
    }
}

#[tokio::test]
async fn a_browser_gets_the_smallest_form_that_it_reads() {
    let site = Site::of::<Sample>().await;
    let (script, only_brotli) = ("/widget/app-1a2b3c.js", "/app/assets/index-9z8y7x.js");
    for (path, accepted, coding, ending) in [
        (script, "gzip, deflate, br", "br", ".br"),
        (script, "gzip", "gzip", ".gz"),
        (script, "br;q=0, *", "gzip", ".gz"),
        (script, "identity", "", ""),
        (only_brotli, "gzip", "", ""),
        (only_brotli, "br", "br", ".br"),
    ] {
        let reply = site.call("GET", path, &[("accept-encoding", accepted)]).await;
        let name = path.replace("/widget/", "widget/assets/").replace("/app/", "console/");
        assert_eq!(&*reply.body, sample(&format!("{name}{ending}")), "{path} {accepted}");
        assert_eq!((reply.header("content-encoding"), reply.header("vary")), (coding, "accept-encoding"));
        assert_eq!(reply.header("content-type"), "text/javascript; charset=utf-8");
    }
}

#[tokio::test]
async fn what_the_build_has_compressed_alone_is_unpacked_for_whoever_reads_no_gzip() {
    let site = Site::of::<Sample>().await;
    let path = "/demo/assets/packed-7a8b9c.css";
    let packed = site.call("GET", path, &[("accept-encoding", "gzip")]).await;
    assert_eq!(
        (packed.header("content-encoding"), &*packed.body),
        ("gzip", &*sample("demo/assets/packed-7a8b9c.css.gz"))
    );
    for accepted in ["identity", "br", ""] {
        let plain = site.call("GET", path, &[("accept-encoding", accepted)]).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{accepted}");
        assert_eq!(plain.text(), "body { color: rebeccapurple }\n");
        assert_eq!(plain.header("etag"), packed.header("etag"));
        assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    }
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let site = Site::of::<Sample>().await;
    let first = site.get("/widget.js").await;
    let etag = first.header("etag");
    assert!(etag.starts_with("W/\"") && etag.len() > 20, "{etag}");
    for known in [etag, &etag[2..], &format!("\"other\", {etag}"), "*"] {
        let again = site.call("GET", "/widget.js", &[("if-none-match", known)]).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag), "{known}");
        assert_eq!(again.header("cache-control"), first.header("cache-control"));
    }
    assert_eq!(site.call("GET", "/widget.js", &[("if-none-match", "\"other\"")]).await.status, 200);
    assert_ne!(site.get("/widget/app-1a2b3c.js").await.header("etag"), etag);
    let head = site.call("HEAD", "/widget.js", &[]).await;
    assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, etag));
    assert_eq!(head.header("content-length"), first.body.len().to_string());
}

#[tokio::test]
async fn a_page_has_a_nonce_of_its_own_and_allows_nothing_inline_besides() {
    let site = Site::of::<Sample>().await;
    let mut nonces = Vec::new();
    for path in ["/app", "/app/", "/app/tickets/0199", "/demo", "/demo/"] {
        let page = site.get(path).await;
        let name = if path.starts_with("/app") { "console" } else { "demo" };
        assert!(page.status == 200 && page.text().contains(&format!("<title>{name}</title>")), "{path}");
        assert_eq!(
            (page.header("content-type"), page.header("cache-control")),
            ("text/html; charset=utf-8", "no-cache")
        );
        assert_eq!((page.header("etag"), page.header("cross-origin-opener-policy")), ("", "same-origin"));
        let policy = page.header("content-security-policy");
        let nonce = policy.split("style-src 'self' 'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
        let nonce = nonce.unwrap_or_else(|| panic!("{path}: {policy}")).to_owned();
        assert!(name == "demo" || page.text().contains(&format!("content=\"{nonce}\"")), "{path}: {nonce}");
        assert!(!page.text().contains(page::MARK) && nonce.len() == 24, "{path}: {nonce}");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 5, "a nonce came twice");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_no_page() {
    let site = Site::of::<Sample>().await;
    std::fs::write(site.data.path().join("demo-key"), "canary").expect("written");
    std::fs::create_dir(site.data.path().join("widget")).expect("created");
    for path in [
        "/app/absent.js",
        "/app/assets/absent.js",
        "/app/assets/index",
        "/app/index.html",
        "/demo/index.html",
        "/demo/absent",
        "/demo/../console/favicon.svg",
        "/widget/absent.js",
        "/widget/widget.js",
        "/widget/assets/app-1a2b3c.js",
        "/widget/app-1a2b3c.js.br",
        "/widget/..%2f..%2fconsole%2ffavicon.svg",
        "/widget/..%2fdemo-key",
        "/app/../../etc/passwd",
        "/app/%2e%2e/%2e%2e/etc/passwd",
        "/app/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/app/%2e%2e%5c%2e%2e%5cetc%5cpasswd",
        "/app/assets/..%2f..%2f..%2f..%2fCargo.toml",
        "/app/assets//etc/passwd",
        "/app/assets/%00",
        "/demo/%2fetc%2fpasswd",
        "/demo/.env",
    ] {
        let reply = site.get(path).await;
        assert!(reply.status == 404 && !reply.text().contains("canary"), "{path}: {} {}", reply.status, reply.text());
    }
}

#[tokio::test]
async fn a_file_of_an_earlier_release_is_still_there() {
    let site = Site::of::<Sample>().await;
    std::fs::create_dir(site.data.path().join("widget")).expect("created");
    std::fs::write(site.data.path().join("widget/app-0ld.js"), "export {}").expect("written");
    let reply = site.get("/widget/app-0ld.js").await;
    assert_eq!((reply.status, reply.text()), (200, "export {}"));
    assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(reply.header("content-type"), "text/javascript; charset=utf-8");
}

#[tokio::test]
async fn without_a_build_the_pages_say_how_to_make_one() {
    let site = Site::of::<Nothing>().await;
    for path in ["/app", "/app/tickets/0199", "/demo"] {
        let page = site.get(path).await;
        assert!(page.status == 200 && page.text().contains("<code>make web</code>"), "{path}");
        let nonce = page.text().split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
        assert!(page.header("content-security-policy").contains(&format!("style-src 'self' 'nonce-{nonce}'")));
    }
    for path in ["/widget.js", "/widget/app-1a2b3c.js", "/app/assets/index-9z8y7x.js"] {
        assert_eq!(site.get(path).await.status, 404, "{path}");
    }
}
