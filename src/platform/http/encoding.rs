//! Which encodings a browser reads, by `Accept-Encoding`, and gzip undone for who reads none.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// What is named counts, else `*`; a weight of 0 means no.
pub fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    says(asked, coding).unwrap_or(false)
}

/// Whether an answer could be sent neither compressed nor as it is (RFC 9110, 12.5.3).
pub fn refuses_all(asked: &HeaderMap) -> bool {
    !accepts(asked, "gzip") && says(asked, "identity") == Some(false)
}

/// None: it is not spoken of.
fn says(asked: &HeaderMap, coding: &str) -> Option<bool> {
    let lists = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let offers: Vec<(&str, bool)> = lists.flat_map(|list| list.split(',')).map(offer).collect();
    let of = |name: &str| offers.iter().find(|(offered, _)| offered.eq_ignore_ascii_case(name)).map(|(_, yes)| *yes);
    of(coding).or_else(|| of("*"))
}

fn offer(text: &str) -> (&str, bool) {
    let (name, weight) = text.split_once(';').unwrap_or((text, ""));
    let weight = weight.trim().trim_start_matches("q=");
    (name.trim(), weight.parse::<f32>().map_or(weight.is_empty(), |weight| weight > 0.0))
}

/// Of what the build has compressed, and nobody else.
pub fn unpack(compressed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(compressed).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_the_header_count() {
        for (header, br, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("GZip", false, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("br; q=1.0", true, false),
            ("*", true, true),
            ("*;q=0", false, false),
            ("gzip;q=0, *", true, false),
            ("identity", false, false),
            ("br;q=nonsense", false, false),
            ("brotli", false, false),
            ("", false, false),
        ] {
            let asked = HeaderMap::from_iter([(ACCEPT_ENCODING, header.parse().expect("a header value"))]);
            assert_eq!((accepts(&asked, "br"), accepts(&asked, "gzip")), (br, gzip), "{header}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[test]
    fn what_leaves_nothing_to_answer_in_is_known() {
        for (header, refuses) in [
            ("identity;q=0", true),
            ("*;q=0", true),
            ("br, *;q=0", true),
            ("gzip, *;q=0", false),
            ("identity, *;q=0", false),
            ("gzip;q=0", false),
            ("", false),
        ] {
            let asked = HeaderMap::from_iter([(ACCEPT_ENCODING, header.parse().expect("a header value"))]);
            assert_eq!(refuses_all(&asked), refuses, "{header}");
        }
    }
}
