//! What is in a file decides how it is shown; what is meant to harm is refused.

use image::ImageFormat;
use serde_json::json;

use super::{fetch, files_on_disk, id, picture, upload};
use crate::harness::Server;

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
