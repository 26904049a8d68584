//! Whether the browser has already what it asks for: `If-None-Match` (RFC 9110, 13.1.2).
//!
//! Tags are compared weakly, as that header wants it: `W/` before one of the two makes no difference.

use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// `etag` as it would be sent, in its quotes.
pub fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(etag))
}
