//! No statement walks a whole table.
//!
//! The statements are those that the routes themselves run: every row of the matrix by its owner, and the lists with each
//! filter and from a cursor on, against a PostgreSQL that logs the plan of each statement. Their texts are then planned by
//! SQLite as well, but for the search, which is another text there. Sockets and jobs are not driven.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;
use smilechat::analytics::{count::catch_up, oldest_uncounted};
use smilechat::notifications;
use smilechat::tickets::backlogs;

use super::estate::Estate;
use super::rows::{Level, ROWS};
use super::{VICTIM, owners_succeed};
use crate::harness::{Engine, Server};
use crate::servers::Postgres;

/// The fewest statements that make the test worth its name.
const ENOUGH: usize = 70;

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_walks_a_whole_table() {
    let server = Server::start_with(Engine::Postgres, |config| {
        // The plan of each statement is written to a log, of those for foreign keys too: on a busy machine that takes its time.
        config.database.statement_timeout_seconds = 60;
        log_plans(&config.database.url);
    })
    .await;
    drive(&server).await;
    let plans = logged();
    let texts: BTreeSet<&str> =
        plans.iter().filter_map(|plan| plan["Query Text"].as_str()).filter(|text| is_ours(text)).collect();
    assert!(texts.len() >= ENOUGH, "{} statements only", texts.len());
    let mut walks: Vec<String> = Vec::new();
    // A batch that is swept joins two reads of one table; PostgreSQL takes the way by its size, and these are tiny.
    let is_judged = |text: &str| is_ours(text) && !(text.starts_with("delete ") && text.contains(" limit "));
    for plan in plans.iter().filter(|plan| plan["Query Text"].as_str().is_some_and(is_judged)) {
        walks_in(&plan["Plan"], &mut |node| walks.push(format!("PostgreSQL: {node}: {}", plan["Query Text"])));
    }
    walks.sort();
    walks.dedup();
    walks.extend(walks_of_sqlite(&texts).await);
    assert!(walks.is_empty(), "{} of {} statements:\n{}", walks.len(), texts.len(), walks.join("\n"));
    println!("{} statements, none walks a whole table", texts.len());
    server.running.app.db.close().await;
}

/// A table of a few rows is read whole whatever indexes it has, unless that is made dear.
fn log_plans(url: &str) {
    let database = url.rsplit('/').next().expect("a name");
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_format = 'json'",
        "enable_seqscan = off",
    ] {
        Postgres::shared().sql(&format!("alter database {database} set {setting}"));
    }
}

async fn drive(server: &Server) {
    let tenant = server.tenant(VICTIM).await;
    let estate = Estate::build(server, &tenant, VICTIM).await;
    for row in ROWS.iter().filter(|row| row.has_cursor()) {
        let path = format!("{}?cursor={}", row.path(&estate), estate.cursor(server, row).await);
        server.get(&path).by(estate.owner(row.level)).await.expect(200);
    }
    let filters = [
        "status=open",
        "status=in_progress",
        "status=closed",
        "status=active",
        "priority=high",
        "support_id=me",
        "support_id=none",
        "support_id=unknown",
        "bot_state=bot&status=active",
        "bot_state=not_bot&status=active&support_id=none",
        "bot_state=handoff_requested",
        "bot_state=human",
        "bot_state=none",
        "customer_id=unknown",
        "tag=x",
        "q=kanari",
        "updated_after=2026-01-01T00:00:00.000Z",
    ];
    for level in [Level::Customer, Level::Support] {
        for filter in filters {
            server.get(&format!("/api/tickets?{filter}")).by(estate.owner(level)).await.expect(200);
        }
        for query in ["after_seq=1", "before_seq=3"] {
            server
                .get(&format!("/api/messages/{}?{query}", estate.id("ticket_id")))
                .by(estate.owner(level))
                .await
                .expect(200);
        }
    }
    for query in ["kind=staff", "kind=customer", "kind=guest", "q=kanari+x", "ids=x,y"] {
        server.get(&format!("/api/users?{query}")).by(estate.owner(Level::Support)).await.expect(200);
    }
    for query in ["overview?agent=me", "overview?tag=x", "series?channel=web&interval=hour&from=2026-05-28"] {
        server.get(&format!("/api/analytics/{query}")).by(estate.owner(Level::Admin)).await.expect(200);
    }
    server.get("/api/analytics/ratings").by(estate.owner(Level::Support)).await.expect(200);
    for path in [
        "articles",
        "articles?status=published",
        "articles?collection_id=x",
        "articles?language=en",
        "articles/x",
        "collections",
        "collections/x",
        "search?q=kanari+x",
    ] {
        for level in [Level::Customer, Level::Support] {
            server.get(&format!("/api/kb/{path}")).by(estate.owner(level)).await;
        }
    }
    server.get("/api/widget").key(&tenant.publishable_key).await.expect(200);
    owners_succeed(server, &estate).await;
    // A ticket is gone now, and others have changed.
    catch_up(&server.running.app).await.expect("counted");
    // What is asked for now and then, for the metrics.
    backlogs(&server.running.app).await.expect("counted");
    oldest_uncounted(&server.running.app).await.expect("looked up");
    notifications::backlog(&server.running.app).await.expect("counted");
    notifications::sweep(&server.running.app).await.expect("swept");
}

