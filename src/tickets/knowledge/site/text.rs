//! The bytes of a page as text, and the text as its tokenizer reads it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Readable, Reader, StringReader, Token, Tokenizer};

/// Where a page says how it is written, if it does (HTML, "prescan a byte stream to determine its encoding").
const PRESCANNED: usize = 1024;
const MOST_OF_TAG: usize = 100;
/// Tags and texts of a page, and attributes of all of them: each is held by itself, and takes far more than it is long.
const MOST_TOKENS: usize = 200_000;
const MOST_ATTRIBUTES: usize = 100_000;
/// Those that are read.
const ATTRIBUTES: [&str; 4] = ["content", "href", "lang", "name"];

/// By its byte order mark, else as it was sent (`charset` of its type), else as it says itself, else UTF-8 if it is that, and
/// otherwise what browsers take it for.
pub fn decode(bytes: &[u8], sent_as: Option<&str>) -> String {
    let named = |label: &str| Encoding::for_label(label.as_bytes());
    let encoding = sent_as.and_then(named).or_else(|| named(&said_charset(bytes)?)).unwrap_or_else(|| {
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        if is_utf8 { UTF_8 } else { WINDOWS_1252 }
    });
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// Of `<meta charset="…">` and `<meta content="text/html; charset=…">`. A page that can be read so far is not of UTF-16.
fn said_charset(bytes: &[u8]) -> Option<String> {
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(PRESCANNED)]).to_ascii_lowercase();
    let (_, behind) = beginning.split_once("<meta").and_then(|(_, metas)| metas.split_once("charset"))?;
    let value = behind.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let label = value.split(|c: char| c.is_whitespace() || "\"';/>".contains(c)).next()?;
    Some(if label.starts_with("utf-16") { "utf-8".into() } else { label.to_owned() })
}

/// What is read of a page, and nothing of what it does wrong.
pub fn tokens(html: &str) -> Result<Vec<Token>, TooMany> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let (mut tokens, mut attributes) = (Vec::new(), 0);
    for token in Tokenizer::new_with_emitter(Bounded::new(html), emitter) {
        let token = match token? {
            Token::StartTag(mut tag) => {
                attributes += tag.attributes.len();
                tag.attributes.retain(|name, _| ATTRIBUTES.iter().any(|read| read.as_bytes() == name.as_slice()));
                if tag.attributes.is_empty() {
                    // It keeps its room otherwise.
                    tag.attributes = BTreeMap::new();
                }
                Token::StartTag(tag)
            }
            token @ (Token::EndTag(_) | Token::String(_)) => token,
            _ => continue,
        };
        tokens.push(token);
        if tokens.len() > MOST_TOKENS || attributes > MOST_ATTRIBUTES {
            return Err(TooMany::Tags);
        }
    }
    Ok(tokens)
}

/// The tokenizer goes one call deeper with each quoted attribute of a tag, and the stack has an end.
struct Bounded<'h> {
    html: StringReader<'h>,
    /// Of the tag that is being read.
    attributes: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum TooMany {
    #[error("a tag with more than {MOST_OF_TAG} attributes")]
    OfTag,
    #[error("too many tags")]
    Tags,
}

impl<'h> Bounded<'h> {
    fn new(html: &'h str) -> Self {
        Self { html: html.to_reader(), attributes: 0 }
    }
}

impl Reader for Bounded<'_> {
    type Error = TooMany;

    fn read_byte(&mut self) -> Result<Option<u8>, TooMany> {
        self.html.read_byte().map_err(never)
    }

    fn try_read_string(&mut self, text: &[u8], case_sensitive: bool) -> Result<bool, TooMany> {
        self.html.try_read_string(text, case_sensitive).map_err(never)
    }

    /// What it looks for tells where it is: for a quotation mark within an attribute, for the next tag outside of all.
    fn read_until<'b>(&'b mut self, ends: &[u8], buffer: &'b mut [u8; 4]) -> Result<Option<&'b [u8]>, TooMany> {
        let read = self.html.read_until(ends, buffer).map_err(never)?;
        match ends.contains(&b'=') {
            // The name of an attribute, or a value without marks.
            true => {}
            false if ends.contains(&b'<') => self.attributes = 0,
            false => self.attributes += usize::from(read == Some(b"\"")),
        }
        if self.attributes > MOST_OF_TAG { Err(TooMany::OfTag) } else { Ok(read) }
    }
}

fn never(error: Infallible) -> TooMany {
    match error {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let latin = b"<meta charset=iso-8859-1><p>Gr\xf6\xdfe \x80";
        assert!(decode(latin, None).ends_with("Größe €"));
        assert!(decode(b"<META http-equiv=x content='text/html; charset=windows-1251'>\xcf\xf0", None).ends_with("Пр"));
        assert!(decode(b"<p>Gr\xf6\xdfe", None).ends_with("Größe"), "as browsers take it");
        assert!(decode("<meta charset=\"latin1\">Größe".as_bytes(), Some("utf-8")).ends_with("Größe"));
        assert!(decode("<p>Größe".as_bytes(), Some("no such")).ends_with("Größe"));
        assert!(decode("<meta charset=utf-16><p>Größe".as_bytes(), None).ends_with("Größe"));
        assert_eq!(decode(b"\xff\xfeG\0r\0", None), "Gr");
        assert_eq!(decode(b"\xef\xbb\xbfGr", Some("latin1")), "Gr");
        assert_eq!(decode(b"", None), "");
    }

    #[test]
    fn tags_without_end_are_left_out() {
        let many = ["<p a>".repeat(400_000), "<p a=x lang=y>".repeat(60_000), "x<b>".repeat(150_000)];
        let distinct: String = (0..150_000).map(|number| format!("{number} ")).collect();
        for html in many.into_iter().chain([format!("<p {distinct}>x")]) {
            assert_eq!(tokens(&html).expect_err(&html[..9]).to_string(), "too many tags");
        }
        // What it does wrong is nobody's text, and counts as none.
        assert_eq!(tokens(&format!("<p {}>x", "a ".repeat(300_000))).expect("one tag").len(), 2);
        assert_eq!(tokens(&"<p a>x".repeat(60_000)).expect("few").len(), 120_000);
    }
}
