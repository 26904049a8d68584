//! Articles from the pages of a site, as `smilechat kb import https://…/sitemap.xml` makes them: a real site on the loopback.

use std::io::Write;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::IntoResponse;
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use smilechat::tickets::knowledge::import::Imported;
use smilechat::tickets::knowledge::model::ArticleStatus;
use smilechat::tickets::knowledge::site;

use crate::harness::{Engine, Server};

const HTML: &str = "text/html; charset=utf-8";

/// A site whose second page says `costs`. Its address.
async fn serve(costs: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let index = format!("<sitemapindex><sitemap><loc>{origin}/pages.xml.gz</loc></sitemap></sitemapindex>");
    let paths =
        ["about", "costs.html", "moved", "away", "gone", "picture", "huge", "hidden", "empty", "help/costs", "around"];
    let mut pages: Vec<String> = paths.iter().map(|path| format!("<url><loc>{origin}/{path}</loc></url>")).collect();
    pages.push("<url><loc>http://elsewhere.example/</loc></url><url><loc>/about</loc></url>".into());
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(format!("<urlset>{}</urlset>", pages.concat()).as_bytes()).expect("in memory");
    let packed = packed.finish().expect("in memory");
    let page = |text: &'static str| get(async move || ([(CONTENT_TYPE, HTML)], text));
    let to = |place: &'static str| get(async move || (StatusCode::FOUND, [(LOCATION, place)]).into_response());
    let site = Router::new()
        .route("/sitemap.xml", get(async || ([(CONTENT_TYPE, "application/xml")], index)))
        .route("/pages.xml.gz", get(async || packed))
        .route("/about", page("<html lang=en><main><h1>About us</h1><p>We sell <a href='/lamps'>lamps</a>.</main>"))
        .route("/costs.html", page(costs))
        .route("/moved", to("/moved/"))
        .route("/moved/", page("<title>Moved</title><p>It stands here now."))
        .route("/away", to("http://127.0.0.2:9/"))
        .route("/around", to("/around"))
        .route("/picture", get(async || ([(CONTENT_TYPE, "image/png")], "PNG")))
        .route("/huge", get(async || ([(CONTENT_TYPE, HTML)], "<p>a".repeat(1_000_000))))
        .route("/hidden", page("<meta name=robots content=noindex><p>For us."))
        .route("/empty", page("<nav>Home</nav>"))
        .route("/help/costs", page("<p>The same words in another place."));
    tokio::spawn(async move { axum::serve(listener, site).await });
    origin
}

async fn import(server: &Server, origin: &str, most: usize) -> anyhow::Result<(Imported, Vec<String>)> {
    let app = &server.running.app;
    let address = format!("{origin}/sitemap.xml");
    site::import(app, app.auth.default_tenant, &address, most, ArticleStatus::Published, &|_, _| ()).await
}

async fn server_beside(origins: &[&str]) -> Server {
    let hosts: Vec<_> = origins.iter().map(|origin| origin.trim_start_matches("http://")).collect();
    let hosts = hosts.join(",");
    Server::start_with(Engine::Sqlite, |config| config.outbound.own_hosts = hosts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_site_become_articles_and_the_rest_is_named() {
    let origin = serve("<p>Four euros.").await;
    let changed = serve("<p>Five euros.").await;
    let server = server_beside(&[&origin, &changed]).await;
    let (imported, left_out) = import(&server, &origin, 100).await.expect("imported");
    assert_eq!(imported, Imported { created: 4, changed: 0, unchanged: 0 });
    let expected = [
        "1 addresses of other sites".to_owned(),
        format!("{origin}/away: refused_address"),
        format!("{origin}/gone: status 404"),
        format!("{origin}/picture: no HTML"),
        format!("{origin}/huge: too_long"),
        format!("{origin}/hidden: it asks not to be indexed"),
        format!("{origin}/empty: no text"),
        format!("{origin}/around: broken"),
    ];
    assert_eq!(left_out, expected);

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

    let (again, _) = import(&server, &changed, 100).await.expect("imported");
    // The address of a link has another port now.
    assert_eq!(again, Imported { created: 0, changed: 2, unchanged: 2 });
    let (few, left_out) = import(&server, &changed, 2).await.expect("imported");
    assert_eq!((few.unchanged, left_out.last().map(String::as_str)), (2, Some("9 pages beyond the first 2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_site_map_or_not_public_is_refused_in_one_line() {
    let origin = serve("").await;
    let server = server_beside(&[&origin]).await;
    let app = &server.running.app;
    for (address, why) in [
        ("http://169.254.169.254/sitemap.xml".to_owned(), "refused_address"),
        ("http://127.0.0.1:1/sitemap.xml".to_owned(), "refused_address"),
        (format!("{origin}/none.xml"), "status 404"),
        (format!("{origin}/about"), "no site map"),
        ("https://".to_owned(), "no address"),
    ] {
        let refused = site::import(app, app.auth.default_tenant, &address, 10, ArticleStatus::Draft, &|_, _| ()).await;
        let refused = format!("{:#}", refused.expect_err("refused"));
        assert!(refused.contains(why) && refused.lines().count() == 1, "{address}: {refused}");
    }
    assert_eq!(server.count("select count(*) from kb_articles").await, 0);
}
