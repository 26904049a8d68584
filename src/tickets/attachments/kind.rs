//! What a file is, by its first bytes. What the client says of it is not asked.

use image::ImageFormat;
use infer::MatcherType;

/// As much of a file as is looked at.
pub const HEAD: usize = 8192;

const BYTES: &str = "application/octet-stream";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture that we can draw anew, if it is whole.
    Picture(ImageFormat),
    /// A download, and what to call it.
    Other(&'static str),
}

pub fn of(head: &[u8]) -> Kind {
    match image::guess_format(head) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP)) => {
            Kind::Picture(format)
        }
        _ => Kind::Other(name_of(head)),
    }
}

/// A page makes a blob of this type and may open it in its own name: so it never says HTML, SVG, XML or script.
pub fn name_of(head: &[u8]) -> &'static str {
    use MatcherType::{Archive, Audio, Book, Doc, Image, Video};
    let found =
        infer::get(head).filter(|kind| matches!(kind.matcher_type(), Archive | Audio | Book | Doc | Image | Video));
    match found.map(|kind| kind.mime_type()).filter(|name| !name.contains("xml") || name.contains("openxml")) {
        // Of pictures only those that were drawn anew are called by the names that a page would show.
        Some("image/png" | "image/jpeg" | "image/gif" | "image/webp") => BYTES,
        Some(name) => name,
        None if is_text(head) => "text/plain",
        None => BYTES,
    }
}

fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        for (bytes, kind) in [
            (b"\x89PNG\r\n\x1a\n....".as_slice(), Kind::Picture(ImageFormat::Png)),
            (b"\xff\xd8\xff\xe0....JFIF", Kind::Picture(ImageFormat::Jpeg)),
            (b"GIF89a....", Kind::Picture(ImageFormat::Gif)),
            (b"RIFF\x10\0\0\0WEBPVP8L", Kind::Picture(ImageFormat::WebP)),
            (b"%PDF-1.7 ...", Kind::Other("application/pdf")),
            (b"PK\x03\x04....", Kind::Other("application/zip")),
            (b"hello\r\n\tworld", Kind::Other("text/plain")),
            ("größe".as_bytes(), Kind::Other("text/plain")),
            (&"größe".as_bytes()[..3], Kind::Other("text/plain")),
            (b"\0\x01\x02", Kind::Other(BYTES)),
            (b"MZ\x90\0....", Kind::Other(BYTES)),
            (b"BM........", Kind::Other("image/bmp")),
        ] {
            assert_eq!(of(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn what_could_run_in_a_page_is_plain_text() {
        for active in [
            "<html><script>alert(1)</script></html>",
            "<!DOCTYPE html><p>x",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
            "<?xml version=\"1.0\"?><svg/>",
            "#!/bin/sh\nrm -rf /",
            "alert(1)",
        ] {
            assert_eq!(of(active.as_bytes()), Kind::Other("text/plain"), "{active}");
        }
    }
}
