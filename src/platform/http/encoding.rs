//! Which encodings a browser reads, by `Accept-Encoding`, and gzip undone for who reads none.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// What is named counts, else `*`; a weight of 0 means no.
pub fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let lists = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let offers: Vec<(&str, bool)> = lists.flat_map(|list| list.split(',')).map(offer).collect();
    let says = |name: &str| offers.iter().find(|(offered, _)| offered.eq_ignore_ascii_case(name)).map(|(_, yes)| *yes);
    says(coding).or_else(|| says("*")).unwrap_or(false)
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
}
