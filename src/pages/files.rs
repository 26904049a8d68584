//! The files of the build: found by a checked name, sent in the smallest form that the browser reads.
//!
//! Beside `name` the build has `name.br` and `name.gz` (web/scripts/compress.mjs) where that is smaller.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::platform::http::encoding::accepts;
use crate::platform::http::etag;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
pub struct Built;

/// The codings, and what their files' names end with.
pub const COMPRESSED: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
const HASH_BYTES: usize = 16;

/// For how long a browser may use a file without asking.
#[derive(Clone, Copy, Debug)]
pub enum Lasts {
    /// Its name is made of its content.
    Forever,
    FiveMinutes,
    UntilChecked,
}

pub struct File {
    content_type: String,
    etag: String,
    plain: Bytes,
    compressed: Vec<(&'static str, Bytes)>,
}

pub fn find<Files: RustEmbed>(name: &str) -> Option<File> {
    if !is_plain(name) || COMPRESSED.iter().any(|(_, ending)| name.ends_with(ending)) {
        return None;
    }
    let file = Files::get(name)?;
    let hash = file.metadata.sha256_hash();
    let compressed = COMPRESSED.iter().filter_map(|(coding, ending)| {
        Files::get(&format!("{name}{ending}")).map(|file| (*coding, bytes_of(file.data)))
    });
    Some(File { compressed: compressed.collect(), ..File::of(name, bytes_of(file.data), &hash) })
}

/// Names of the build and no others: nothing hidden, no way up, nothing that a file system reads in its own way.
pub fn is_plain(name: &str) -> bool {
    name.split('/').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
    })
}

fn bytes_of(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    }
}

impl File {
    /// A file that is there in one form only.
    pub fn plain(name: &str, content: Vec<u8>) -> Self {
        let hash = Sha256::digest(&content);
        Self::of(name, content.into(), &hash)
    }

    fn of(name: &str, plain: Bytes, hash: &[u8]) -> Self {
        let guessed = mime_guess::from_path(name).first_or_octet_stream();
        let is_text = guessed.type_() == mime_guess::mime::TEXT || guessed.subtype() == mime_guess::mime::JSON;
        let content_type = if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_string() };
        // Weak: one content, whichever way it is compressed.
        let etag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..HASH_BYTES]));
        Self { content_type, etag, plain, compressed: Vec::new() }
    }

    pub fn answer(self, asked: &HeaderMap, lasts: Lasts) -> Response {
        let about = [
            (ETAG, self.etag.as_str()),
            (VARY, "accept-encoding"),
            (
                CACHE_CONTROL,
                match lasts {
                    Lasts::Forever => "public, max-age=31536000, immutable",
                    Lasts::FiveMinutes => "public, max-age=300",
                    Lasts::UntilChecked => "no-cache",
                },
            ),
        ];
        if etag::is_known(asked, &self.etag) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        let mut forms = self.compressed.into_iter();
        let (coding, content) = match forms.find(|(coding, _)| accepts(asked, coding)) {
            Some((coding, content)) => (Some(coding), content),
            None => (None, self.plain),
        };
        let mut response = (about, [(CONTENT_TYPE, self.content_type)], Body::from(content)).into_response();
        if let Some(coding) = coding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }
}
