//! The public help centre: pages of what is published and of nothing else, for readers without a script.

use std::future::IntoFuture;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Call, Engine, Person, Reply, Server, Tenant, on_both_engines};

const HTML: &str = "text/html; charset=utf-8";

async fn write(server: &Server, by: &Person, new: Value) -> Value {
    server.post("/api/kb/articles").by(by).json(new).await.expect(201)
}

/// Two published articles on one shelf, one beside it, one in German, and one that is not out yet.
async fn stocked(server: &Server, tenant: &Tenant<'_>) -> Person {
    let ada = tenant.admin("ada").await;
    let shelf = json!({"name": "Delivery", "description": "Parcels and postage."});
    let shelf = server.post("/api/kb/collections").by(&ada).json(shelf).await.expect(201)["collection_id"].clone();
    for (slug, title, body, language, status, collection) in [
        (
            "costs",
            "What does delivery cost?",
            "**Four** euros.\n\n## Abroad\n\nEight euros.",
            "en",
            "published",
            &shelf,
        ),
        ("costs-de", "Was kostet die Lieferung?", "Vier Euro.", "de", "published", &shelf),
        ("times", "How long does it take?", "Three days.", "en", "published", &shelf),
        ("tea", "Do you sell tea?", "No, coffee alone.", "en", "published", &Value::Null),
        ("secret", "Zeppelins are coming", "Delivery by zeppelin.", "en", "draft", &shelf),
    ] {
        let new = json!({"slug": slug, "title": title, "body": body, "language": language, "status": status,
            "collection_id": collection});
        write(server, &ada, new).await;
    }
    ada
}

fn vote(server: &Server, path: &str, said: &str) -> Call {
    let form = server.post(&format!("{path}/feedback")).header("content-type", "application/x-www-form-urlencoded");
    form.text(format!("helpful={said}"))
}