/// The plans in the log of PostgreSQL, which is beside its data folder.
fn logged() -> Vec<Value> {
    let log = Postgres::shared().data().with_file_name("server.log");
    let log = std::fs::read_to_string(log).expect("the log");
    let (mut plans, mut lines) = (Vec::new(), log.lines().peekable());
    while let Some(line) = lines.next() {
        if line.ends_with("plan:") {
            let mut text = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
                text.push_str(line);
            }
            plans.push(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
        }
    }
    plans
}

/// The list of the migrations that were applied is read whole, once; and a migration, which begins with a comment, may
/// fill a column. What a connection to PostgreSQL says of itself is no statement of both engines.
fn is_ours(text: &str) -> bool {
    let of_a_connection = ["current_setting", "execute mark(", "pg_"];
    let is_apart = text.starts_with("--") || text.contains("schema_migrations");
    !is_apart && !of_a_connection.iter().any(|word| text.contains(word))
}

fn walks_in(node: &Value, report: &mut dyn FnMut(String)) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let is_scan_of_index = ["Index Scan", "Index Only Scan", "Bitmap Index Scan"].contains(&kind);
    if kind == "Seq Scan" || is_scan_of_index && node["Index Cond"].is_null() {
        report(format!("{kind} of {} {}", node["Relation Name"], node["Index Name"]));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walks_in(child, report);
    }
}

async fn walks_of_sqlite(texts: &BTreeSet<&str>) -> Vec<String> {
    let server = Server::sqlite().await;
    let path = server.running.app.config.database.url.trim_start_matches("sqlite://").to_owned();
    let connection = Connection::open(path).expect("the server's database");
    let mut walks = Vec::new();
    // An insert reads no table. Its plan may name a check of foreign keys that is skipped unless one is broken.
    let is_planned = |text: &&&str| {
        let is_for_postgres = text.contains("_search") || text.contains("json_to_recordset");
        !is_for_postgres && !text.starts_with("insert ")
    };
    for text in texts.iter().filter(is_planned) {
        let locks = [" skip locked", " for no key update", " for no key update of t", " for share"];
        let plain = locks.iter().fold(*text, |text, lock| text.trim_end_matches(lock));
        let mut statement = connection
            .prepare(&format!("explain query plan {plain}"))
            .unwrap_or_else(|error| panic!("{error}: {plain}"));
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().expect("a plan") {
            let step: String = row.get("detail").expect("text");
            // The rows that a statement has chosen already, to be counted, are no table.
            let is_table = !["SCAN CONSTANT ROW", "SCAN counted"].contains(&step.as_str());
            if step.starts_with("SCAN ") && is_table {
                walks.push(format!("SQLite: {step}: {plain}"));
            }
        }
    }
    walks
}
