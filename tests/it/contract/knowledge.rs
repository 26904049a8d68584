//! Articles and collections: who reads and writes them, their versions, what readers say, and the search.

use serde_json::{Value, json};
use smilechat::tickets::knowledge::import::import;
use smilechat::tickets::knowledge::model::ArticleStatus;

use crate::harness::{Person, Server, on_both_engines};

fn article(title: &str, body: &str, status: &str) -> Value {
    json!({"title": title, "body": body, "status": status})
}

async fn write(server: &Server, by: &Person, new: Value) -> Value {
    server.post("/api/kb/articles").by(by).json(new).await.expect(201)
}

fn titles(page: &Value) -> Vec<&str> {
    page["data"].as_array().expect("a list").iter().map(|one| one["title"].as_str().expect("a title")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_written_published_changed_and_deleted() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, sue, ann) = (acme.admin("ada").await, acme.support("sue").await, acme.customer("ann").await);
        let shelf = json!({"name": "Money matters", "position": 2});
        let shelf = server.post("/api/kb/collections").by(&ada).json(shelf).await.expect(201);
        assert_eq!(shelf["slug"], "money-matters");
        for description in ["What things cost.", ""] {
            let put = server.put("/api/kb/collections/money-matters").by(&ada);
            let described = put.json(json!({"description": description})).await.expect(200);
            assert_eq!(described["description"], description);
        }
        let new = json!({"title": "What does delivery cost?", "body": "# Costs\n\nFour euros.", "keywords": ["postage"],
            "collection_id": shelf["collection_id"]});
        let draft = write(&server, &sue, new.clone()).await;
        assert_eq!(
            (&draft["slug"], &draft["status"], &draft["version"]),
            (&json!("what-does-delivery-cost"), &json!("draft"), &json!(1))
        );
        assert_eq!(write(&server, &sue, new).await["slug"], "what-does-delivery-cost-2");
        let path = "/api/kb/articles/what-does-delivery-cost";
        server.get(path).by(&sue).await.expect(200);
        for by in [Some(&ann), None] {
            let call = server.get(path);
            by.map_or(server.get(path).key(&acme.publishable_key), |by| call.by(by)).await.problem(404, "not_found");
        }
        server.put(path).by(&sue).json(json!({"status": "published"})).await.problem(403, "forbidden");
        server.pass(1);
        let shown = server.put(path).by(&ada).json(json!({"status": "published"})).await.expect(200);
        assert_eq!((&shown["version"], shown["published_at"].is_string()), (&json!(1), true));
        server.put(path).by(&sue).json(json!({"title": "X"})).await.problem(403, "forbidden");
        server.delete(path).by(&sue).await.problem(403, "forbidden");
        assert_eq!(server.get(path).key(&acme.publishable_key).await.expect(200), shown, "nobody need sign in");
        let by_id = format!("/api/kb/articles/{}", shown["article_id"].as_str().expect("an id"));
        assert_eq!(server.get(&by_id).by(&ann).await.expect(200), shown);
        let list = server.get("/api/kb/articles?status=draft").by(&ann).await.expect(200);
        assert_eq!(titles(&list).len(), 1, "published ones alone, whatever is asked for");

        server.pass(1);
        let changed = server.put(path).by(&ada).json(json!({"body": "Five euros."})).await.expect(200);
        assert_eq!(changed["version"], 2);
        let versions = server.get(&format!("{path}/versions?limit=1")).by(&sue).await.expect(200);
        assert_eq!((&versions["data"][0]["body"], versions["next_cursor"].is_string()), (&json!("Five euros."), true));
        server.get(&format!("{path}/versions")).by(&ann).await.problem(403, "forbidden");
        let restore = server.post(&format!("{path}/versions/1/restore")).by(&ada).json(json!({})).await.expect(200);
        assert_eq!((&restore["version"], &restore["body"]), (&json!(3), &shown["body"]));
        server.post(&format!("{path}/versions/9/restore")).by(&ada).json(json!({})).await.problem(404, "not_found");

        let taken = json!({"title": "x", "body": "x", "slug": "what-does-delivery-cost"});
        server.post("/api/kb/articles").by(&sue).json(taken).await.problem(409, "slug_taken");
        let by_shelf = format!("/api/kb/articles?collection_id={}", shelf["collection_id"].as_str().expect("an id"));
        assert_eq!(titles(&server.get(&by_shelf).by(&ada).await.expect(200)).len(), 2);
        server.delete("/api/kb/collections/money-matters").by(&ada).await.expect(204);
        assert_eq!(server.get(path).await.status, 404, "the default tenant has no such article");
        assert_eq!(server.get(path).by(&ann).await.expect(200)["collection_id"], Value::Null);
        server.delete(path).by(&ada).await.expect(204);
        assert_eq!(server.get("/api/kb/search?q=postage").by(&ann).await.expect(200)["data"], json!([]));
        let audit = server.get("/api/audit?limit=2").by(&ada).await.expect(200);
        assert_eq!(audit["data"][0]["kind"], "article_removed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_article_the_second_is_told() {
    on_both_engines(async |server| {
        let ada = server.tenant("acme").await.admin("ada").await;
        let seen = write(&server, &ada, article("Hours", "Nine to five.", "draft")).await;
        let path = format!("/api/kb/articles/{}", seen["article_id"].as_str().expect("an id"));
        server.pass(1);
        let put = |body: Value| server.put(&path).by(&ada).json(body);
        let first = json!({"body": "Ten to five.", "if_updated_at": seen["updated_at"]});
        let changed = put(first).await.expect(200);
        let late = json!({"body": "Nine to six.", "if_updated_at": seen["updated_at"]});
        put(late).await.problem(409, "conflict");
        assert_eq!(server.get(&path).by(&ada).await.expect(200), changed, "nothing was lost");
        let again = json!({"body": "Nine to six.", "if_updated_at": changed["updated_at"]});
        assert_eq!(put(again).await.expect(200)["version"], 3);
        put(json!({"if_updated_at": null})).await.invalid("if_updated_at");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_is_the_callers_to_see() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ada, stranger) = (acme.admin("ada").await, other.admin("ada").await);
        let ann = acme.customer("ann").await;
        write(&server, &ada, article("Shipping costs", "Sending a parcel costs four euros.", "published")).await;
        write(
            &server,
            &ada,
            article("Refunds", "## Time\n\nMoney comes back in five days. Shipping is not refunded.", "published"),
        )
        .await;
        write(&server, &ada, article("Secret discounts", "Shipping for friends is free.", "draft")).await;
        write(&server, &stranger, article("Shipping elsewhere", "By boat, for zeppelins.", "published")).await;
        let search = async |by: Option<&Person>, q: &str| {
            let path = format!("/api/kb/search?q={}", q.replace(' ', "+"));
            let call = server.get(&path);
            let page = by.map_or(server.get(&path).key(&acme.publishable_key), |by| call.by(by)).await.expect(200);
            titles(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(search(None, "what do you charge for shipping").await, ["Shipping costs", "Refunds"]);
        assert_eq!(search(Some(&ann), "shipped parcels").await, ["Shipping costs", "Refunds"]);
        assert_eq!(search(Some(&ada), "shipping").await.len(), 3, "staff find drafts");
        for nothing in ["zeppelins", "is it the of and", "", "%22%29+OR+%28", "tenant+%3A+p1", "'%26|!"] {
            assert_eq!(search(None, nothing).await, Vec::<String>::new(), "{nothing}");
        }
        let page = server.get("/api/kb/search?q=refunds+time").by(&ann).await.expect(200);
        assert_eq!((&page["data"][0]["heading"], &page["data"][0]["title"]), (&json!("Time"), &json!("Refunds")));
        assert!(page["data"][0]["score"].as_f64().expect("a number") > 0.5);
        server.get(&format!("/api/kb/search?q={}", "x".repeat(501))).by(&ann).await.invalid("q");
        // What a change takes away is found no more.
        server.put("/api/kb/articles/shipping-costs").by(&ada).json(json!({"status": "draft"})).await.expect(200);
        assert_eq!(search(None, "shipping").await, ["Refunds"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_say_whether_it_helped_once_each() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ada, ann, guest) = (acme.admin("ada").await, acme.customer("ann").await, acme.guest().await);
        write(&server, &ada, article("Shipping", "Four euros.", "published")).await;
        write(&server, &ada, article("Hidden", "Shh.", "draft")).await;
        let vote = |by: &Person, slug: &str, is_helpful: bool| {
            server.post(&format!("/api/kb/articles/{slug}/feedback")).by(by).json(json!({"is_helpful": is_helpful}))
        };
        assert_eq!(vote(&ann, "shipping", true).await.expect(200), json!({"helpful_yes": 1, "helpful_no": 0}));
        assert_eq!(vote(&ann, "shipping", true).await.expect(200), json!({"helpful_yes": 1, "helpful_no": 0}));
        assert_eq!(vote(&guest, "shipping", false).await.expect(200), json!({"helpful_yes": 1, "helpful_no": 1}));
        assert_eq!(vote(&ann, "shipping", false).await.expect(200), json!({"helpful_yes": 0, "helpful_no": 2}));
        vote(&ada, "shipping", true).await.problem(403, "forbidden");
        vote(&ann, "hidden", true).await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn what_an_article_may_not_be() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let (ada, ann) = (acme.admin("ada").await, acme.customer("ann").await);
    let good = article("T", "B", "draft");
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("a\nb")),
        ("body", json!(" ")),
        ("body", json!("x".repeat(50_001))),
        ("slug", json!("Not A Slug")),
        ("slug", json!("../x")),
        ("status", json!("deleted")),
        ("language", json!("<b>")),
        ("collection_id", json!("none")),
        ("keywords", json!(vec!["x"; 31])),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        server.post("/api/kb/articles").by(&ada).json(bad).await.invalid(field);
    }
    server.post("/api/kb/articles").by(&ann).json(good).await.problem(403, "forbidden");
    server.post("/api/kb/collections").by(&ann).json(json!({"name": "x"})).await.problem(403, "forbidden");
    let path = "/api/kb/articles/absent";
    server.put(path).by(&ada).json(json!({"title": null})).await.invalid("title");
    server.put(path).by(&ada).json(json!({})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_named_in_any_script_are_each_their_own() {
    on_both_engines(async |server| {
        let app = &server.running.app;
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["配送", "退货", "Доставка", "FAQ 配送", "FAQ 退货", "FAQ"];
        for (number, name) in names.iter().enumerate() {
            let text = format!("---\ntitle: Article {number}\ncollection: {name}\n---\nText.\n");
            std::fs::write(folder.path().join(format!("article-{number}.md")), text).expect("written");
        }
        // A second import finds those of the first.
        for _ in 0..2 {
            import(app, app.auth.default_tenant, folder.path(), ArticleStatus::Published).await.expect("imported");
            let found = server.get("/api/kb/collections").await.expect(200);
            let found: Vec<_> =
                found["data"].as_array().expect("a list").iter().map(|one| one["name"].as_str()).collect();
            assert_eq!(found, names.map(Some), "in the order in which they came");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_publishes_nothing_that_staff_took_down_and_hides_nothing() {
    on_both_engines(async |server| {
        let app = &server.running.app;
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let import =
            async |status| import(app, app.auth.default_tenant, folder.path(), status).await.expect("imported");
        let statuses = async || {
            let sql = "select status from kb_articles order by slug";
            app.db.read(move |tx| tx.all(sql, &[], |row| row.take::<String>())).await.expect("read")
        };
        write("hidden.md", "One.");
        write("shown.md", "One.");
        import(ArticleStatus::Published).await;
        let hide = "update kb_articles set status = 'draft' where slug = 'hidden'";
        app.db.write(move |tx| tx.execute(hide, &[])).await.expect("hidden");
        write("hidden.md", "Two.");
        write("shown.md", "Two.");
        for (status, changed) in [(ArticleStatus::Published, 2), (ArticleStatus::Draft, 0)] {
            assert_eq!(import(status).await.changed, changed);
            assert_eq!(statuses().await, ["draft", "published"]);
        }
        write("new.md", "One.");
        assert_eq!(import(ArticleStatus::Draft).await.created, 1);
        assert_eq!(statuses().await, ["draft", "draft", "published"]);
    })
    .await;
}