fn page(reply: Reply) -> String {
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(HTML)), "{}", reply.text);
    assert!(!reply.text.contains("<script") && !reply.text.to_lowercase().contains("zeppelin"), "{}", reply.text);
    reply.text
}

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
async fn a_reader_says_by_a_form_whether_it_helped() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = stocked(&server, &acme).await;
        let counts = async || {
            let article = server.get("/api/kb/articles/costs").by(&ada).await.expect(200);
            (article["helpful_yes"].as_i64(), article["helpful_no"].as_i64())
        };
        let thanked = vote(&server, "/help/acme/costs", "yes").await;
        assert_eq!((thanked.status, thanked.header("location")), (303, Some("/help/acme/costs?thanks#feedback")));
        assert_eq!((counts().await, thanked.header("set-cookie")), ((Some(1), Some(0)), None));
        let thanks = server.get("/help/acme/costs?thanks").await;
        assert_eq!(thanks.header("cache-control"), Some("no-store"));
        assert!(thanks.text.contains("Thank you for telling us.") && !thanks.text.contains("<form method=\"post\""));
        assert_eq!(vote(&server, "/help/acme/costs", "no").await.status, 303);
        assert_eq!(counts().await, (Some(0), Some(1)), "an address has one vote");
        // Who signed in has one of their own.
        let (ann, said) = (acme.customer("ann").await, json!({"is_helpful": true}));
        let rated = server.post("/api/kb/articles/costs/feedback").by(&ann).json(said).await.expect(200);
        assert_eq!(rated, json!({"helpful_yes": 1, "helpful_no": 1}));

        vote(&server, "/help/acme/costs", "maybe").await.invalid("helpful");
        for path in ["/help/acme/secret", "/help/acme/absent", "/help/nobody/costs"] {
            vote(&server, path, "yes").await.problem(404, "not_found");
        }
        let foreign = vote(&server, "/help/acme/costs", "yes").header("sec-fetch-site", "cross-site").await;
        foreign.problem(403, "origin_not_allowed");
        vote(&server, "/help/acme/costs", &"yes".repeat(1000)).await.problem(413, "too_large");
        assert_eq!(server.count("select count(*) from kb_reader_feedback").await, 1);
        let kept = server.count("select count(*) from kb_reader_feedback where reader like '%127.0.0.1%'").await;
        assert_eq!(kept, 0, "whose address it was is not kept");
        server.delete("/api/kb/articles/costs").by(&ada).await.expect(204);
        assert_eq!(server.count("select count(*) from kb_reader_feedback").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_that_differ_by_their_language_are_one_article() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let ada = acme.admin("ada").await;
        for (slug, language) in
            [("delivery-de", "de"), ("delivery", "en"), ("delivery-pt-br", "pt-BR"), ("made-in-de", "en")]
        {
            let new =
                json!({"slug": slug, "title": slug, "body": "Text.", "language": language, "status": "published"});
            write(&server, &ada, new).await;
        }
        for (language, slug) in [
            ("de", "delivery-de"),
            ("de-AT", "delivery-de"),
            ("pt", "delivery-pt-br"),
            ("pt-br", "delivery-pt-br"),
            // The first one, where there is none in a language.
            ("fr", "delivery"),
        ] {
            let home = page(server.get(&format!("/help/acme?lang={language}")).await);
            let links = home.split("<li><a href=\"/help/acme/").skip(1).filter_map(|rest| rest.split('"').next());
            assert_eq!(links.collect::<Vec<_>>(), [slug, "made-in-de"], "{language}");
        }
        // As most is written in, where neither browser nor widget say a language that is there.
        assert!(page(server.get("/help/acme").header("accept-language", "fr").await).contains("<html lang=\"en\""));
        let german = page(server.get("/help/acme/delivery-de").await);
        for tag in ["en", "de", "pt-BR", "x-default"] {
            assert!(german.contains(&format!("hreflang=\"{tag}\"")), "{tag}");
        }
        // Its language is changed, and it is another article's no longer.
        server.put("/api/kb/articles/delivery-de").by(&ada).json(json!({"language": "fr"})).await.expect(200);
        let french = page(server.get("/help/acme?lang=fr").await);
        assert!(french.contains("/help/acme/delivery\"") && french.contains("/help/acme/delivery-de\""));
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
async fn a_vote_on_what_is_not_there_waits_for_nobody() {
    // SQLite has one writer in any case.
    let server = Server::start(Engine::Postgres).await;
    let acme = server.tenant("acme").await;
    stocked(&server, &acme).await;
    let ann = acme.customer("ann").await;
    let (has_begun, begun) = tokio::sync::oneshot::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let db = server.running.app.db.clone();
    let holding = tokio::spawn(async move {
        db.write(move |tx| {
            tx.execute("update tenants set bot_is_on = bot_is_on where name = 'acme'", &[])?;
            has_begun.send(()).expect("somebody listens");
            wait.recv_timeout(Duration::from_secs(60)).expect("it is let go");
            Ok(())
        })
        .await
    });
    begun.await.expect("the tenant is held");
    for path in ["/help/acme/absent", "/help/acme/secret"] {
        let voted = tokio::time::timeout(Duration::from_secs(5), vote(&server, path, "yes").into_future()).await;
        voted.expect("it waits for the tenant").problem(404, "not_found");
    }
    let said = server.post("/api/kb/articles/absent/feedback").by(&ann).json(json!({"is_helpful": true}));
    let voted = tokio::time::timeout(Duration::from_secs(5), said.into_future()).await;
    voted.expect("it waits for the tenant").problem(404, "not_found");
    let_go.send(()).expect("it waits");
    holding.await.expect("no panic").expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_in_the_language_of_its_reader_or_of_its_article() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    stocked(&server, &acme).await;
    let html = |code: &str, direction: &str| format!("<html lang=\"{code}\" dir=\"{direction}\">");
    for (path, accepts, code, direction, word) in [
        ("/help/acme", "de-AT, en;q=0.5", "de", "ltr", "/help/acme/costs-de"),
        ("/help/acme", "fr", "en", "ltr", "Search for answers"),
        ("/help/acme?lang=fr", "de", "fr", "ltr", "Rechercher une réponse"),
        ("/help/acme?lang=ar", "de", "ar", "rtl", "ابحث عن إجابة"),
        ("/help/acme?lang=%22%3E%3Cb%3E", "en", "en", "ltr", "Search for answers"),
        ("/help/acme/costs", "de", "en", "ltr", "Was this helpful?"),
        ("/help/acme/costs-de", "en", "de", "ltr", "War das hilfreich?"),
        ("/help/acme/search?q=lieferung", "de", "de", "ltr", "Ergebnisse für „lieferung“"),
    ] {
        let reply = server.get(path).header("accept-language", accepts).await;
        assert_eq!(reply.header("vary").map(|vary| vary.contains("accept-language")), Some(true));
        let text = page(reply);
        assert!(text.contains(&html(code, direction)) && text.contains(word), "{path} {accepts}: {text}");
    }
    let german = page(server.get("/help/acme/costs-de").header("accept-language", "en").await);
    assert!(german.contains("href=\"/help/acme?lang=de\""), "the language is kept on the way: {german}");
}

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
