//! Files, from the upload to their end. What the cases share is here.

mod contents;
mod keeping;
mod sharing;

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::Value;

use crate::harness::{Call, Person, Server};

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
