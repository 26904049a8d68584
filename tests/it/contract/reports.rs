//! Reports: figures that can be counted on the fingers, who sees which, and the same as CSV.

use serde_json::{Value, json};
use smilechat::analytics::count::catch_up;

use super::lifecycle::put;
use crate::harness::{Engine, Person, Server, Tenant, last_for_days, on_both_engines_for_days};

struct Desk {
    ann: Person,
    sue: Person,
    sam: Person,
    ada: Person,
    closed: String,
}

/// The clock begins on 2026-05-28 at 20:26:40 UTC, which is 29 May in Tokyo. Ann asks; Sue answers after two minutes and
/// closes after ten; Ann gives a 4. Then Ann asks again, is answered by Sam an hour later, and deletes nothing.
async fn work(server: &Server, acme: &Tenant<'_>) -> Desk {
    let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
    let (sue, sam) = (acme.support("sue").await, acme.support("sam").await);
    let new = json!({"subject": "Lamp", "message_content": "It is dark", "tags": ["=lamp", "order"]});
    let made = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
    let closed = made["ticket_id"].as_str().expect("an id").to_owned();
    server.pass(120);
    server.say(&sue, &closed, "Is it plugged in?").await;
    server.pass(480);
    put(server, &closed, &sue, json!({"status": "closed"})).await.expect(200);
    let rating = json!({"score": 4, "comment": "=Bright"});
    server.post(&format!("/api/tickets/{closed}/rating")).by(&ann).json(rating).await.expect(201);
    let new = json!({"subject": "Bulb", "message_content": "It is hot", "tags": ["order"]});
    let open = server.post("/api/tickets").by(&ann).json(new).await.expect(201);
    server.pass(3600);
    server.say(&sam, open["ticket_id"].as_str().expect("an id"), "Let it cool").await;
    catch_up(&server.running.app).await.expect("counted");
    Desk { ann, sue, sam, ada, closed }
}

fn near(value: &Value, seconds: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - seconds).abs() <= seconds / 64.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_happened() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let desk = work(&server, &acme).await;
        let get = async |path: &str| server.get(&format!("/api/analytics/{path}")).by(&desk.ada).await.expect(200);
        let overview = get("overview").await;
        let totals = &overview["totals"];
        for (field, count) in [
            ("opened", 2),
            ("closed", 1),
            ("reopened", 0),
            ("assigned", 2),
            ("customer_messages", 2),
            ("staff_messages", 2),
        ] {
            assert_eq!(totals[field], count, "{field}");
        }
        assert_eq!((&totals["bot_messages"], &totals["resolution_rate"]), (&json!(0), &json!(0.5)));
        assert_eq!(totals["first_reply"]["count"], 2);
        assert!(
            near(&totals["first_reply"]["median_seconds"], 120.0)
                && near(&totals["first_reply"]["p90_seconds"], 3600.0)
        );
        assert!(near(&totals["resolution"]["median_seconds"], 600.0), "{totals}");
        let satisfaction = json!({"count": 1, "average": 4.0, "satisfied_rate": 1.0, "scores": [0, 0, 0, 1, 0]});
        assert_eq!(totals["satisfaction"], satisfaction);
        assert_eq!(overview["before"]["totals"]["opened"], 0);
        assert_eq!(overview["period"], json!({"from": "2026-04-29", "to": "2026-05-28", "tz": "UTC"}));
        assert_eq!(overview["before"]["period"]["to"], "2026-04-28");

        let agents = get("agents").await;
        let agent = |id: &str| agents["data"].as_array().expect("rows").iter().find(|row| row["id"] == id).expect(id);
        assert_eq!(
            (&agent(&desk.sue.id)["name"], &agent(&desk.sue.id)["totals"]["closed"]),
            (&json!("sue"), &json!(1))
        );
        assert!(near(&agent(&desk.sam.id)["totals"]["first_reply"]["median_seconds"], 3600.0));
        let tags = get("tags").await;
        assert_eq!((&tags["data"][0]["id"], &tags["data"][0]["totals"]["opened"]), (&json!("order"), &json!(2)));
        assert_eq!(get("channels").await["data"][0]["id"], "web");
        assert_eq!(get("overview?tag=%3Dlamp").await["totals"]["opened"], 1);
        assert_eq!(get("overview?channel=mail").await["totals"]["opened"], 0);
        assert_eq!(get(&format!("overview?agent={}", desk.sam.id)).await["totals"]["staff_messages"], 1);

        // What the ticket is now counts: with another tag it moves, and deleted it is gone.
        put(&server, &desk.closed, &desk.sue, json!({"tags": ["order", "light"]})).await.expect(200);
        catch_up(&server.running.app).await.expect("counted");
        assert_eq!(get("overview?tag=light").await["totals"]["closed"], 1);
        assert_eq!(get("overview?tag=%3Dlamp").await["totals"]["closed"], 0);
        server.delete(&format!("/api/tickets/{}", desk.closed)).by(&desk.ada).await.expect(204);
        catch_up(&server.running.app).await.expect("counted");
        assert_eq!(get("overview").await["totals"]["opened"], 1);
        let month = &get("usage?months=2").await["data"][0];
        assert_eq!(
            (&month["month"], &month["tickets"], &month["customer_messages"], &month["active_staff"]),
            (&json!("2026-05"), &json!(2), &json!(2), &json!(1)),
            "what was used was used"
        );
    })
    .await;
}

