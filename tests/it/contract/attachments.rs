//! Files: uploaded, carried by a message, seen by whoever may, and gone with their ticket.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use smilechat::tickets::attachments::sweep;

use crate::harness::{Call, Engine, Person, Server, on_both_engines};

const DAY: i64 = 24 * 60 * 60;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let drawn = RgbImage::from_fn(width, height, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, 7]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(drawn).write_to(&mut bytes, format).expect("drawn");
    bytes.into_inner()
}

fn upload(server: &Server, by: &Person, ticket: &str, files: &[(&str, &[u8])]) -> Call {
    server.post(&format!("/api/attachments?ticket_id={ticket}")).by(by).files(files)
}

fn send(server: &Server, by: &Person, ticket: &str, body: Value) -> Call {
    server.post(&format!("/api/messages/{ticket}")).by(by).json(body)
}

fn fetch(server: &Server, by: &Person, id: &str) -> Call {
    server.get(&format!("/api/attachments/{id}")).by(by)
}

fn id(attachment: &Value) -> String {
    attachment["attachment_id"].as_str().unwrap_or_else(|| panic!("no attachment: {attachment}")).to_owned()
}

/// Every file below the server's own folder, what is being received included.
fn files_on_disk(server: &Server) -> Vec<String> {
    fn below(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { below(&path, found) } else { found.push(path.display().to_string()) }
        }
    }
    let mut found = Vec::new();
    below(&Path::new(&server.running.app.config.data_dir).join("files"), &mut found);
    found
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

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

#[tokio::test]
async fn a_file_is_what_its_bytes_are_and_a_picture_is_drawn_anew() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><script>alert(1)</script></svg>";
    let html = b"<!doctype html><script>alert(document.cookie)</script>";
    let mut hidden = picture(30, 20, ImageFormat::Jpeg);
    // A comment within, and an archive behind.
    hidden.splice(2..2, [b"\xff\xfe\x00\x10".as_slice(), b"<script>secret"].concat());
    hidden.extend(b"PK\x03\x04secret");
    let mut broken = picture(30, 20, ImageFormat::Png);
    broken.truncate(60);
    for (name, bytes, kept_name, content_type, is_image) in [
        ("x.svg", svg.as_slice(), "x.svg", "text/plain", false),
        ("x.png", svg, "x.png", "text/plain", false),
        ("x.jpg", html, "x.jpg", "text/plain", false),
        ("../../etc/passwd", b"root", "passwd", "text/plain", false),
        ("C:\\\\x\\\\evil.html", &hidden, "evil.jpg", "image/jpeg", true),
        ("x.png", &broken, "x.png", "application/octet-stream", false),
        ("x.webp", &picture(30, 20, ImageFormat::WebP), "x.webp", "image/webp", true),
        ("x.gif", &picture(30, 20, ImageFormat::Gif), "x.gif", "image/gif", true),
        ("x.zip", b"PK\x03\x04....", "x.zip", "application/zip", false),
    ] {
        let file = server.upload(&ann, &ticket, &[(name, bytes)]).await[0].clone();
        assert_eq!(
            (&file["name"], &file["content_type"], &file["is_image"]),
            (&json!(kept_name), &json!(content_type), &json!(is_image)),
            "{name}"
        );
        let shown = fetch(&server, &ann, &id(&file)).await;
        let served = if is_image { content_type } else { "application/octet-stream" };
        assert_eq!((shown.status, shown.header("content-type")), (200, Some(served)), "{name}");
        let disposition = shown.header("content-disposition").expect("a disposition");
        assert!(disposition.starts_with(if is_image { "inline; " } else { "attachment; " }), "{name}: {disposition}");
        assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
        if is_image {
            assert!(!shown.text.contains("secret"), "{name}");
            let drawn = image::load_from_memory(&shown.bytes).expect("a picture");
            assert_eq!((drawn.width(), drawn.height()), (30, 20), "{name}");
        } else {
            assert_eq!(shown.bytes, bytes, "{name}");
        }
    }
}

