//! Imports of a site that an admin begins: asked for, carried out beside the requests, and told of afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot::error::TryRecvError;

use super::site_map::Site;
use crate::harness::{Engine, Person, Server};

const PATH: &str = "/api/kb/imports";

async fn begin(server: &Server, by: &Person, body: Value) -> Value {
    server.post(PATH).by(by).json(body).await.expect(202)
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that");
}

/// The import once it has ended.
async fn ended(server: &Server, by: &Person, import: &Value) -> Value {
    let path = format!("{PATH}/{}", import["import_id"].as_str().expect("an id"));
    until(async || server.get(&path).by(by).await.expect(200)["ended_at"] != Value::Null).await;
    server.get(&path).by(by).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_has_a_site_imported_and_is_told_what_became_of_it() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::serve().await;
        let origin = &site.origin;
        site.list(&["/one", "/two", "/gone", "/three"]);
        for page in ["/one", "/two", "/three"] {
            site.page(page, &format!("<p>This is {page}."));
        }
        let server = site.server(engine).await;
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, zoe) = (acme.admin("ada").await, acme.support("sue").await, other.admin("zoe").await);
        let begun = begin(&server, &ada, json!({"url": origin, "limit": 3})).await;
        assert_eq!((&begun["state"], &begun["status"]), (&json!("waiting"), &json!("draft")));
        assert_eq!(
            (&begun["pages_all"], &begun["failure"], &begun["ended_at"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        let done = ended(&server, &ada, &begun).await;
        assert_eq!((&done["state"], &done["created"], &done["changed"]), (&json!("done"), &json!(2), &json!(0)));
        assert_eq!((&done["pages_done"], &done["pages_all"]), (&json!(3), &json!(3)));
        let left_out = json!(["1 pages beyond the first 3", format!("{origin}/gone: status 404")]);
        assert_eq!((&done["left_out"], &done["left_out_count"]), (&left_out, &json!(2)));
        let article = server.get("/api/kb/articles/one").by(&ada).await.expect(200);
        assert_eq!((&article["status"], &article["source_url"]), (&json!("draft"), &json!(format!("{origin}/one"))));
        let audit = server.get("/api/audit?limit=1").by(&ada).await.expect(200);
        assert_eq!(
            (&audit["data"][0]["kind"], &audit["data"][0]["actor_id"]),
            (&json!("article_saved"), &json!(ada.id))
        );

        // Anew, with what has changed; all of it is told of, the newest first.
        server.pass(1);
        site.list(&["/two", "/three"]);
        site.page("/two", "<p>Two and a half.");
        let again = begin(&server, &ada, json!({"url": site.address(), "status": "published"})).await;
        assert_eq!(again["limit"], 500);
        let again = ended(&server, &ada, &again).await;
        assert_eq!((&again["created"], &again["changed"]), (&json!(1), &json!(1)));
        assert_eq!((&again["unlisted"], &again["unlisted_count"]), (&json!([format!("{origin}/one")]), &json!(1)));
        let statuses = ["two", "three"].map(|slug| server.get(&format!("/api/kb/articles/{slug}")).by(&ada));
        let [two, three] = statuses;
        assert_eq!(
            (&two.await.expect(200)["status"], &three.await.expect(200)["status"]),
            (&json!("draft"), &json!("published"))
        );
        assert_eq!(server.get(PATH).by(&ada).await.expect(200)["data"], json!([again, done]));

        assert_eq!(server.get(PATH).by(&zoe).await.expect(200)["data"], json!([]));
        let path = format!("{PATH}/{}", done["import_id"].as_str().expect("an id"));
        server.get(&path).by(&zoe).await.problem(404, "not_found");
        server.get(&path).by(&sue).await.problem(403, "forbidden");
        server.post(PATH).by(&sue).json(json!({"url": origin})).await.problem(403, "forbidden");
        for (field, body) in [
            ("url", json!({"url": "ftp://shop.example/"})),
            ("url", json!({"url": "https://user:password@shop.example/"})),
            ("limit", json!({"url": origin, "limit": 0})),
            ("limit", json!({"url": origin, "limit": 2001})),
            ("status", json!({"url": origin, "status": "hidden"})),
            ("tenant", json!({"url": origin, "tenant": "other"})),
        ] {
            server.post(PATH).by(&ada).json(body).await.invalid(field);
        }
        server.running.app.db.clone().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_server_can_reach_is_refused_and_no_name_of_ours_is_told() {
    let server = Server::sqlite().await;
    let ada = server.tenant("acme").await.admin("ada").await;
    let mut told = Vec::new();
    for url in ["http://127.0.0.1:9/", "http://169.254.169.254/", "http://localhost:9/", "http://nobody.invalid:9/"] {
        server.pass(1);
        let failed = ended(&server, &ada, &begin(&server, &ada, json!({"url": url})).await).await;
        assert_eq!((&failed["state"], &failed["created"]), (&json!("failed"), &json!(0)));
        told.push(failed["failure"].as_str().expect("a reason").replace(url, ""));
    }
    // One that is there and one that nobody has are told apart by nothing.
    assert!(told[0].starts_with("robots.txt: refused_address"), "{told:?}");
    assert!(told[0].ends_with("as host:port in outbound.own_hosts (SMILECHAT_OUTBOUND__OWN_HOSTS)"), "{told:?}");
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_and_one_whose_server_is_gone_has_failed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let ada = server.tenant("acme").await.admin("ada").await;
        let body = json!({"url": "http://127.0.0.1:9/"});
        // As a server leaves it that is killed meanwhile, behind more than are kept.
        let write = server.running.app.db.write(|tx| {
            let insert = "insert into kb_imports (tenant_key, import_id, url, most_pages, status, user_id, state, created_at, seen_at)
                select tenant_key, $1, 'https://shop.example/', 5, 'draft', 'x', $2, $3, $3 from tenants where name = 'acme'";
            for number in 0..30 {
                let (id, at) = (format!("019e7044-{number:04}"), 1_780_000_000_000_i64);
                let state = if number == 29 { "running" } else { "failed" };
                tx.execute(insert, &[id.as_str().into(), state.into(), at.into()])?;
            }
            Ok(())
        });
        write.await.expect("written");
        let path = format!("{PATH}/019e7044-0029");
        server.pass(60);
        assert_eq!(server.get(&path).by(&ada).await.expect(200)["state"], "running");
        server.post(PATH).by(&ada).json(body.clone()).await.problem(409, "import_running");
        server.pass(1);
        let failed = server.get(&path).by(&ada).await.expect(200);
        assert_eq!(failed["state"], "failed");
        assert!(failed["failure"].as_str().is_some_and(|why| why.contains("stopped")), "{failed}");
        let next = begin(&server, &ada, body.clone()).await;
        ended(&server, &ada, &next).await;
        assert_eq!(server.get(&path).by(&ada).await.expect(200)["failure"], failed["failure"]);
        assert_eq!(server.count("select count(*) from kb_imports").await, 20);
        server.running.app.db.clone().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ends_one_and_the_site_is_left_alone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let site = Site::serve().await;
        site.list(&["/one", "/slow"]);
        site.page("/one", "<p>One.");
        let gone = site.hold("/slow");
        let server = site.server(engine).await;
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, sue, zoe) = (acme.admin("ada").await, acme.support("sue").await, other.admin("zoe").await);
        let import = begin(&server, &ada, json!({"url": site.address()})).await;
        let path = format!("{PATH}/{}", import["import_id"].as_str().expect("an id"));
        until(async || site.is_asked_for("/slow")).await;
        assert_eq!(server.get(&path).by(&ada).await.expect(200)["state"], "running");
        server.delete(&path).by(&sue).await.problem(403, "forbidden");
        server.delete(&path).by(&zoe).await.problem(404, "not_found");
        server.delete(&path).by(&ada).await.expect(204);
        let cut = tokio::time::timeout(Duration::from_secs(10), gone).await;
        assert!(cut.expect("it is not asked for any more").is_err());
        let ended = server.get(&path).by(&ada).await.expect(200);
        assert_eq!(ended["state"], "failed");
        assert!(ended["failure"].as_str().is_some_and(|why| why.contains("An admin ended it")), "{ended}");
        server.delete(&path).by(&ada).await.expect(204);
        assert_eq!(server.get(&path).by(&ada).await.expect(200), ended);
        begin(&server, &ada, json!({"url": site.address()})).await;
        server.running.app.db.clone().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_how_far_it_is_and_stops_with_the_server() {
    let site = Site::serve().await;
    site.list(&["/one", "/slow"]);
    site.page("/one", "<p>One.");
    let mut gone = site.hold("/slow");
    let server = site.server(Engine::Sqlite).await;
    let ada = server.tenant("acme").await.admin("ada").await;
    let import = begin(&server, &ada, json!({"url": site.address()})).await;
    let path = format!("{PATH}/{}", import["import_id"].as_str().expect("an id"));
    until(async || server.get(&path).by(&ada).await.expect(200)["pages_done"] == 1).await;
    assert!(site.is_asked_for("/slow"));
    // A minute of silence would end it; it is not silent.
    server.pass(61);
    until(async || server.get(&path).by(&ada).await.expect(200)["state"] == "running").await;
    assert!(gone.try_recv().is_err_and(|error| error == TryRecvError::Empty));
    server.running.shutdown.begin();
    let cut = tokio::time::timeout(Duration::from_secs(10), gone).await;
    assert!(cut.expect("it is not asked for any more").is_err());
    assert_eq!(server.count("select count(*) from kb_imports where state = 'running'").await, 1, "told of later");
}