/// Tags come from customers too, and a page of sums is about a thousand.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_by_tags_is_of_the_hundred_busiest_however_many_there_are() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
        for ticket in 0..60 {
            let mut tags: Vec<String> = (0..19).map(|tag| format!("t{ticket}-{tag}")).collect();
            tags.push("order".into());
            server.post("/api/tickets").by(&ann).json(json!({"subject": "Lamp", "tags": tags})).await.expect(201);
        }
        catch_up(&server.running.app).await.expect("counted");
        let tags = server.get("/api/analytics/tags").by(&ada).await.expect(200);
        let data = tags["data"].as_array().expect("rows");
        assert_eq!((data.len(), &data[0]["id"], &data[0]["totals"]["opened"]), (100, &json!("order"), &json!(60)));
        assert_eq!(tags["others"]["opened"], 60 * 19 - 99);
        let table = server.get("/api/analytics/tags?format=csv").by(&ada).await.text;
        assert_eq!(table.lines().count(), 1 + 100 + 1);
        assert!(table.lines().last().expect("a row").starts_with(",others,1041,"), "{table}");
        let channels = server.get("/api/analytics/channels").by(&ada).await.expect(200);
        assert_eq!((channels["data"].as_array().expect("rows").len(), &channels["others"]), (1, &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_is_cut_as_the_zone_is() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let desk = work(&server, &acme).await;
        let get = async |query: &str| {
            let path = format!("/api/analytics/series?{query}");
            server.get(&path).by(&desk.ada).await.expect(200)["data"].as_array().expect("points").clone()
        };
        let days = get("from=2026-05-27&to=2026-05-29&tz=Asia/Tokyo").await;
        let opened: Vec<_> = days.iter().map(|day| (&day["label"], &day["totals"]["opened"])).collect();
        assert_eq!(
            opened,
            [(&json!("2026-05-27"), &json!(0)), (&json!("2026-05-28"), &json!(0)), (&json!("2026-05-29"), &json!(2))]
        );
        assert_eq!(days[2]["start"], "2026-05-28T15:00:00.000Z");
        let hours = get("from=2026-05-28&to=2026-05-28&interval=hour").await;
        assert_eq!(
            (hours.len(), &hours[20]["totals"]["opened"], &hours[21]["totals"]["staff_messages"]),
            (24, &json!(2), &json!(1))
        );
        assert_eq!(get("from=2026-01-01&to=2026-05-28&interval=month").await[4]["totals"]["closed"], 1);
        assert_eq!(get("interval=week&tag=order").await.last().expect("a week")["totals"]["opened"], 2);
    })
    .await;
}

