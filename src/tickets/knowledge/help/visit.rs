//! Whose help centre an address names, and in which language its reader is to be met.

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Uri};

use super::path_of;
use super::shelf::primary;
use super::words::{self, Words};
use crate::app::App;
use crate::auth::brand::Brand;
use crate::error::Error;

/// What a request says beside its address.
pub struct Asked {
    pub headers: HeaderMap,
    /// The language that the address asks for, if it has the shape of one.
    pub language: Option<String>,
    /// As in `https://chat.example.com`; empty where the request does not tell.
    pub origin: String,
    uri: Uri,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let mut asked = Self {
            headers: parts.headers.clone(),
            language: None,
            origin: origin(&parts.headers, app.config.server.trusted_proxies > 0),
            uri: parts.uri.clone(),
        };
        asked.language = asked.parameter("lang").filter(|tag| is_tag(tag));
        Ok(asked)
    }
}

impl Asked {
    /// Of the query string. What cannot be read is not there: a page is no place to complain of it.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.replace('\0', ""))
    }
}

/// What every page is made with.
pub struct Visit {
    pub brand: Brand,
    /// The languages that there are articles in.
    pub there: Vec<String>,
    /// The language of what is read.
    pub language: String,
    /// The page's own words.
    pub words: &'static Words,
    /// The language that links hand on, because the address asked for it.
    pub handed_on: Option<String>,
    pub origin: String,
}

impl Visit {
    /// By what the address asks for, else what the browser does, as far as there are articles in it; else as the widget
    /// is set, or as most is written.
    /// None: that it takes counting.
    pub fn language(brand: &Brand, there: &[String], asked: &Asked) -> Option<String> {
        let is_there = |tag: &&String| there.iter().any(|known| primary(known).eq_ignore_ascii_case(primary(tag)));
        let accepted = words::accepted(&asked.headers);
        let is_set = there.contains(&brand.language).then(|| brand.language.clone());
        let language = asked.language.clone().or_else(|| accepted.iter().find(is_there).cloned()).or(is_set);
        // Of one there is no choice.
        language.or_else(|| there.first().filter(|_| there.len() == 1).cloned())
    }

    pub fn new(brand: Brand, there: Vec<String>, language: String, asked: &Asked) -> Self {
        let words = words::of(&language).unwrap_or(&words::ENGLISH);
        Self { brand, there, language, words, handed_on: asked.language.clone(), origin: asked.origin.clone() }
    }

    /// For a page that is an article: in its language, whoever reads it.
    pub fn reading(mut self, language: &str) -> Self {
        if self.handed_on.is_some() || !primary(&self.language).eq_ignore_ascii_case(primary(language)) {
            self.handed_on = Some(language.to_owned());
        }
        self.words = words::of(language).unwrap_or(self.words);
        self.language = language.to_owned();
        self
    }

    pub fn home(&self) -> String {
        self.with_language(path_of(&self.brand.tenant_name))
    }

    pub fn home_in(&self, language: &str) -> String {
        format!("{}?lang={language}", path_of(&self.brand.tenant_name))
    }

    pub fn search(&self) -> String {
        format!("{}/search", path_of(&self.brand.tenant_name))
    }

    /// What stands in a language's order behind an article.
    pub fn behind(&self, path: &str, article_id: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}after={article_id}")
    }

    /// The articles of no collection.
    pub fn loose(&self) -> String {
        let path = self.home();
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}other")
    }

    /// An article has its language already.
    pub fn article(&self, slug: &str) -> String {
        format!("{}/{slug}", path_of(&self.brand.tenant_name))
    }

    pub fn collection(&self, slug: &str) -> String {
        self.with_language(format!("{}/collections/{slug}", path_of(&self.brand.tenant_name)))
    }

    fn with_language(&self, path: String) -> String {
        match &self.handed_on {
            Some(language) => format!("{path}?lang={language}"),
            None => path,
        }
    }
}

/// Its first part has two or three letters, the others up to eight letters and digits.
fn is_tag(tag: &str) -> bool {
    let is_part = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_first = primary(tag).len() <= 3 && primary(tag).bytes().all(|byte| byte.is_ascii_alphabetic());
    tag.len() <= 35 && is_first && tag.split('-').all(is_part)
}

/// Where readers reach this server, by the name they called it. A proxy says whether they came by TLS.
fn origin(headers: &HeaderMap, is_behind_proxy: bool) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_plain = |host: &&str| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        !host.is_empty() && host.len() <= 255 && host.bytes().all(is_good)
    };
    let Some(host) = text(HOST.as_str()).filter(is_plain) else { return String::new() };
    let is_tls = is_behind_proxy && text("x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    format!("{}://{host}", if is_tls { "https" } else { "http" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_readers_call_this_server_by_is_taken_when_it_is_one() {
        let headers = |host: &str, proto: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a value"));
            headers.insert("x-forwarded-proto", proto.parse().expect("a value"));
            headers
        };
        assert_eq!(origin(&headers("a.example:8", "https"), true), "https://a.example:8");
        assert_eq!(origin(&headers("a.example", "https"), false), "http://a.example", "anybody can send a header");
        for bad in ["a\"b", "a/b", "a<b", "", "a b"] {
            assert_eq!(origin(&headers(bad, "http"), true), "", "{bad}");
        }
    }

    #[test]
    fn a_language_is_asked_for_by_a_tag() {
        assert!(["en", "de-AT", "fil", "zh-Hant-TW"].iter().all(|tag| is_tag(tag)));
        assert!(["", "e", "en_US", "\"><b>", "en-", "english", "x1"].iter().all(|tag| !is_tag(tag)));
    }
}
