//! An article cut into passages: what a question is held against, and what the bot answers with.
//!
//! Invariant: a passage is plain text. Whoever wrote the article may mean ill; nothing of it is markup any more.

/// A passage grows by further paragraphs of its section up to this many characters, and one that is longer is cut.
const COMFORTABLE: usize = 600;
const LONGEST: usize = 900;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Of the section that it stands in; empty before the first one.
    pub heading: String,
    pub text: String,
}

/// In the order of the article.
pub fn cut(markdown: &str) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let (mut heading, mut paragraph, mut is_code) = (String::new(), String::new(), false);
    let mut is_new_section = true;
    for line in markdown.lines().chain([""]) {
        let trimmed = line.trim();
        is_code ^= trimmed.starts_with("```");
        let title = if is_code { None } else { heading_of(trimmed) };
        if (trimmed.is_empty() || title.is_some()) && !paragraph.is_empty() {
            add(&mut passages, &heading, std::mem::take(&mut paragraph), &mut is_new_section);
        }
        match title {
            Some(title) => (heading, is_new_section) = (plain(title), true),
            None if trimmed.is_empty() || trimmed.starts_with("```") || is_rule(trimmed) => {}
            None => {
                let is_item = ["- ", "* ", "+ "].iter().any(|mark| trimmed.starts_with(mark)) || is_numbered(trimmed);
                if !paragraph.is_empty() {
                    paragraph.push(if is_item { '\n' } else { ' ' });
                }
                paragraph.push_str(&if is_code { trimmed.to_owned() } else { plain(trimmed) });
            }
        }
    }
    if !paragraph.is_empty() {
        add(&mut passages, &heading, paragraph, &mut is_new_section);
    }
    passages
}

/// Joined to the passage before, if that is of the same section and has room.
fn add(passages: &mut Vec<Passage>, heading: &str, paragraph: String, is_new_section: &mut bool) {
    match passages.last_mut() {
        Some(last) if !*is_new_section && last.text.chars().count() + paragraph.chars().count() < COMFORTABLE => {
            last.text.push_str("\n\n");
            last.text.push_str(&paragraph);
        }
        _ => passages.extend(pieces(&paragraph).into_iter().map(|text| Passage { heading: heading.to_owned(), text })),
    }
    *is_new_section = false;
}