#[tokio::test]
async fn support_see_the_team_and_themselves_and_customers_nothing() {
    let server = Server::start_with(Engine::Sqlite, last_for_days).await;
    let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
    let desk = work(&server, &acme).await;
    let get = |by: &Person, path: &str| server.get(&format!("/api/analytics/{path}")).by(by);
    let paths = ["overview", "series", "agents", "tags", "channels", "ratings", "usage", "live"];
    for path in paths {
        get(&desk.ann, path).await.problem(403, "forbidden");
        server.get(&format!("/api/analytics/{path}")).await.problem(401, "unauthorized");
    }
    assert_eq!(get(&desk.sue, "overview").await.expect(200)["totals"]["opened"], 2);
    get(&desk.sue, "usage").await.problem(403, "forbidden");
    get(&desk.sue, &format!("overview?agent={}", desk.sam.id)).await.problem(403, "forbidden");
    get(&desk.sue, &format!("series?agent={}", desk.sam.id)).await.problem(403, "forbidden");
    for me in ["me", desk.sue.id.as_str()] {
        let own = get(&desk.sue, &format!("overview?agent={me}")).await.expect(200);
        assert_eq!(own["totals"]["closed"], 1);
    }
    let agents = get(&desk.sue, "agents").await.expect(200);
    assert_eq!(agents["data"].as_array().expect("rows").len(), 1);
    assert_eq!(get(&desk.sue, "ratings").await.expect(200)["data"][0]["comment"], "=Bright");
    assert_eq!(get(&desk.sam, "ratings").await.expect(200)["data"], json!([]), "of tickets that others had");
    let stranger = other.admin("eve").await;
    assert_eq!(get(&stranger, "overview").await.expect(200)["totals"]["opened"], 0);
    let scoped = async |scope: &str| {
        let new = json!({"kind": "secret", "name": scope, "scopes": [scope]});
        let key = server.post("/api/api-keys").by(&desk.ada).json(new).await.expect(201);
        server.get("/api/analytics/usage").key(key["api_key"].as_str().expect("a key")).await.status
    };
    assert_eq!((scoped("reports:read").await, scoped("tickets:read").await), (200, 403));
}

