//! Files go with their ticket or after a day; a store that fails, and a full one, lose nothing.

use std::path::Path;

use image::ImageFormat;
use serde_json::json;
use smilechat::tickets::attachments::sweep;

use super::{fetch, files_on_disk, id, picture, send, until, upload};
use crate::harness::{Engine, Server, on_both_engines};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn files_go_with_their_ticket_and_when_nobody_sends_them() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let (lamp, desk) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Desk").await);
        let large = picture(600, 300, ImageFormat::Png);
        let sent = server.upload(&ann, &lamp, &[("a.png", &large), ("b.txt", b"x")]).await;
        let ids = json!([id(&sent[0]), id(&sent[1])]);
        send(&server, &ann, &lamp, json!({"message_content": "", "attachment_ids": ids})).await.expect(201);
        let kept = id(&server.upload(&ann, &desk, &[("c.txt", b"x")]).await[0]);
        send(&server, &ann, &desk, json!({"message_content": "", "attachment_ids": [kept]})).await.expect(201);
        server.upload(&ann, &desk, &[("d.png", &large)]).await;
        assert_eq!(files_on_disk(&server).len(), 6, "two have a small version");

        server.delete(&format!("/api/tickets/{lamp}")).by(&sue).await.expect(204);
        fetch(&server, &sue, &id(&sent[0])).await.problem(404, "not_found");
        until("the files of the deleted ticket are gone", async || files_on_disk(&server).len() == 3).await;
        until("and so are their notes", async || server.count("select count(*) from file_removals").await == 0).await;

        let app = &server.running.app;
        server.pass(DAY - 1);
        sweep::sweep(app, app.clock.now()).await.expect("swept");
        assert_eq!(files_on_disk(&server).len(), 3, "a day is not over");
        server.pass(2);
        sweep::sweep(app, app.clock.now()).await.expect("swept");
        assert_eq!(files_on_disk(&server).len(), 1);
        assert_eq!(server.count("select count(*) from attachments").await, 1);
        assert_eq!(server.count("select count(*) from file_removals").await, 0);
        let ann = acme.login("ann").await;
        fetch(&server, &ann, &kept).await.expect_bytes(200);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_fails_is_an_outage_and_loses_nothing() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    let kept = id(&server.upload(&ann, &ticket, &[("a.txt", b"kept")]).await[0]);
    let files = Path::new(&server.running.app.config.data_dir).join("files");
    let away = files.with_extension("away");
    std::fs::rename(&files, &away).expect("moved away");
    let refused = upload(&server, &ann, &ticket, &[("b.txt", b"x")]).await;
    refused.problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    std::fs::rename(&away, &files).expect("moved back");
    assert_eq!(fetch(&server, &ann, &kept).await.expect_bytes(200), b"kept");
    upload(&server, &ann, &ticket, &[("b.txt", b"x")]).await.expect(201);

    // What fails after it was received leaves a note, by which the rest goes.
    let shelves: Vec<_> = (0..=255).map(|n| files.join(format!("{n:02x}"))).filter(|shelf| !shelf.exists()).collect();
    shelves.iter().for_each(|shelf| std::fs::write(shelf, b"").expect("a file where a folder should be"));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(upload(&server, &ann, &ticket, &[("c.txt", b"x")]).await.status);
    }
    assert!(statuses.contains(&503), "{statuses:?}");
    let notes = server.count("select count(*) from file_removals").await;
    assert_eq!(notes, statuses.iter().filter(|status| **status == 503).count() as i64);
    shelves.iter().for_each(|shelf| std::fs::remove_file(shelf).expect("removed"));
    server.pass(DAY + 1);
    let app = &server.running.app;
    sweep::sweep(app, app.clock.now()).await.expect("swept");
    assert_eq!(server.count("select count(*) from file_removals").await, 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_does_not_keep_the_others() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    let sent = server.upload(&ann, &ticket, &[("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]).await;
    let first = id(&sent[0]);
    let place = files_on_disk(&server).into_iter().find(|path| path.ends_with(&first)).expect("on disk");
    std::fs::remove_file(&place).expect("removed");
    std::fs::create_dir(&place).expect("a folder where a file should be");
    server.pass(DAY + 1);
    let app = &server.running.app;
    sweep::sweep(app, app.clock.now()).await.expect_err("one is stuck");
    assert_eq!(files_on_disk(&server), Vec::<String>::new());
    assert_eq!(server.count("select count(*) from file_removals").await, 1);
    // It is left alone for an hour, and goes when it can.
    sweep::sweep(app, app.clock.now()).await.expect("nothing to do");
    std::fs::remove_dir(&place).expect("removed");
    server.pass(60 * 60);
    sweep::sweep(app, app.clock.now()).await.expect("swept");
    assert_eq!(server.count("select count(*) from file_removals").await, 0);
}

#[tokio::test]
async fn what_is_uploaded_has_a_budget_and_leaves_the_disk_some_room() {
    let server = Server::start_with(Engine::Sqlite, |config| {
        config.limits.enabled = true;
        config.limits.upload_mib_per_day = 25;
    })
    .await;
    let acme = server.tenant("acme").await;
    let (ann, bob) = (acme.customer("ann").await, acme.customer("bob").await);
    let (lamp, desk) = (server.ticket(&ann, "Lamp").await, server.ticket(&bob, "Desk").await);
    let large = vec![b'x'; 13 * 1024 * 1024];
    upload(&server, &ann, &lamp, &[("a", &large)]).await.expect(201);
    let refused = upload(&server, &ann, &lamp, &[("b", b"x"), ("c", &large)]).await;
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.count("select count(*) from attachments").await, 1, "all or none");
    upload(&server, &bob, &desk, &[("d", &large)]).await.expect(201);
    server.pass(DAY);
    upload(&server, &acme.login("ann").await, &lamp, &[("c", &large)]).await.expect(201);

    let server = Server::start_with(Engine::Sqlite, |config| config.files.min_free_mib = 1_000_000_000).await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    let refused = upload(&server, &ann, &ticket, &[("a", b"x")]).await;
    refused.problem(503, "unavailable");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(files_on_disk(&server), Vec::<String>::new());
    send(&server, &ann, &ticket, json!({"message_content": "words still go"})).await.expect(201);
}