#[tokio::test]
async fn a_picture_stands_upright_and_an_animation_still_moves() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    // Exif with one entry: turn it by 90 degrees.
    let mut turned = picture(30, 20, ImageFormat::Jpeg);
    let tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let exif = [b"\xff\xe1\0\x22Exif\0\0".as_slice(), tiff].concat();
    turned.splice(2..2, exif);
    let file = server.upload(&ann, &ticket, &[("turned.jpg", &turned)]).await[0].clone();
    assert_eq!((&file["width"], &file["height"]), (&json!(20), &json!(30)));
    let shown = fetch(&server, &ann, &id(&file)).await.expect_bytes(200);
    assert!(!shown.windows(4).any(|word| word == b"Exif"));
    assert_eq!(image::load_from_memory(&shown).expect("a picture").width(), 20);

    let mut encoder = gif::Encoder::new(Vec::new(), 4, 4, &[0, 0, 0, 255, 0, 0]).expect("an encoder");
    encoder.set_repeat(gif::Repeat::Infinite).expect("set");
    encoder.write_raw_extension(gif::Extension::Comment.into(), &[b"secret"]).expect("a comment");
    for delay in [10, 20, 30] {
        let buffer = vec![1; 16].into();
        encoder
            .write_frame(&gif::Frame { width: 4, height: 4, delay, buffer, ..gif::Frame::default() })
            .expect("a frame");
    }
    let mut moving = encoder.into_inner().expect("written");
    moving.extend(b"PK secret");
    let file = server.upload(&ann, &ticket, &[("moving.gif", &moving)]).await[0].clone();
    let shown = fetch(&server, &ann, &id(&file)).await.expect_bytes(200);
    assert!(!shown.windows(6).any(|word| word == b"secret"));
    let mut decoder = gif::Decoder::new(shown.as_slice()).expect("a GIF");
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        assert_eq!(*frame.buffer, [1; 16]);
        delays.push(frame.delay);
    }
    assert_eq!((delays, decoder.repeat()), (vec![10, 20, 30], gif::Repeat::Infinite));
}

#[tokio::test]
async fn bombs_and_bad_forms_are_refused() {
    let server = Server::sqlite().await;
    let ann = server.tenant("acme").await.customer("ann").await;
    let ticket = server.ticket(&ann, "Lamp").await;
    // A few kilobytes that say they are 30,000 by 30,000 pixels, in two formats.
    let mut png = picture(8, 8, ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let mut gif = picture(8, 8, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0x30, 0x75, 0x30, 0x75]);
    for bomb in [png, gif] {
        upload(&server, &ann, &ticket, &[("bomb", &bomb)]).await.invalid("file");
    }
    let path = format!("/api/attachments?ticket_id={ticket}");
    let form = |body: String| server.post(&path).by(&ann).form(body);
    let part = |head: &str| format!("--seam\r\nContent-Disposition: form-data; {head}\r\n\r\nx\r\n--seam--\r\n");
    form(part("name=\"file\"")).await.expect(201);
    form(part("name=\"files\"; filename=\"a\"")).await.invalid("files");
    form("--seam--\r\n".into()).await.invalid("file");
    upload(&server, &ann, &ticket, &[("empty", b"")]).await.invalid("file");
    for broken in ["", "hello", "--seam\r\n", "--seam\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx"] {
        form(broken.into()).await.problem(400, "bad_request");
    }
    server.post(&path).by(&ann).json(json!({"file": "x"})).await.problem(415, "unsupported_media_type");
    upload(&server, &ann, &ticket, &[("a", b"x".as_slice()); 11]).await.problem(413, "too_large");
    upload(&server, &ann, &ticket, &[("a", b"x".as_slice()); 10]).await.expect(201);
    let large = vec![b'x'; 25 * 1024 * 1024 + 1];
    upload(&server, &ann, &ticket, &[("a", b"x"), ("large", &large)]).await.problem(413, "too_large");
    let fits = upload(&server, &ann, &ticket, &[("large", &large[1..])]).await.expect(201);
    assert_eq!(fits["data"][0]["size"], 25 * 1024 * 1024);
    assert_eq!(server.count("select count(*) from attachments").await, 12);
    assert_eq!(server.count("select count(*) from file_removals").await, 0);
    assert_eq!(files_on_disk(&server).len(), 12, "what was refused left nothing");
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

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
