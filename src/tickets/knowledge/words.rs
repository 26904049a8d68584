//! From text to stems: what an article is found by, and what a question asks for.
//!
//! Cut, folded and shortened here and not in the database, so that both engines find the same. The shortening is light, and
//! one for all languages that end their words in similar ways: it need not be a word any more, only the same for the same.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use crate::platform::db;

/// A question that is longer asks for nothing by its later words.
const MOST_WORDS: usize = 40;

/// The stems of a text with a space between them, in the order of the text.
pub fn stems(text: &str) -> String {
    let words: Vec<String> = db::folded(text).split_whitespace().map(stem).collect();
    words.join(" ")
}

/// What a question asks for: each stem once, without words that say nothing and without numbers, which are of this one
/// customer's order and not of what is known.
pub fn informative(question: &str) -> Vec<String> {
    let folded = db::folded(&without_apostrophes(question));
    let mut seen = BTreeSet::new();
    let telling = folded.split_whitespace().filter(|word| !is_empty_word(word) && !is_number(word));
    telling.map(stem).filter(|stem| seen.insert(stem.clone())).take(MOST_WORDS).collect()
}

/// The words of a text as they are matched against fixed phrases: folded, one space before each and one at the end.
pub fn phrase(text: &str) -> String {
    format!("{} ", db::folded(&without_apostrophes(text)))
}

/// "don't" is one word.
fn without_apostrophes(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\'' | '’' | '`')).collect()
}

fn is_number(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit()) && word.chars().filter(char::is_ascii_alphabetic).count() <= 2
}

fn is_empty_word(word: &str) -> bool {
    word.chars().count() == 1 && word.is_ascii() || EMPTY.contains(word)
}

/// A word without its ending.
pub fn stem(word: &str) -> String {
    if !word.is_ascii() || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut stem = without_plural(word);
    for (ending, left) in [
        ("ations", 3),
        ("ation", 3),
        ("ments", 3),
        ("ment", 3),
        ("ings", 3),
        ("ing", 3),
        ("ions", 4),
        ("ion", 4),
        ("able", 3),
        ("ed", 3),
        ("ern", 4),
        ("er", 4),
        ("en", 4),
        ("em", 4),
        ("ly", 4),
    ] {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.len() >= left
            && rest.bytes().any(|byte| b"aeiouy".contains(&byte))
        {
            stem = undoubled(rest).to_owned();
            break;
        }
    }
    for ending in ["e", "y", "i"] {
        if stem.len() > 3
            && let Some(rest) = stem.strip_suffix(ending)
        {
            return undoubled(rest).to_owned();
        }
    }
    stem
}

fn without_plural(word: &str) -> String {
    let keeps = |ending: &str| word.strip_suffix(ending);
    if let Some(rest) = keeps("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}y");
    }
    if let Some(rest) = keeps("es").filter(|rest| rest.len() >= 3)
        && ["s", "x", "z", "ch", "sh"].iter().any(|before| rest.ends_with(before))
    {
        return rest.to_owned();
    }
    match keeps("s").filter(|rest| rest.len() >= 3 && !rest.ends_with(['s', 'u', 'i'])) {
        Some(rest) => rest.to_owned(),
        None => word.to_owned(),
    }
}

/// `shipp` is `ship`; what ends in `ll` or `ss` by itself is the same everywhere.
fn undoubled(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., before, last] if bytes.len() > 3 && before == last && !b"aeiou".contains(last) => &stem[..stem.len() - 1],
        _ => stem,
    }
}

/// Words that say nothing of what is asked, of the languages that are written with Latin letters, folded.
static EMPTY: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("empty-words.txt").split_whitespace().collect());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["delivery", "deliveries"][..],
            &["ship", "ships", "shipping", "shipped", "shipment"],
            &["change", "changes", "changing", "changed"],
            &["subscription", "subscriptions"],
            &["pause", "paused", "pausing"],
            &["grind", "grinding", "grinder", "grinds"],
            &["bohne", "bohnen"],
            &["box", "boxes"],
            &["café", "cafes", "CAFÉ"],
            &["pedido", "pedidos"],
        ] {
            let stems: BTreeSet<String> = forms.iter().map(|form| stems(form)).collect();
            assert_eq!(stems.len(), 1, "{forms:?}: {stems:?}");
        }
        assert_ne!(stems("order"), stems("ordinary"));
        assert_eq!(stems("عربي 名前"), "عربي 名前");
    }

    #[test]
    fn a_question_is_its_telling_words() {
        assert_eq!(
            informative("Hi! Can I please change my delivery address? Order 20480"),
            ["chang", "deliver", "address", "order"]
        );
        assert!(informative("hello, can you help me please?").is_empty());
        assert!(informative("?? 12345 #A7").is_empty());
        assert!(informative(&"abc def ".repeat(10_000)).len() <= 2);
    }
}
