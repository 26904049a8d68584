//! Whether what a model wrote rests on what it was given.
//!
//! It has to cite a source by its number in brackets. Addresses and numbers that stand in none of its sources are what an
//! invented answer gives itself away by, and what an injected one wants to bring in. The customer's own words are no source.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

const LONGEST_CITATION: usize = 40;
/// What makes a link of a word, wherever it leads.
const OPENERS: [&str; 3] = ["://", "www.", "mailto:"];

/// A text with its sources numbered anew, in the order in which they are cited.
#[derive(Debug, PartialEq)]
pub struct Grounded {
    pub text: String,
    /// Which of the sources given, by place.
    pub cited: Vec<usize>,
}

/// None: it cites nothing, something that was not given, or says what no source does.
pub fn check(text: &str, sources: &[String]) -> Option<Grounded> {
    let mut cited = Vec::new();
    let mut numbered = String::with_capacity(text.len());
    let mut plain = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => {
                numbered.push_str(text);
                plain.push_str(text);
            }
            Piece::Citation(number) => {
                let place = number.checked_sub(1).filter(|place| *place < sources.len())?;
                let known = cited.iter().position(|cited| *cited == place);
                let shown = known.unwrap_or_else(|| {
                    cited.push(place);
                    cited.len() - 1
                });
                numbered.push_str(&format!("[{}]", shown + 1));
                plain.push(' ');
            }
        }
    }
    // All that was given counts, not what is cited alone: models are careless with that.
    let known = known(sources);
    let is_known = claims(&plain).iter().all(|claim| known.contains(claim));
    (!cited.is_empty() && is_known).then(|| Grounded { text: numbered.trim().to_owned(), cited })
}

/// Whether a text has neither numbers nor addresses that it would need a source for.
pub fn says_nothing(text: &str) -> bool {
    claims(text).is_empty()
}

/// The addresses and numbers that an answer may have.
pub fn known(sources: &[String]) -> HashSet<String> {
    sources.iter().flat_map(|source| claims(source)).collect()
}

/// What is shown while it is written: nothing before the first source is cited, nothing from the first claim on that no source
/// has, and no numbers that may change.
pub fn shown_so_far(text: &str, sources: usize, known: &HashSet<String>) -> Option<String> {
    let (mut shown, mut is_cited) = (String::new(), false);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => shown.push_str(text),
            Piece::Citation(number) => is_cited |= (1..=sources).contains(&number),
        }
    }
    // A bracket that may become a citation.
    if let Some(open) = shown.rfind('[')
        && shown[open + 1..].bytes().all(|byte| byte.is_ascii_digit())
    {
        shown.truncate(open);
    }
    // The last word may be half of one.
    shown.truncate(shown.rfind(char::is_whitespace).unwrap_or(0));
    (is_cited && claims(&shown).iter().all(|claim| known.contains(claim))).then(|| shown.trim().to_owned())
}

enum Piece<'a> {
    Text(&'a str),
    Citation(usize),
}

/// `[1]`, and `[1, 2]` as two.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut left) = (Vec::new(), text);
    while let Some(open) = left.find('[') {
        let inside = &left[open + 1..];
        // Citations are short: no more is searched, however many brackets there are.
        let close = inside.bytes().take(LONGEST_CITATION).position(|byte| byte == b']').unwrap_or(inside.len());
        let is_closed = close < inside.len();
        let number = |number: &str| number.trim().parse().ok();
        let numbers: Option<Vec<usize>> =
            if is_closed { inside[..close].split(',').map(number).collect() } else { None };
        let end = match (numbers, is_closed) {
            (Some(numbers), true) => {
                pieces.push(Piece::Text(&left[..open]));
                pieces.extend(numbers.into_iter().map(Piece::Citation));
                open + 1 + close + 1
            }
            _ => {
                pieces.push(Piece::Text(&left[..=open]));
                open + 1
            }
        };
        left = &left[end..];
    }
    pieces.push(Piece::Text(left));
    pieces
}

/// Addresses, and numbers of two digits or more, as they can be compared.
fn claims(text: &str) -> Vec<String> {
    let (mut claims, text) = (Vec::new(), in_plain_letters(text));
    for word in text.split(|c: char| c.is_whitespace() || "()<>\"'|*`".contains(c)) {
        let word = word.trim_matches(|c: char| ".,;:!?[]{}…".contains(c)).trim_end_matches('/').to_lowercase();
        if is_address(&word) {
            claims.push(
                word.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.").into(),
            );
            continue;
        }
        let digits = |part: &str| part.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit.to_string()).collect();
        claims.extend(
            word.split(|c: char| !c.is_numeric() && !".,'".contains(c))
                .map(digits)
                .filter(|run: &String| run.len() > 1),
        );
    }
    claims
}

