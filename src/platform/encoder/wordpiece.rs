//! A text as numbers of the pieces that a model knows: BERT's WordPiece (Devlin and others, 2018, github.com/google-research/bert,
//! `tokenization.py`), for models that were trained on it.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// In characters. A longer word is not looked for.
const LONGEST_WORD: usize = 100;

pub struct WordPiece {
    pieces: HashMap<String, u32>,
    unknown: u32,
    begin: u32,
    end: u32,
    is_lower_case: bool,
}

impl WordPiece {
    /// `vocabulary` has a piece a line; its number is that of the line.
    pub fn new(vocabulary: &str, is_lower_case: bool) -> anyhow::Result<Self> {
        let lines = vocabulary.lines().map(|line| line.trim_end_matches('\r').to_owned());
        let pieces: HashMap<String, u32> = lines.zip(0..).collect();
        let special = |name: &str| pieces.get(name).copied().with_context(|| format!("there is no {name} in it"));
        let (unknown, begin, end) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Ok(Self { pieces, unknown, begin, end, is_lower_case })
    }

    /// That each number has its row in a table of so many.
    pub fn fits(&self, rows: usize) -> anyhow::Result<()> {
        ensure!(
            self.pieces.values().all(|piece| (*piece as usize) < rows),
            "it has more lines than the model has pieces"
        );
        Ok(())
    }

    /// Between the marks of beginning and end, at most `most` with these.
    pub fn split(&self, text: &str, most: usize) -> Vec<u32> {
        let mut pieces = vec![self.begin];
        for word in self.words(text) {
            if pieces.len() >= most {
                break;
            }
            self.split_word(&word, &mut pieces);
        }
        pieces.truncate(most.saturating_sub(1));
        pieces.push(self.end);
        pieces
    }

    /// Between spaces, and each mark of punctuation and each Chinese character by itself.
    fn words(&self, text: &str) -> Vec<String> {
        let spoken: String = text.chars().filter(|c| !is_noise(*c)).collect();
        let spoken: String = match self.is_lower_case {
            // Without accents, as the vocabulary of such a model is.
            true => spoken
                .to_lowercase()
                .nfd()
                .filter(|c| c.general_category() != GeneralCategory::NonspacingMark)
                .collect(),
            false => spoken.nfc().collect(),
        };
        let (mut words, mut word) = (Vec::new(), String::new());
        for c in spoken.chars() {
            let is_alone = is_punctuation(c) || is_chinese(c);
            if (is_alone || c.is_whitespace()) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            match c {
                c if is_alone => words.push(c.to_string()),
                c if !c.is_whitespace() => word.push(c),
                _ => {}
            }
        }
        words.extend((!word.is_empty()).then_some(word));
        words
    }

    /// By the longest piece that fits, again and again.
    fn split_word(&self, word: &str, into: &mut Vec<u32>) {
        let before = into.len();
        let (mut rest, mut mark) = (word, "");
        let is_long = word.chars().nth(LONGEST_WORD).is_some();
        while !rest.is_empty() && !is_long {
            let ends = rest.char_indices().rev().map(|(at, c)| at + c.len_utf8());
            let found =
                ends.into_iter().find_map(|end| Some((end, *self.pieces.get(&format!("{mark}{}", &rest[..end]))?)));
            let Some((end, piece)) = found else { break };
            into.push(piece);
            (rest, mark) = (&rest[end..], "##");
        }
        if !rest.is_empty() {
            into.truncate(before);
            into.push(self.unknown);
        }
    }
}

fn is_noise(c: char) -> bool {
    let is_unseen = matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Format);
    matches!(c, '\0' | '\u{fffd}') || (is_unseen && !c.is_whitespace())
}

/// Also what ASCII has beside letters and digits, which Unicode calls symbols.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

fn is_chinese(c: char) -> bool {
    matches!(u32::from(c),
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x2a6df | 0x2a700..=0x2ceaf | 0x2f800..=0x2fa1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\naff\n,\n!\nuber\n中\n4\n##€\n";

    fn split(text: &str) -> Vec<u32> {
        WordPiece::new(VOCABULARY, true).expect("a vocabulary").split(text, 12)
    }

    #[test]
    fn a_word_is_its_longest_known_pieces_or_unknown() {
        assert_eq!(split("unaffable, UNAFFABLE!"), [2, 4, 5, 6, 8, 4, 5, 6, 9, 3]);
        assert_eq!(split("unknown aff"), [2, 1, 7, 3]);
        assert_eq!(split("Über中aff 4€"), [2, 10, 11, 7, 12, 13, 3]);
        assert_eq!(split(""), [2, 3]);
        assert_eq!(split("\0\u{200b}\u{fffd} \n"), [2, 3]);
        assert_eq!(split(&"a".repeat(200)), [2, 1, 3]);
    }

    #[test]
    fn a_long_text_is_cut_and_still_ends() {
        let pieces = split(&"aff ".repeat(50));
        assert_eq!((pieces.len(), pieces[0], pieces[11]), (12, 2, 3));
        assert_eq!(split("aff aff aff aff aff aff aff aff aff aff").len(), 12);
        assert!(WordPiece::new("[UNK]\n[CLS]", true).is_err());
    }
}
