//! Files: uploaded, carried by a message, seen by whoever may and by nobody else.

use image::ImageFormat;
use serde_json::{Value, json};

use super::{fetch, id, picture, send, upload};
use crate::harness::{Engine, Person, Server, on_both_engines};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_carried_by_a_message_and_read() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let (ann, sue) = (acme.customer("ann").await, acme.support("sue").await);
        let ticket = server.ticket(&ann, "Lamp").await;
        let png = picture(600, 300, ImageFormat::Png);
        let data = server.upload(&ann, &ticket, &[("lamp.png", &png), ("größe.txt", b"90 cm")]).await;
        let (image, text) = (data[0].clone(), data[1].clone());
        assert_eq!(
            image,
            json!({"attachment_id": id(&image), "name": "lamp.png", "content_type": "image/png", "size": image["size"],
                "width": 600, "height": 300, "url": format!("/api/attachments/{}", id(&image)), "is_image": true})
        );
        assert_eq!(
            (&text["name"], &text["content_type"], &text["size"], &text["width"], &text["is_image"]),
            (&json!("größe.txt"), &json!("text/plain"), &json!(5), &Value::Null, &json!(false))
        );

        // Nobody else sees it before a message carries it.
        fetch(&server, &sue, &id(&image)).await.problem(404, "not_found");
        fetch(&server, &ann, &id(&image)).await.expect_bytes(200);
        let body = json!({"message_content": "", "attachment_ids": [id(&text), id(&image)], "client_id": "c-1"});
        let message = send(&server, &ann, &ticket, body.clone()).await.expect(201);
        assert_eq!(message["attachments"], json!([text, image]), "in the order named");
        assert_eq!(send(&server, &ann, &ticket, body).await.expect(200), message, "a repeat is the first one");
        let page = server.get(&format!("/api/messages/{ticket}")).by(&sue).await.expect(200);
        assert_eq!(page["data"][0]["attachments"], message["attachments"]);

        let shown = fetch(&server, &sue, &id(&image)).await;
        let drawn = image::load_from_memory(&shown.expect_bytes(200)).expect("a picture");
        assert_eq!((drawn.width(), drawn.height()), (600, 300));
        assert_eq!(shown.bytes.len() as u64, image["size"].as_u64().expect("a size"));
        for (header, value) in [
            ("content-type", "image/png"),
            ("content-disposition", "inline; filename=\"lamp.png\"; filename*=UTF-8''lamp.png"),
            ("cache-control", "private, max-age=86400, immutable"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
        ] {
            assert_eq!(shown.header(header), Some(value));
        }
        let tag = shown.header("etag").expect("a tag").to_owned();
        let again = fetch(&server, &sue, &id(&image)).header("if-none-match", &tag).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
        let small = server.get(&format!("/api/attachments/{}?size=thumb", id(&image))).by(&sue).await;
        let drawn = image::load_from_memory(&small.expect_bytes(200)).expect("a picture");
        assert_eq!((drawn.width(), drawn.height(), small.header("content-type")), (480, 240, Some("image/jpeg")));
        assert_ne!(small.header("etag"), Some(tag.as_str()));

        let download = fetch(&server, &sue, &id(&text)).header("accept-encoding", "gzip").await;
        assert_eq!(download.expect_bytes(200), b"90 cm");
        for (header, value) in [
            ("content-type", "application/octet-stream"),
            ("content-length", "5"),
            ("content-disposition", "attachment; filename=\"gr__e.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
        ] {
            assert_eq!(download.header(header), Some(value));
        }
        server.get(&format!("/api/attachments/{}?size=thumb", id(&text))).by(&sue).await.problem(404, "not_found");
        server.get(&format!("/api/attachments/{}?size=huge", id(&text))).by(&sue).await.invalid("size");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_seen_and_sent_by_nobody_who_has_no_right_to_it() {
    on_both_engines(async |server| {
        let (acme, other) = (server.tenant("acme").await, server.tenant("other").await);
        let (ann, bob, sue) = (acme.customer("ann").await, acme.customer("bob").await, acme.support("sue").await);
        let (eve, ida) = (other.support("eve").await, acme.support("ida").await);
        let (lamp, desk) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Desk").await);
        let bobs = server.ticket(&bob, "Chair").await;
        for stranger in [&bob, &eve] {
            upload(&server, stranger, &lamp, &[("a.txt", b"x")]).await.problem(404, "not_found");
        }
        upload(&server, &ann, "unknown", &[("a.txt", b"x")]).await.problem(404, "not_found");
        server.post("/api/attachments").by(&ann).files(&[("a.txt", b"x")]).await.invalid("ticket_id");
        server
            .post(&format!("/api/attachments?ticket_id={lamp}"))
            .files(&[("a", b"x")])
            .await
            .problem(401, "unauthorized");
        let file = id(&server.upload(&ann, &lamp, &[("a.txt", b"x")]).await[0]);
        let sues = id(&server.upload(&sue, &lamp, &[("b.txt", b"x")]).await[0]);

        let absent = "019e7044-8800-7000-8000-000000000000";
        for (by, ticket, id) in [
            (&ann, &desk, file.as_str()),
            (&ann, &lamp, sues.as_str()),
            (&sue, &lamp, file.as_str()),
            (&ida, &lamp, sues.as_str()),
            (&bob, &bobs, file.as_str()),
            (&ann, &lamp, absent),
            (&ann, &lamp, "../../etc/passwd"),
            (&ann, &lamp, ""),
        ] {
            let body = json!({"message_content": "x", "attachment_ids": [id]});
            send(&server, by, ticket, body).await.invalid("attachment_ids");
        }
        send(&server, &bob, &lamp, json!({"message_content": "x", "attachment_ids": [file]}))
            .await
            .problem(404, "not_found");
        let twice = json!({"message_content": "x", "attachment_ids": [file, file]});
        send(&server, &ann, &lamp, twice).await.invalid("attachment_ids");
        let many = json!({"message_content": "x", "attachment_ids": vec![absent; 11]});
        send(&server, &ann, &lamp, many).await.invalid("attachment_ids");
        send(&server, &ann, &lamp, json!({"message_content": " ", "attachment_ids": [file]}))
            .await
            .invalid("message_content");
        assert_eq!(server.count("select count(*) from messages").await, 0);

        let sent = json!({"message_content": "x", "attachment_ids": [file], "client_id": "c"});
        send(&server, &ann, &lamp, sent).await.expect(201);
        let again = json!({"message_content": "x", "attachment_ids": [file]});
        send(&server, &ann, &lamp, again).await.invalid("attachment_ids");
        let other = json!({"message_content": "x", "client_id": "c"});
        send(&server, &ann, &lamp, other).await.problem(409, "client_id_reused");
        for (by, may) in [(&ann, true), (&sue, true), (&ida, true), (&bob, false), (&eve, false)] {
            let reply = fetch(&server, by, &file).await;
            if may { _ = reply.expect_bytes(200) } else { reply.problem(404, "not_found") }
        }
        fetch(&server, &ann, &sues).await.problem(404, "not_found");
        fetch(&server, &ida, &sues).await.problem(404, "not_found");
        server.get(&format!("/api/attachments/{file}")).await.problem(401, "unauthorized");
        for guessed in [absent, "..%2f..%2fetc%2fpasswd", "%00", "1", &format!("{file}.thumb"), &file.to_uppercase()] {
            let status = fetch(&server, &ann, guessed).await.status;
            assert!([404, 422].contains(&status), "{guessed}: {status}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_repeated_by_its_key_and_counted() {
    on_both_engines(async |server| {
        let ann = server.tenant("acme").await.customer("ann").await;
        let (lamp, desk) = (server.ticket(&ann, "Lamp").await, server.ticket(&ann, "Desk").await);
        let call = |ticket: &str, name| upload(&server, &ann, ticket, &[(name, b"x")]).header("idempotency-key", "k-1");
        upload(&server, &ann, &lamp, &[("a", b"")]).header("idempotency-key", "k-1").await.invalid("file");
        let first = call(&lamp, "a").await;
        let again = call(&lamp, "a").await;
        assert_eq!((again.expect(201), again.header("idempotency-replayed")), (first.expect(201), Some("true")));
        call(&lamp, "another").await.problem(422, "idempotency_key_reused");
        call(&desk, "a").await.problem(422, "idempotency_key_reused");
        assert_eq!(server.count("select count(*) from attachments").await, 1);
    })
    .await;
    let server = Server::start_with(Engine::Sqlite, |config| {
        config.limits.enabled = true;
        config.limits.uploads_per_minute = 3;
    })
    .await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    upload(&server, &ann, &ticket, &[("a", b"x".as_slice()); 2]).await.expect(201);
    let refused = upload(&server, &ann, &ticket, &[("a", b"x".as_slice()); 2]).await;
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.count("select count(*) from attachments").await, 2, "all or none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_unsent_files_move_along() {
    on_both_engines(async |server| {
        let acme = server.tenant("acme").await;
        let guest = acme.guest().await;
        let ticket = server.ticket(&guest, "Lamp").await;
        let file = id(&server.upload(&guest, &ticket, &[("a.txt", b"x")]).await[0]);
        let user_hash = smilechat::platform::secret::hex(&smilechat::platform::secret::hmac_sha256(
            acme.identity_secret.as_bytes(),
            &[b"u-1"],
        ));
        let identified = server
            .post("/api/auth/identify")
            .key(&acme.publishable_key)
            .by(&guest)
            .json(json!({"user_id": "u-1", "user_hash": user_hash}))
            .await
            .expect(200);
        let customer = Person::of(identified);
        fetch(&server, &customer, &file).await.expect_bytes(200);
        send(&server, &customer, &ticket, json!({"message_content": "", "attachment_ids": [file]})).await.expect(201);
    })
    .await;
}