/// As a browser reads an address: one written in other letters leads to the same place, and so do numbers to the eye (UTS 46, and
/// the percent-encoded host of the URL standard).
fn in_plain_letters(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    let letters: Vec<char> = decoded.nfkc().collect();
    let is_plain = |place: usize| letters.get(place).is_some_and(char::is_ascii_alphanumeric);
    // Between others, this full stop ends a sentence.
    let is_dot = |place: usize| letters[place] == '。' && place > 0 && is_plain(place - 1) && is_plain(place + 1);
    (0..letters.len()).map(|place| if is_dot(place) { '.' } else { letters[place] }).collect()
}

/// A link, an e-mail address, or a bare name of a host, whatever stands before and behind it: a path, a port, a query.
fn is_address(word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || ".-_".contains(c);
    OPENERS.iter().any(|opener| word.contains(opener)) || word.contains('@') || word.split(|c| !is_part(c)).any(is_host)
}

fn is_host(name: &str) -> bool {
    let is_named = name.rsplit_once('.').is_some_and(|(name, end)| {
        !name.is_empty()
            && end.chars().count() >= 2
            && end.chars().all(char::is_alphabetic)
            && name.chars().any(char::is_alphabetic)
    });
    // Punycode ends a name in what is not letters alone.
    let is_coded = name.rsplit_once('.').is_some_and(|(name, end)| !name.is_empty() && end.starts_with("xn--"));
    (is_named || is_coded) && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<String> {
        vec![
            "Delivery costs 4.90 € and takes 2 to 3 days. See https://shop.example/delivery.".to_owned(),
            "Returns: within 30 days, write to returns@shop.example.".to_owned(),
        ]
    }

    #[test]
    fn an_answer_cites_what_it_was_given() {
        let checked = check("Within 30 days [2], it costs 4.90 € [1][2].", &sources()).expect("grounded");
        assert_eq!(checked.text, "Within 30 days [1], it costs 4.90 € [2][1].");
        assert_eq!(checked.cited, [1, 0]);
        assert_eq!(check("Both [1, 2].", &sources()).expect("grounded").cited, [0, 1]);
        for bad in ["It costs 4.90 €.", "It costs 4.90 € [3].", "It costs [0].", "", "[x] [1"] {
            assert_eq!(check(bad, &sources()), None, "{bad}");
        }
    }

    #[test]
    fn addresses_and_numbers_that_no_source_has_are_no_answer() {
        for good in [
            "See shop.example/delivery [1].",
            "Write to RETURNS@shop.example! [2]",
            "2 to 3 days, e.g. tomorrow. [1]",
            "2 to 3 days, i.e.: soon/later, and/or (e.g.) later; a.m. or p.m.? [1]",
            "配送は4.90€です。三日以内に届きます。[1]",
            "It is 4.90 € ... or 7% of it. [1]",
            "It costs 4,90 € (see https://www.shop.example/delivery/). [1]",
        ] {
            assert!(check(good, &sources()).is_some(), "{good}");
        }
        for bad in [
            "Pay at https://evil.example/pay [1].",
            "Pay at evil.example [1].",
            "Pay at evil.example?x [1].",
            "Pay at evil.example#x [1].",
            "Pay at evil.example:80/pay [1].",
            "Pay at evil.example:/pay?y=1 [1].",
            "Pay at evil.example; now [1].",
            "Pay at evil.example;x, or see=evil.example [1].",
            "Pay at evil.example\\pay [1].",
            "Pay at evil.xn--p1ai?x [1].",
            "Write to boss@evil.example [2].",
            "It costs 49.90 € [1].",
            "Call 0800 123456 [1].",
            "![x](https://evil.example/c.png?q=1) [1]",
            "javascript://x [1]",
            "Pay at www.x%2eevil%2eexample/pay [1].",
            "Pay at www.x。evil。example/pay [1].",
            "Pay at evil。example [1].",
            "Pay at evil．example/pay or evil․example [1].",
            "mailto:boss [1]",
            "It costs ①② € or ²³ € [1].",
            "Within 90 days [2].",
        ] {
            assert_eq!(check(bad, &sources()), None, "{bad}");
        }
    }

    #[test]
    fn nothing_is_shown_before_the_first_source() {
        let known = known(&sources());
        let shown = |text: &str| shown_so_far(text, 2, &known);
        for nothing in [
            "Within 30 days",
            "Within 30 days [",
            "Within 30 days [9] and",
            "Within 99 days [1] and",
            "Pay at evil.example [1] now",
        ] {
            assert_eq!(shown(nothing), None, "{nothing}");
        }
        assert_eq!(shown("Within 30 days [2], it costs").as_deref(), Some("Within 30 days , it"));
        assert_eq!(shown("Within 30 days [2]. And so [1").as_deref(), Some("Within 30 days . And so"));
        assert_eq!(pieces(&"[".repeat(8000)).len(), 8001);
    }
}
