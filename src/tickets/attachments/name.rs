//! The name that a client gives its file: shown to people, offered for saving, and never a path of ours.

use crate::platform::http::text::turns_text;

const MAX_CHARS: usize = 255;
const NAMELESS: &str = "file";

/// The last part of a path, in one line, of at most 255 characters; the ending is kept.
pub fn clean(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !c.is_control() && !turns_text(*c)).collect();
    let name = visible.trim().trim_start_matches('.').trim();
    if name.is_empty() { NAMELESS.to_owned() } else { shorten(name) }
}

/// The same name with the ending of the type that the file has now.
pub fn with_ending(name: &str, endings: &[&str]) -> String {
    let (stem, ending) = split(name);
    let fits = ending.is_some_and(|ending| endings.iter().any(|other| other.eq_ignore_ascii_case(ending)));
    if fits { name.to_owned() } else { shorten(&format!("{stem}.{}", endings[0])) }
}

fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= MAX_CHARS {
        return name.to_owned();
    }
    match split(name) {
        (stem, Some(ending)) => {
            let room = MAX_CHARS - ending.chars().count() - 1;
            stem.chars().take(room).chain(['.']).chain(ending.chars()).collect()
        }
        (stem, None) => stem.chars().take(MAX_CHARS).collect(),
    }
}

/// What stands before and after the last dot; a long ending is none.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && (1..=16).contains(&ending.len()) => (stem, Some(ending)),
        _ => (name, None),
    }
}

/// `attachment; filename="…"; filename*=UTF-8''…` (RFC 6266), for whoever can read the one or the other.
pub fn disposition(kind: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) || c == ' ' { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path_and_one_line() {
        for (sent, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ann\\a b.txt", "a b.txt"),
            ("/", "file"),
            ("..", "file"),
            (".htaccess", "htaccess"),
            ("", "file"),
            (" \u{200f} ", "file"),
            ("a\r\nSet-Cookie: x\0.txt", "aSet-Cookie: x.txt"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
            ("größe 名前.pdf", "größe 名前.pdf"),
        ] {
            assert_eq!(clean(sent), kept, "{sent:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = clean(&format!("{}.jpeg", "ä".repeat(400)));
        assert_eq!((name.chars().count(), name.ends_with("ä.jpeg")), (255, true));
        assert_eq!(clean(&"x".repeat(400)).len(), 255);
        assert_eq!(clean(&format!("a.{}", "x".repeat(400))).len(), 255);
    }

    #[test]
    fn an_ending_follows_the_type() {
        assert_eq!(with_ending("a.JPG", &["jpg", "jpeg"]), "a.JPG");
        assert_eq!(with_ending("evil.html", &["png"]), "evil.png");
        assert_eq!(with_ending("noending", &["gif"]), "noending.gif");
        assert_eq!(with_ending(&"x".repeat(255), &["png"]).len(), 255);
    }

    #[test]
    fn a_disposition_is_a_header_whatever_the_name() {
        assert_eq!(
            disposition("attachment", "a\"b; \u{e9}.txt"),
            "attachment; filename=\"a_b_ _.txt\"; filename*=UTF-8''a%22b%3B%20%C3%A9.txt"
        );
    }
}
