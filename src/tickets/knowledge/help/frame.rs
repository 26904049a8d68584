//! What stands around every page, and how it is sent: its policy, its tag, its time.
//!
//! The style sheet stands in the page and is allowed by its hash: one request, no nonce, so that a page may be kept and asked
//! for again by its tag.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::visit::{Asked, Visit};
use super::{colors, words};
use crate::platform::http::etag;

const STYLE: &str = include_str!("style.css");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const HASH_BYTES: usize = 16;

/// How long a browser, and whoever stands between, may use a page without asking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    AMinute,
    Not,
}

/// What a page says of itself.
pub struct Page {
    pub title: String,
    pub description: String,
    /// Its own path, without what was only asked of it. None: it is not to be found by search engines.
    pub canonical: Option<String>,
    /// The same in other languages: tag and path.
    pub versions: Vec<(String, String)>,
    /// What its search box holds.
    pub asked: String,
    pub is_home: bool,
    pub is_article: bool,
    pub body: Markup,
}

impl Page {
    pub fn of(title: String, body: Markup) -> Self {
        Self {
            title,
            body,
            description: String::new(),
            canonical: None,
            versions: Vec::new(),
            asked: String::new(),
            is_home: false,
            is_article: false,
        }
    }
}

pub fn send(page: Page, visit: &Visit, asked: &Asked, status: StatusCode, lasts: Lasts) -> Response {
    let style = format!("{}{STYLE}", colors::rules(&visit.brand.primary_color));
    let text = whole(page, visit, &style).into_string();
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&text)[..HASH_BYTES]));
    let value = |text: &str| HeaderValue::try_from(text).expect("our own words are a header value");
    let mut about = vec![
        (VARY, value("accept-language")),
        (CONTENT_SECURITY_POLICY, value(&policy(&style))),
        (CROSS_ORIGIN_OPENER_POLICY, value("same-origin")),
    ];
    match lasts {
        Lasts::AMinute => about.extend([(CACHE_CONTROL, value("public, max-age=60")), (ETAG, value(&tag))]),
        Lasts::Not => about.push((CACHE_CONTROL, value("no-store"))),
    }
    let mut response = match lasts == Lasts::AMinute && etag::is_known(&asked.headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => {
            about.push((CONTENT_TYPE, value("text/html; charset=utf-8")));
            about.extend(HeaderValue::try_from(&visit.language).ok().map(|language| (CONTENT_LANGUAGE, language)));
            (status, text).into_response()
        }
    };
    for (name, value) in about {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The page of a help centre that is not there. Whether there is such a tenant is not told.
pub fn nowhere(asked: &Asked) -> Response {
    let wished = words::accepted(&asked.headers);
    let words = wished.iter().find_map(|tag| words::of(tag)).unwrap_or(&words::ENGLISH);
    let style = format!("{}{STYLE}", colors::rules(""));
    let page = html! {
        (DOCTYPE)
        html lang=(words.code) dir=(words::direction(words.code)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (words.absent) }
                link rel="icon" href=(colors::icon(""));
                style { (PreEscaped(&style)) }
            }
            body { main { h1 { (words.absent) } p.lead { (words.absent_why_here) } } }
        }
    };
    let value = |text: &str| HeaderValue::try_from(text).expect("our own words are a header value");
    let about = [
        (VARY, value("accept-language")),
        (CONTENT_SECURITY_POLICY, value(&policy(&style))),
        (CACHE_CONTROL, value("no-store")),
        (CONTENT_TYPE, value("text/html; charset=utf-8")),
    ];
    (StatusCode::NOT_FOUND, about, page.into_string()).into_response()
}

/// Nothing runs, nothing is loaded but pictures (by https; our own icon is `data:`), and forms lead here.
fn policy(style: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data: https:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(style))
    )
}

fn whole(page: Page, visit: &Visit, style: &str) -> Markup {
    let Visit { brand, words, origin, language, .. } = visit;
    let title = if page.is_home { page.title.clone() } else { format!("{} · {}", page.title, brand.name) };
    html! {
        (DOCTYPE)
        html lang=(words.code) dir=(words::direction(words.code)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                @if !page.description.is_empty() { meta name="description" content=(page.description); }
                @match &page.canonical {
                    Some(path) => {
                        link rel="canonical" href={ (origin) (path) };
                        meta property="og:url" content={ (origin) (path) };
                    }
                    None => meta name="robots" content="noindex";
                }
                meta property="og:title" content=(page.title);
                @if !page.description.is_empty() { meta property="og:description" content=(page.description); }
                meta property="og:type" content=(if page.is_article { "article" } else { "website" });
                meta property="og:site_name" content=(brand.name);
                meta property="og:locale" content=(language.replace('-', "_"));
                @for (tag, path) in &page.versions {
                    link rel="alternate" hreflang=(tag) href={ (origin) (path) };
                }
                link rel="icon" href=(colors::icon(&brand.primary_color));
                style { (PreEscaped(style)) }
            }
            body {
                a.skip href="#content" { (words.skip) }
                (header(&page, visit))
                main #content tabindex="-1" { (page.body) }
                (footer(&page, visit))
            }
        }
    }
}

fn header(page: &Page, visit: &Visit) -> Markup {
    let Visit { brand, words, .. } = visit;
    let initial: String =
        brand.name.chars().find(|c| c.is_alphanumeric()).iter().flat_map(|c| c.to_uppercase()).collect();
    html! {
        header.head.wide[page.is_home] {
            div.inner {
                a.brand href=(visit.home()) {
                    span.mark aria-hidden="true" { (initial) }
                    bdi { (brand.name) }
                    " "
                    span.what { (words.help_centre) }
                }
                @if page.is_home { h1 { (words.search_in) } }
                form.search role="search" action=(visit.search()) method="get" {
                    @if let Some(language) = &visit.handed_on { input type="hidden" name="lang" value=(language); }
                    input type="search" name="q" value=(page.asked) maxlength="500" dir=[(!page.asked.is_empty()).then_some("auto")] aria-label=(words.search_in)
                        placeholder=(words.search_in) autocomplete="off";
                    button { (words.search) }
                }
            }
        }
    }
}

fn footer(page: &Page, visit: &Visit) -> Markup {
    let Visit { words, language, .. } = visit;
    html! {
        footer {
            div.inner {
                @if page.versions.len() > 1 {
                    nav aria-label=(words.language) {
                        ul.languages {
                            @for (tag, path) in page.versions.iter().filter(|(tag, _)| tag != "x-default") {
                                @let is_this = tag.eq_ignore_ascii_case(language);
                                li {
                                    a href=(path) hreflang=(tag) lang=(tag) aria-current=[is_this.then_some("true")] {
                                        (words::name_of(tag))
                                    }
                                }
                            }
                        }
                    }
                }
                p { bdi { (visit.brand.name) } " · " (words.help_centre) }
            }
        }
    }
}

/// Where in the help centre a page stands: each step with its path.
pub fn crumbs(visit: &Visit, steps: &[(&str, String)]) -> Markup {
    html! {
        nav.crumbs aria-label=(visit.words.you_are_here) {
            ol {
                li { a href=(visit.home()) { (visit.words.help_centre) } }
                @for (name, path) in steps { li { a href=(path) dir="auto" { (name) } } }
            }
        }
    }
}

/// The first words of a text, cut between two of them.
pub fn beginning(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', '.', ';', ':']))
}
