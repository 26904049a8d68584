//! Articles from the pages of a site, as `smilechat kb import https://…/sitemap.xml` makes them: a real site on the loopback.

use std::collections::BTreeMap;
use std::future;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use smilechat::auth::operator;
use smilechat::events::Act;
use smilechat::tickets::knowledge::import::{self, Imported};
use smilechat::tickets::knowledge::model::ArticleStatus;
use smilechat::tickets::knowledge::site::{self, Outcome};
use tokio::sync::oneshot;

use crate::harness::{Engine, Server};

const ALREADY: &str = "it leads to a page that was read already";
const HTML: &str = "text/html; charset=utf-8";

/// A site that can be changed while it is served.
#[derive(Clone)]
pub struct Site {
    pub origin: String,
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    /// The paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    /// Those that are never answered.
    held: Arc<Mutex<BTreeMap<String, oneshot::Sender<()>>>>,
}

#[derive(Clone)]
struct Page {
    status: u16,
    header: (&'static str, String),
    body: Vec<u8>,
}

impl Site {
    pub async fn serve() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let site = Self { origin, pages: Arc::default(), asked: Arc::default(), held: Arc::default() };
        let served = site.clone();
        let answer = move |request: Request<Body>| {
            let path = request.uri().path().to_owned();
            served.asked.lock().expect("no panic").push(path.clone());
            let page = served.pages.lock().expect("no panic").get(&path).cloned();
            let page = page.unwrap_or(Page { status: 404, header: ("x-gone", "1".into()), body: Vec::new() });
            let response = Response::builder().status(page.status).header(page.header.0, page.header.1);
            let held = served.held.lock().expect("no panic").remove(&path);
            async move {
                if held.is_some() {
                    future::pending::<()>().await;
                }
                response.body(Body::from(page.body)).expect("a response")
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        site
    }

    /// The pages that were asked for since this was asked before.
    fn asked(&self) -> Vec<String> {
        let asked = mem::take(&mut *self.asked.lock().expect("no panic"));
        asked.into_iter().filter(|path| !path.contains('.')).collect()
    }

    fn put(&self, path: &str, status: u16, header: (&'static str, &str), body: impl Into<Vec<u8>>) {
        let page = Page { status, header: (header.0, header.1.to_owned()), body: body.into() };
        self.pages.lock().expect("no panic").insert(path.to_owned(), page);
    }

    pub fn page(&self, path: &str, html: &str) {
        self.put(path, 200, ("content-type", HTML), html);
    }

    /// Begins no answer. The receiver hears when whoever asked for it is gone.
    pub fn hold(&self, path: &str) -> oneshot::Receiver<()> {
        let (held, gone) = oneshot::channel();
        self.held.lock().expect("no panic").insert(path.to_owned(), held);
        gone
    }

    pub fn is_asked_for(&self, path: &str) -> bool {
        self.asked.lock().expect("no panic").iter().any(|asked| asked == path)
    }

    /// The map lists these paths.
    pub fn list(&self, paths: &[&str]) {
        let pages: String = paths.iter().map(|path| format!("<url><loc>{}{path}</loc></url>", self.origin)).collect();
        self.put("/sitemap.xml", 200, ("content-type", "application/xml"), format!("<urlset>{pages}</urlset>"));
    }

    pub fn address(&self) -> String {
        format!("{}/sitemap.xml", self.origin)
    }

    /// A server that may ask this site.
    pub async fn server(&self, engine: Engine) -> Server {
        let host = self.origin.trim_start_matches("http://").to_owned();
        Server::start_with(engine, |config| config.outbound.own_hosts = host).await
    }
}

async fn import(server: &Server, tenant: &str, address: &str, most: usize) -> anyhow::Result<Outcome> {
    let app = &server.running.app;
    let act = Act::of_server(operator::find_tenant(&app.db, tenant).await?, app.clock.now());
    site::import(app, &act, address, most, ArticleStatus::Published, &|_, _| ()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_site_become_articles_and_the_rest_is_named() {
    let site = Site::serve().await;
    let origin = &site.origin;
    let index = format!("<sitemapindex><sitemap><loc>{origin}/pages.xml.gz</loc></sitemap></sitemapindex>");
    site.put("/sitemap.xml", 200, ("content-type", "application/xml"), index);
    let paths = [
        "about",
        "costs.html",
        "moved",
        "away",
        "gone",
        "picture",
        "huge",
        "hidden",
        "empty",
        "help/costs",
        "around",
        "far",
    ];
    let mut pages: Vec<String> = paths.iter().map(|path| format!("<url><loc>{origin}/{path}</loc></url>")).collect();
    pages.push("<url><loc>http://elsewhere.example/</loc></url><url><loc>/about#us</loc></url>".into());
    pages.push("<url><loc>/moved/</loc></url>".into());
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(format!("<urlset>{}</urlset>", pages.concat()).as_bytes()).expect("in memory");
    site.put("/pages.xml.gz", 200, ("content-type", "application/gzip"), packed.finish().expect("in memory"));
    site.page("/about", "<html lang=en><main><h1>About us</h1><p>We sell <a href='/lamps'>lamps</a>.</main>");
    site.page("/costs.html", "<p>Four euros.");
    site.put("/moved", 302, ("location", "/moved/"), "");
    site.page("/moved/", "<title>Moved</title><p>It stands here now.");
    site.put("/away", 302, ("location", "http://127.0.0.2:9/"), "");
    site.put("/around", 302, ("location", "/around"), "");
    site.put("/far", 302, ("location", &format!("/{}", "x".repeat(2048))), "");
    site.put("/picture", 200, ("content-type", "image/png"), "PNG");
    site.page("/huge", &"<p>a".repeat(1_000_000));
    site.page("/hidden", "<meta name=robots content=noindex><p>For us.");
    site.page("/empty", "<nav>Home</nav>");
    site.page("/help/costs", "<p>The same words in another place.");
    let server = site.server(Engine::Sqlite).await;
    let outcome = import(&server, "default", &site.address(), 100).await.expect("imported");
    assert_eq!(outcome.imported, Imported { created: 4, changed: 0, unchanged: 0 });
    let expected = [
        "1 addresses of other sites".to_owned(),
        format!("{origin}/away: it sends elsewhere, to http://127.0.0.2:9"),
        format!("{origin}/gone: status 404"),
        format!("{origin}/picture: no HTML"),
        format!("{origin}/huge: too_long"),
        format!("{origin}/hidden: it asks not to be indexed"),
        format!("{origin}/empty: no text"),
        format!("{origin}/around: broken"),
        format!("{origin}/far: its address is too long"),
        format!("{origin}/moved/: {ALREADY}"),
    ];
    assert_eq!(outcome.left_out, expected);

    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    assert_eq!(server.get("/api/kb/articles").by(&ada).await.expect(200)["data"], json!([]), "another tenant's");
    let page = server.get("/help/default/about").await;
    let text = String::from_utf8(page.expect_bytes(200)).expect("text");
    assert!(text.contains("About us") && text.contains(&format!("href=\"{origin}/lamps\"")), "{text}");
    for (slug, says) in [("costs", "Four euros."), ("moved", "It stands here now."), ("help-costs", "The same words")] {
        let page = server.get(&format!("/help/default/{slug}")).await;
        assert!(String::from_utf8(page.expect_bytes(200)).expect("text").contains(says), "{slug}");
    }

    site.page("/costs.html", "<p>Five euros.");
    let again = import(&server, "default", &site.address(), 100).await.expect("imported");
    assert_eq!(again.imported, Imported { created: 0, changed: 1, unchanged: 3 });
    assert_eq!(again.unlisted, [""; 0]);
    let few = import(&server, "default", &site.address(), 2).await.expect("imported");
    assert_eq!(few.imported.unchanged, 2);
    assert_eq!(few.left_out.last().map(String::as_str), Some("11 pages beyond the first 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_known_by_its_page_whatever_staff_call_it() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::serve().await;
        let address = |path: &str| format!("{}{path}", site.origin);
        site.list(&["/costs", "/costs.html", "/about", "/shipping"]);
        for (path, says) in
            [("/costs", "Four."), ("/costs.html", "Five."), ("/about", "Lamps."), ("/shipping", "Slow.")]
        {
            site.page(path, &format!("<p>{says}"));
        }
        let server = site.server(engine).await;
        let acme = server.tenant("acme").await;
        let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
        let get = async |slug: &str| server.get(&format!("/api/kb/articles/{slug}")).by(&ada).await.expect(200);
        let put = async |slug: &str, patch: Value| {
            server.put(&format!("/api/kb/articles/{slug}")).by(&ada).json(patch).await.expect(200)
        };
        // What staff wrote, or a file holds, is no page of the site's, whatever it is called.
        let ours = json!({"title": "About", "body": "Ours.", "slug": "about"});
        server.post("/api/kb/articles").by(&ada).json(ours).await.expect(201);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("shipping.md"), "# shipping\nA file.").expect("written");
        let app = &server.running.app;
        let tenant = operator::find_tenant(&app.db, "acme").await.expect("there");
        import::import(app, tenant, folder.path(), ArticleStatus::Draft).await.expect("imported");

        let outcome = import(&server, "acme", &site.address(), 10).await.expect("imported");
        assert_eq!(outcome.imported, Imported { created: 4, changed: 0, unchanged: 0 });
        assert_eq!((outcome.left_out.len(), outcome.unlisted.len()), (0, 0));
        for (slug, path, says, status) in [
            ("costs", "/costs", "Four.", "published"),
            ("costs-2", "/costs.html", "Five.", "published"),
            ("about-2", "/about", "Lamps.", "published"),
            ("shipping-2", "/shipping", "Slow.", "published"),
        ] {
            let article = get(slug).await;
            assert_eq!((&article["body"], &article["status"]), (&json!(says), &json!(status)), "{slug}");
            assert_eq!(article["source_url"], address(path), "{slug}");
        }
        let about = get("about").await;
        assert_eq!((&about["body"], &about["source_url"]), (&json!("Ours."), &Value::Null));
        assert_eq!(get("shipping").await["body"], "A file.");
        let seen = server.get("/api/kb/articles/costs").by(&ann).await.expect(200);
        assert_eq!((&seen["body"], &seen["source_url"]), (&json!("Four."), &Value::Null), "staff alone see where from");

        // Staff call it what they like, and take it down; it is the page's all the same.
        put("costs-2", json!({"slug": "prices", "status": "draft"})).await;
        site.page("/costs.html", "<p>Six.");
        site.list(&["/costs.html", "/shipping"]);
        let again = import(&server, "acme", &site.address(), 10).await.expect("imported");
        assert_eq!(again.imported, Imported { created: 0, changed: 1, unchanged: 1 });
        assert_eq!(again.unlisted, [address("/about"), address("/costs")]);
        let prices = get("prices").await;
        assert_eq!((&prices["body"], &prices["status"]), (&json!("Six."), &json!("draft")));
        assert_eq!(get("costs").await["body"], "Four.", "what is no longer listed stays");

        // What staff have edited stays while the page does, and where both have changed.
        put("prices", json!({"body": "Six, with tax."})).await;
        let same = import(&server, "acme", &site.address(), 10).await.expect("imported");
        assert_eq!(same.imported, Imported { created: 0, changed: 0, unchanged: 2 });
        site.page("/costs.html", "<p>Seven.");
        let both = import(&server, "acme", &site.address(), 10).await.expect("imported");
        assert_eq!(both.imported, Imported { created: 0, changed: 0, unchanged: 1 });
        assert_eq!(both.left_out, [format!("{}: edited here since", address("/costs.html"))]);
        assert_eq!(get("prices").await["body"], "Six, with tax.");
        // Once it is as the site had it, the site's changes come again.
        put("prices", json!({"body": "Six."})).await;
        let taken = import(&server, "acme", &site.address(), 10).await.expect("imported");
        assert_eq!((taken.imported.changed, &get("prices").await["body"]), (1, &json!("Seven.")));

        let by_hand = json!({"source_url": "https://elsewhere.example/"});
        server.put("/api/kb/articles/prices").by(&ada).json(by_hand).await.invalid("source_url");
        // Another tenant has articles of its own of the same pages.
        let elsewhere = import(&server, "default", &site.address(), 10).await.expect("imported");
        assert_eq!((elsewhere.imported.created, elsewhere.unlisted.len()), (2, 0));
        server.running.app.db.clone().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_site_disallows_is_not_asked_for() {
    let site = Site::serve().await;
    let origin = &site.origin;
    for page in ["/help", "/help/secret", "/private", "/old", "/other"] {
        site.page(page, &format!("<p>This is {page}."));
    }
    site.put("/to-private", 302, ("location", "/private"), "");
    site.list(&["/help", "/help/secret", "/private", "/to-private"]);
    let server = site.server(Engine::Sqlite).await;
    let import = async |address: String| import(&server, "default", &address, 10).await;
    let rules = |rules: &str| site.put("/robots.txt", 200, ("content-type", "text/plain"), rules);

    rules(
        "User-agent: *\nDisallow: /\n\nUser-agent: smilechat\nDisallow: /*secret\nDisallow: /private$\nDisallow: /sitemap",
    );
    let outcome = import(site.address()).await.expect("imported");
    assert_eq!(outcome.imported.created, 1);
    let disallowed =
        ["help/secret", "private", "to-private"].map(|page| format!("{origin}/{page}: robots.txt disallows it"));
    assert_eq!(outcome.left_out, disallowed);
    assert_eq!(site.asked(), ["/help", "/to-private"]);

    rules("User-agent: *\nDisallow: /");
    let outcome = import(site.address()).await.expect("nothing to import is no fault");
    assert_eq!((outcome.left_out.len(), site.asked().len()), (4, 0));

    for (status, header) in [(500, ("x", "y")), (503, ("x", "y")), (302, ("location", "/robots.txt"))] {
        site.put("/robots.txt", status, header, "User-agent: *\nAllow: /");
        let refused = format!("{:#}", import(site.address()).await.expect_err("stopped"));
        assert!(refused.contains(&format!("{origin}/robots.txt: ")), "{refused}");
    }
    assert_eq!(site.asked(), [""; 0]);
    for status in [401, 404, 410] {
        site.put("/robots.txt", status, ("x", "y"), "User-agent: *\nDisallow: /");
        let outcome = import(site.address()).await.expect("imported");
        assert_eq!((outcome.left_out, site.asked().len()), (vec![format!("{origin}/to-private: {ALREADY}")], 5));
    }
    // By far the most of it is not read, and said in time.
    rules(&format!("User-agent: *\nDisallow: /help$\n{}\nDisallow: /", "# long\n".repeat(1_000_000)));
    assert_eq!(import(site.address()).await.expect("imported").left_out.len(), 2);
    site.put("/robots.txt", 302, ("location", "/rules/robots.txt"), "");
    site.put("/rules/robots.txt", 200, ("x", "y"), "User-agent: *\nDisallow: /help");
    assert_eq!(import(site.address()).await.expect("imported").left_out.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_site_names_its_site_maps_or_has_one_where_all_have() {
    let site = Site::serve().await;
    let origin = &site.origin;
    site.page("/one", "<p>One.");
    site.page("/two", "<p>Two.");
    site.list(&["/one"]);
    let server = site.server(Engine::Sqlite).await;
    for (address, robots, created) in [
        (format!("{origin}/"), "Sitemap: http://elsewhere.example/sitemap.xml".to_owned(), 1),
        (
            origin.clone(),
            format!("sitemap: {origin}/maps/two.xml\nUser-agent: *\nDisallow: /maps\nSitemap: /sitemap.xml"),
            1,
        ),
        (origin.clone(), String::new(), 0),
    ] {
        site.put("/robots.txt", 200, ("x", "y"), robots);
        site.put("/maps/two.xml", 200, ("x", "y"), "<urlset><url><loc>/two</loc></url></urlset>");
        let outcome = import(&server, "default", &address, 10).await.expect("imported");
        assert_eq!((outcome.imported.created, outcome.left_out.len()), (created, 0), "{address}");
    }
    let names = server.get("/api/kb/articles").await.expect(200);
    assert_eq!(names["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_site_map_or_not_public_is_refused_in_one_line() {
    let site = Site::serve().await;
    site.page("/about", "");
    let server = site.server(Engine::Sqlite).await;
    for (address, why) in [
        ("http://169.254.169.254/sitemap.xml".to_owned(), "refused_address"),
        ("http://127.0.0.1:1/sitemap.xml".to_owned(), "refused_address"),
        (format!("{}/none.xml", site.origin), "status 404"),
        (format!("{}/about", site.origin), "no site map"),
        ("https://".to_owned(), "no address"),
    ] {
        let refused = format!("{:#}", import(&server, "default", &address, 10).await.expect_err("refused"));
        assert!(refused.contains(why) && refused.lines().count() == 1, "{address}: {refused}");
    }
    assert_eq!(server.count("select count(*) from kb_articles").await, 0);
}