#[tokio::test]
async fn what_is_no_report_is_refused() {
    let server = Server::sqlite().await;
    let acme = server.tenant("acme").await;
    let ada = acme.admin("ada").await;
    for (path, field) in [
        ("overview?from=2026-02-30", "from"),
        ("overview?to=tomorrow", "to"),
        ("overview?from=2026-05-02&to=2026-05-01", "to"),
        ("overview?from=2020-01-01", "from"),
        ("overview?tz=Europe/Atlantis", "tz"),
        ("overview?tz=%00", "query"),
        ("overview?agent=me&tag=x", "tag"),
        ("overview?tag=x&channel=y", "channel"),
        ("overview?format=xml", "format"),
        ("series?interval=minute", "interval"),
        ("series?interval=hour&from=2026-01-01", "interval"),
        ("usage?months=0", "months"),
        ("usage?months=25", "months"),
        ("usage?months=-1", "months"),
        ("ratings?limit=0", "limit"),
        ("ratings?cursor=x", "cursor"),
    ] {
        server.get(&format!("/api/analytics/{path}")).by(&ada).await.invalid(field);
    }
    server.get("/api/analytics/overview?tag=").by(&ada).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_is_a_table_too_and_no_cell_of_it_a_formula() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let desk = work(&server, &acme).await;
        for path in ["overview", "series", "agents", "tags", "channels", "ratings", "usage", "live"] {
            let by_query = server.get(&format!("/api/analytics/{path}?format=csv")).by(&desk.ada).await;
            let by_header =
                server.get(&format!("/api/analytics/{path}")).header("accept", "text/csv").by(&desk.ada).await;
            for reply in [&by_query, &by_header] {
                assert_eq!(
                    (reply.status, reply.header("content-type")),
                    (200, Some("text/csv; charset=utf-8")),
                    "{path}"
                );
                let name = reply.header("content-disposition").unwrap_or_default();
                assert!(
                    name.starts_with(&format!("attachment; filename=\"{path}")) && name.ends_with(".csv\""),
                    "{name}"
                );
                let text = reply.text.trim_start_matches('\u{feff}');
                let widths: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
                assert!(widths.len() > 1 && widths.iter().all(|width| *width == widths[0]), "{text}");
                assert!(!text.split([',', '\n']).any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{text}");
            }
            assert_eq!(by_query.text, by_header.text);
            let json =
                server.get(&format!("/api/analytics/{path}")).header("accept", "application/json").by(&desk.ada).await;
            json.expect(200);
        }
        let tags = server.get("/api/analytics/tags?format=csv").by(&desk.ada).await.text;
        assert!(tags.contains("\r\n'=lamp,'=lamp,1,"), "{tags}");
        let ratings = server.get("/api/analytics/ratings?format=csv").by(&desk.ada).await.text;
        assert!(ratings.contains(",4,'=Bright,sue,"), "{ratings}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_board_says_how_it_is() {
    on_both_engines_for_days(async |server| {
        let acme = server.tenant("acme").await;
        let desk = work(&server, &acme).await;
        let asked = server.now();
        let waiting = server.ticket(&desk.ann, "Anybody?").await;
        server.pass(60);
        server.say(&desk.ann, &waiting, "Hello?").await;
        let written = server.now();
        let board = server.get("/api/analytics/live").by(&desk.sue).await.expect(200);
        assert_eq!((&board["open"], &board["in_progress"], &board["unassigned"]), (&json!(1), &json!(1), &json!(1)));
        assert_eq!((&board["waiting"], &board["waiting_since"]), (&json!(1), &json!(asked)));
        assert_eq!(board["recent_messages"], 2, "Sam's and Ann's");
        let sam = board["staff"].as_array().expect("staff").iter().find(|one| one["user_id"] == desk.sam.id.as_str());
        let sam = sam.expect("Sam");
        assert_eq!((&sam["load"], &sam["status"]), (&json!(1), &json!("offline")));
        assert_eq!(board["staff"].as_array().expect("staff").len(), 3, "no customer, no key");

        // Whose it is, changes nothing for who waits; a reply does, until the customer writes again.
        let board = async || server.get("/api/analytics/live").by(&desk.sue).await.expect(200);
        let waits = async || {
            let board = board().await;
            (board["unassigned"].clone(), board["waiting"].clone(), board["waiting_since"].clone())
        };
        let take = json!({"support_id": desk.sam.id});
        server.put(&format!("/api/tickets/{waiting}")).by(&desk.sam).json(take).await.expect(200);
        assert_eq!(board().await["in_progress"], 2);
        server.pass(60);
        server.say(&desk.ann, &waiting, "Still here").await;
        assert_eq!(waits().await, (json!(0), json!(1), json!(written)), "since the first that is unanswered");
        server.say(&desk.sam, &waiting, "Sorry, here I am").await;
        assert_eq!(waits().await, (json!(0), json!(0), Value::Null));
        server.pass(60);
        let again = server.now();
        server.say(&desk.ann, &waiting, "Thank you. One more thing").await;
        server.pass(60);
        server.say(&desk.ann, &waiting, "The lid").await;
        assert_eq!(waits().await, (json!(0), json!(1), json!(again)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_counts_beside_its_work() {
    let server = Server::start_with(Engine::Sqlite, |config| config.analytics.enabled = true).await;
    let acme = server.tenant("acme").await;
    let (ann, ada) = (acme.customer("ann").await, acme.admin("ada").await);
    server.ticket(&ann, "Lamp").await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while server.get("/api/analytics/overview").by(&ada).await.expect(200)["totals"]["opened"] != 1 {
        assert!(std::time::Instant::now() < deadline, "nothing was counted");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
