//! What there is to read.

use serde_json::{Value, json};

use super::{HTML, page, stocked, write};
use crate::harness::{Engine, Server, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_there_and_nothing_else() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other & co").await);
        let ada = stocked(&server, &acme).await;
        let home = page(server.get("/help/acme").await);
        for part in
            ["href=\"/help/acme/costs\"", "href=\"/help/acme/tea\"", "/help/acme/collections/delivery", "Support"]
        {
            assert!(home.contains(part), "{part} is not in {home}");
        }
        assert!(!home.contains("/help/acme/costs-de"), "each article once, in the reader's language");
        let article = page(server.get("/help/acme/costs").await);
        for part in [
            "<h1 dir=\"auto\">What does delivery cost?</h1>",
            "<strong>Four</strong>",
            "<h2>Abroad</h2>",
            "href=\"/help/acme/times\"",
            "<time datetime=\"",
            "<meta name=\"description\" content=\"Four euros.\">",
            "hreflang=\"de\"",
            "hreflang=\"x-default\"",
            "<form method=\"post\" action=\"/help/acme/costs/feedback\">",
        ] {
            assert!(article.contains(part), "{part} is not in {article}");
        }
        let shelf = page(server.get("/help/acme/collections/delivery").await);
        assert!(shelf.contains("Parcels and postage.") && shelf.contains("/help/acme/times"));

        // Drafts, other tenants' articles and what nobody wrote are the same: nothing.
        let mut nothings = Vec::new();
        for path in ["secret", "absent", "no%20slug", "costs/more", "collections/absent", "collections/a/b", "feedback"]
        {
            let reply = server.get(&format!("/help/acme/{path}")).await;
            assert_eq!((reply.status, reply.header("content-type")), (404, Some(HTML)), "{path}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
            nothings.push(reply.text);
        }
        nothings.dedup();
        assert_eq!(nothings.len(), 1, "{nothings:#?}");
        assert!(nothings[0].contains("noindex") && nothings[0].contains("/help/acme/search"));
        let nobody = server.get("/help/nobody").await;
        assert_eq!(nobody.status, 404);
        let stranger = other.admin("ada").await;
        assert_eq!(
            server.get("/help/other%20%26%20co").await.text,
            nobody.text,
            "nothing is published, nothing is told"
        );
        write(&server, &stranger, json!({"slug": "own", "title": "Own", "body": "Own.", "status": "published"})).await;
        assert!(page(server.get("/help/other%20%26%20co/own").await).contains("href=\"/help/other%20%26%20co\""));
        assert_eq!(server.get("/help/other%20%26%20co/costs").await.status, 404);
        assert_eq!(server.get("/help/acme/own").await.status, 404);

        // Staff who are signed in read what everybody reads.
        assert_eq!(server.get("/help/acme/secret").by(&ada).await.status, 404);
        server.put("/api/kb/articles/costs").by(&ada).json(json!({"status": "draft"})).await.expect(200);
        assert_eq!(server.get("/help/acme/costs").await.status, 404);
        assert!(!page(server.get("/help/acme/costs-de").await).contains("hreflang"), "no version is left");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_shows_the_passages_that_it_found() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = stocked(&server, &acme).await;
        let found = server.get("/help/acme/search?q=what+does+delivery+cost").await;
        assert_eq!((found.header("cache-control"), found.header("etag")), (Some("no-store"), None));
        let found = page(found);
        assert!(found.contains("<a href=\"/help/acme/costs\">") && found.contains("Four euros."), "{found}");
        assert!(found.contains("noindex") && found.contains("value=\"what does delivery cost\""));
        let nothing = page(server.get("/help/acme/search?q=zeplin").await);
        assert!(nothing.contains("Nothing was found."), "{nothing}");
        assert!(page(server.get("/help/acme/search?q=").await).contains("Type a question"));
        page(server.get(&format!("/help/acme/search?q={}", "x".repeat(5000))).await);
        page(server.get("/help/acme/search?q=%00%ff&lang=%22%3E").await);
        assert_eq!(server.get("/help/acme/search").await.status, 404);
        let new = json!({"title": "Search", "slug": "search", "body": "How to search.", "status": "published"});
        write(&server, &ada, new).await;
        assert!(page(server.get("/help/acme/search").await).contains("How to search."), "an article may be called so");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_shelf_is_shown_in_pieces() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = stocked(&server, &acme).await;
        // Behind the shelf's own "How long does it take?", and some of them in German as well.
        server
            .running
            .app
            .db
            .write(|tx| {
                tx.execute(
                    "insert into kb_articles (article_id, tenant_key, collection_id, slug, language, title, body, keywords,
                         status, version, created_at, updated_at, base_slug, sort_title)
                     with recursive numbers (n) as (select 1000 union all select n + 1 from numbers where n < 1249)
                     select 'id-' || n || l.language, c.tenant_key, c.collection_id, 'many-' || n || l.suffix, l.language,
                         'Many ' || n || l.suffix, 'Text.', '[]', 'published', 1, 0, 0, 'many-' || n, 'many ' || n || l.suffix
                     from numbers, kb_collections c,
                         (select 'en' as language, '' as suffix union all select 'de', '-de') l
                     where c.slug = 'delivery' and (l.language = 'en' or n % 5 = 0)",
                    &[],
                )
                .map(drop)
            })
            .await
            .expect("written");
        let home = page(server.get("/help/acme").await);
        assert!(home.contains("All 100+ articles"), "{home}");
        assert_eq!(home.matches("href=\"/help/acme/").count() - home.matches("/help/acme/collections/").count(), 6);
        for (language, own, other) in [("en", 252, "-de\""), ("de", 252, "no such")] {
            let mut seen = Vec::new();
            let mut path = format!("/help/acme/collections/delivery?lang={language}");
            for _ in 0..5 {
                let text = page(server.get(&path).await);
                assert!(!text.contains(other), "{path}");
                let links = text.split("<li><a href=\"/help/acme/").skip(1);
                let slugs: Vec<_> =
                    links.filter_map(|rest| rest.split('"').next()).filter(|slug| !slug.contains('/')).map(str::to_owned).collect();
                assert!((1..=100).contains(&slugs.len()), "{path}: {}", slugs.len());
                seen.extend(slugs);
                let Some((_, rest)) = text.split_once("<p class=\"all\"><a href=\"") else { break };
                path = rest.split('"').next().expect("an address").replace("&amp;", "&");
            }
            let distinct: std::collections::HashSet<_> = seen.iter().collect();
            assert_eq!((seen.len(), distinct.len()), (own, own), "{language}");
            if language == "de" {
                assert_eq!(seen.iter().filter(|slug| slug.ends_with("-de")).count(), 51);
                assert!(!seen.contains(&"many-1000".to_owned()) && seen.contains(&"many-1001".to_owned()));
            }
        }
        let last = server.get("/api/kb/articles/costs").by(&ada).await.expect(200)["article_id"].clone();
        let behind = format!("/help/acme/collections/delivery?after={}", last.as_str().expect("an id"));
        assert_eq!(server.get(&behind).await.status, 404, "behind the last one is nothing");
        let first = page(server.get("/help/acme/collections/delivery?after=absent").await);
        assert!(first.contains("/help/acme/times"), "behind nothing stands the beginning");
        let loose = page(server.get("/help/acme?other").await);
        assert!(loose.contains("/help/acme/tea") && loose.contains("noindex") && !loose.contains("many-"), "{loose}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_engines_get_a_list_of_what_is_published() {
    let server = Server::start_with(Engine::Sqlite, |config| config.server.trusted_proxies = 1).await;
    let acme = server.tenant("acme").await;
    stocked(&server, &acme).await;
    let proxied = |path: &str| server.get(path).header("host", "help.example").header("x-forwarded-proto", "https");
    let map = proxied("/help/acme/sitemap.xml").await;
    assert_eq!((map.status, map.header("content-type")), (200, Some("application/xml; charset=utf-8")));
    for part in [
        "<loc>https://help.example/help/acme</loc>",
        "<loc>https://help.example/help/acme/costs</loc>",
        "<loc>https://help.example/help/acme/collections/delivery</loc>",
        "hreflang=\"de\" href=\"https://help.example/help/acme/costs-de\"",
    ] {
        assert!(map.text.contains(part), "{part} is not in {}", map.text);
    }
    assert!(map.text.starts_with("<?xml") && !map.text.contains("secret"), "{}", map.text);
    let article = page(proxied("/help/acme/costs").await);
    assert!(article.contains("<link rel=\"canonical\" href=\"https://help.example/help/acme/costs\">"), "{article}");
    server.get("/help/nobody/sitemap.xml").await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_and_the_widget_are_told_where_it_stands() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme & co").await;
        let profile = async || server.get("/api/bot/profile").key(&acme.publishable_key).await.expect(200);
        assert_eq!(profile().await["help_url"], Value::Null);
        let ada = stocked(&server, &acme).await;
        assert_eq!(profile().await["help_url"], "/help/acme%20%26%20co");
        server.put("/api/bot").by(&ada).json(json!({"enabled": true})).await.expect(200);
        assert_eq!(server.get("/api/bot").by(&ada).await.expect(200)["article_url"], "/help/{tenant}/{slug}");
        let tried = json!({"question": "What does delivery cost?"});
        let tried = server.post("/api/bot/try").by(&ada).json(tried).await.expect(200);
        let said = tried["reply"].as_str().expect("a reply");
        assert!(said.ends_with("What does delivery cost?: /help/acme%20%26%20co/costs"), "{said}");
        page(server.get("/help/acme%20%26%20co/costs").await);
        for bad in ["/\\evil/{slug}", "//evil/{slug}", "/help/{tenant}", "javascript:{slug}"] {
            server.put("/api/bot").by(&ada).json(json!({"article_url": bad})).await.invalid("article_url");
        }
    })
    .await;
}
