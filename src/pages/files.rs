//! The files of the build: found by a checked name, sent in the smallest form that the browser reads.
//!
//! Where that is smaller, the build has `name.br` and `name.gz` in place of `name` (web/scripts/compress.mjs): browsers read
//! these, and whoever does not is given what `name.gz` unpacks to.

use std::borrow::Cow;
use std::collections::BTreeSet;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::platform::http::encoding::{accepts, unpack};
use crate::platform::http::etag;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
pub struct Built;

const BROTLI: &str = ".br";
const GZIP: &str = ".gz";
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
    plain: Option<Bytes>,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

pub fn find<Files: RustEmbed>(name: &str) -> Option<File> {
    if !is_plain(name) || is_compressed(name) {
        return None;
    }
    let [plain, brotli, gzip] = ["", BROTLI, GZIP].map(|ending| Files::get(&format!("{name}{ending}")));
    // Of one content comes one compressed form.
    let hash = plain.as_ref().or(gzip.as_ref())?.metadata.sha256_hash();
    let bytes = |file: Option<EmbeddedFile>| file.map(|file| bytes_of(file.data));
    Some(File { plain: bytes(plain), brotli: bytes(brotli), gzip: bytes(gzip), ..File::of(name, &hash) })
}

/// What the file says, however the build has it.
pub fn content<Files: RustEmbed>(name: &str) -> Option<Cow<'static, [u8]>> {
    let unpacked = || unpack(&Files::get(&format!("{name}{GZIP}"))?.data).ok();
    Files::get(name).map(|file| file.data).or_else(|| unpacked().map(Cow::Owned))
}

pub fn names<Files: RustEmbed>() -> BTreeSet<String> {
    let plain =
        |name: &str| [BROTLI, GZIP].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned();
    Files::iter().map(|name| plain(&name)).collect()
}

fn is_compressed(name: &str) -> bool {
    name.ends_with(BROTLI) || name.ends_with(GZIP)
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
        Self { plain: Some(content.into()), ..Self::of(name, &hash) }
    }

    fn of(name: &str, hash: &[u8]) -> Self {
        let guessed = mime_guess::from_path(name).first_or_octet_stream();
        let is_text = guessed.type_() == mime_guess::mime::TEXT || guessed.subtype() == mime_guess::mime::JSON;
        let content_type = if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_string() };
        // Weak: one content, whichever way it is compressed.
        let etag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..HASH_BYTES]));
        Self { content_type, etag, plain: None, brotli: None, gzip: None }
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
        let (coding, content) = match (self.brotli, self.gzip, self.plain) {
            (Some(brotli), _, _) if accepts(asked, "br") => (Some("br"), brotli),
            (_, Some(gzip), _) if accepts(asked, "gzip") => (Some("gzip"), gzip),
            (_, _, Some(plain)) => (None, plain),
            (_, gzip, None) => match unpack(&gzip.unwrap_or_default()) {
                Ok(unpacked) => (None, unpacked.into()),
                Err(error) => return Error::internal(error).into_response(),
            },
        };
        let mut response = (about, [(CONTENT_TYPE, self.content_type)], Body::from(content)).into_response();
        if let Some(coding) = coding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    }
}