/// A paragraph in pieces that can be read in a chat, cut behind sentences where there are any.
fn pieces(paragraph: &str) -> Vec<String> {
    let mut rest: Vec<char> = paragraph.chars().collect();
    let mut pieces = Vec::new();
    while rest.len() > LONGEST {
        let is_end =
            |place: &usize| matches!(rest[*place - 1], '.' | '!' | '?' | '。' | '।' | '؟') && rest[*place] == ' ';
        let end = (COMFORTABLE / 2..LONGEST).rev().find(is_end);
        let space = (COMFORTABLE / 2..LONGEST).rev().find(|place| rest[*place].is_whitespace());
        let at = end.or(space).unwrap_or(LONGEST);
        let piece: String = rest.drain(..at).collect();
        pieces.push(piece.trim().to_owned());
    }
    pieces.push(rest.into_iter().collect::<String>().trim().to_owned());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn heading_of(line: &str) -> Option<&str> {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line.get(marks..)?.strip_prefix(' ')?;
    (1..=6).contains(&marks).then(|| title.trim().trim_end_matches('#').trim())
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3 && ['-', '*', '_', '='].iter().any(|mark| line.chars().all(|c| c == *mark))
}

fn is_numbered(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && line[digits..].starts_with(['.', ')'])
}

/// A line without the marks of emphasis and code; a link is its text and its address, a picture what it shows, and what a backslash
/// escapes is itself (CommonMark 0.31.2, section 2.4).
fn plain(line: &str) -> String {
    let line = line.trim_start_matches(['>', ' ']);
    let (mut text, mut rest) = match line.strip_prefix("* ") {
        Some(item) => (String::from("- "), item),
        None => (String::with_capacity(line.len()), line),
    };
    while let Some(mark) = rest.chars().next() {
        let (before, after) = (rest, &rest[mark.len_utf8()..]);
        rest = after;
        match mark {
            '\\' if after.starts_with(|c: char| c.is_ascii_punctuation()) => {
                text.push_str(&after[..1]);
                rest = &after[1..];
            }
            '`' => {
                if let Some((code, behind)) = after.split_once('`') {
                    text.push_str(code);
                    rest = behind;
                }
            }
            '*' => {}
            '_' if after.starts_with('_') => rest = &after[1..],
            '!' | '[' => match link(before.strip_prefix('!').unwrap_or(before)) {
                Some((label, address, behind)) => {
                    text.push_str(&plain(label));
                    let is_web = address.starts_with("https://") || address.starts_with("http://");
                    if is_web && mark == '[' && address != label {
                        text.push_str(&format!(" ({address})"));
                    }
                    rest = behind;
                }
                None => text.push(mark),
            },
            _ => text.push(mark),
        }
    }
    text
}

/// In bytes. Beyond these it is no link, so that a line of brackets is not read to its end for each of them.
const LONGEST_LABEL: usize = 300;
const LONGEST_ADDRESS: usize = 2000;

/// `[label](address)` at the beginning of a text, and what comes behind it.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let inside = text.strip_prefix('[')?;
    let (label, rest) = inside.split_at(beginning(inside, LONGEST_LABEL).find("](")?);
    let rest = &rest["](".len()..];
    let mut depth = 0;
    let is_end = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    };
    let end = beginning(rest, LONGEST_ADDRESS).find(is_end)?;
    let (address, after) = (&rest[..end], &rest[end + 1..]);
    let address = address.split_whitespace().next().unwrap_or_default();
    (!label.contains(['[', '\n'])).then_some((label, address, after))
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sections_and_paragraphs_are_passages_of_plain_text() {
        let article = "Intro with **bold** and `code`.\n\n# Costs\n\nFour euros\nfor all.\n\n- one\n* two\n\n## Abroad ##\n\
            See [the list](https://shop.example/list \"x\") or [here](javascript:alert(1)). ![a map](https://x/y.png)\n\
            ```\n# no heading\n```";
        let passage = |heading: &str, text: &str| Passage { heading: heading.into(), text: text.into() };
        assert_eq!(
            cut(article),
            [
                passage("", "Intro with bold and code."),
                passage("Costs", "Four euros for all.\n\n- one\n- two"),
                passage("Abroad", "See the list (https://shop.example/list) or here. a map # no heading"),
            ]
        );
        assert_eq!(cut(""), []);
        assert_eq!(cut("# Only a heading"), []);
    }

    #[test]
    fn what_is_escaped_and_what_is_code_is_itself() {
        for (markdown, text) in [
            (r"5 \< 6, \[none\](https://x.example) and \*all\*", "5 < 6, [none](https://x.example) and *all*"),
            (r"C:\dir and a \", r"C:\dir and a \"),
            (r"`a\*b` and __init__ `x", r"a\*b and init x"),
            ("[**the** list](https://shop.example/a__b)", "the list (https://shop.example/a__b)"),
            ("Wait!![a](b) !! [c", "Wait!a !! [c"),
            ("```\na **b** \\*\n```", r"a **b** \*"),
        ] {
            assert_eq!(cut(markdown).first().map(|passage| passage.text.as_str()), Some(text), "{markdown}");
        }
    }

    #[test]
    fn a_long_paragraph_is_cut_behind_a_sentence() {
        let passages = cut(&"A sentence of some words. ".repeat(100));
        assert!(passages.len() > 2 && passages.iter().all(|passage| passage.text.ends_with('.')));
        assert!(passages.iter().all(|passage| passage.text.chars().count() <= LONGEST));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_cut(text in "[ -~\\n#*`\\[\\]()é名]{0,2000}") {
            for passage in cut(&text) {
                prop_assert!(!passage.text.is_empty() && passage.text.chars().count() <= LONGEST + COMFORTABLE);
            }
        }
    }
}
