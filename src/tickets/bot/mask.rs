//! What must not leave the house, taken out of what a model is told: numbers of cards and accounts, keys, passwords.
//!
//! It errs on the side of masking. What it cannot know (a name, an address, an order's number) stays: an answer may need it.

const CARD: &str = "[card number]";
const ACCOUNT: &str = "[account number]";
const KEY: &str = "[key]";
const PASSWORD: &str = "[password]";

/// Words after which a secret follows, folded to lower case.
const ANNOUNCERS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passcode",
    "passphrase",
    "pin",
    "cvv",
    "cvc",
    "secret",
    "passwort",
    "kennwort",
    "contraseña",
    "clave",
    "passe",
    "senha",
    "hasło",
    "пароль",
    "पासवर्ड",
    "পাসওয়ার্ড",
    "السر",
    "密码",
];
/// Between the word and the secret.
const LINKS: &[&str] = &["is", "was", "are", ":", "=", "ist", "lautet", "es", "est", "é", "to", "है", "হল"];
const KEY_BEGINNINGS: &[&str] = &[
    "sk-",
    "sk_",
    "pk_live",
    "rk_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "eyJ",
    "AIza",
    "whsec_",
    "bot_",
    "Bearer",
];

pub fn mask(text: &str) -> String {
    let text = without_blocks(text);
    let text = without_numbers(&text);
    let mut masked = String::with_capacity(text.len());
    let (mut is_announced, mut is_linked) = (false, false);
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let rest = &word[bare.len()..];
        if bare.is_empty() {
            masked.push_str(word);
            continue;
        }
        match cover(bare, is_announced, is_linked) {
            Some(covered) => {
                masked.push_str(&covered);
                (is_announced, is_linked) = (false, false);
            }
            None => {
                masked.push_str(bare);
                let low = bare.to_lowercase();
                if is_announcer(low.trim_end_matches([':', '='])) {
                    (is_announced, is_linked) = (true, low.ends_with([':', '=']));
                } else if is_announced && LINKS.contains(&low.trim_end_matches(':')) || low == ":" || low == "=" {
                    is_linked |= is_announced;
                } else {
                    (is_announced, is_linked) = (false, false);
                }
            }
        }
        masked.push_str(rest);
    }
    masked
}

fn is_announcer(word: &str) -> bool {
    ANNOUNCERS.contains(&word.trim_matches(|c: char| c.is_ascii_punctuation()))
}

/// What stands for a word that is a secret.
fn cover(word: &str, is_announced: bool, is_linked: bool) -> Option<String> {
    let bare = word.trim_matches(|c: char| "\"'`()[]<>,;.".contains(c));
    // "password:hunter2" in one piece.
    if let Some((before, after)) = word.split_once([':', '='])
        && is_announcer(&before.to_lowercase())
        && !after.is_empty()
    {
        return Some(format!("{before}: {PASSWORD}"));
    }
    if is_announced && (is_linked || looks_drawn(bare)) && !is_plain_talk(bare) {
        return Some(PASSWORD.into());
    }
    let begins = KEY_BEGINNINGS.iter().any(|beginning| bare.starts_with(beginning));
    let is_long =
        bare.len() >= 24 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./+=".contains(&byte));
    match begins && bare.len() >= 16 || is_long && looks_drawn(bare) && !bare.contains("://") && !bare.contains('/') {
        true => Some(word.replace(bare, KEY)),
        false => None,
    }
}

/// Letters and digits in one word, as people do not write.
fn looks_drawn(word: &str) -> bool {
    word.chars().any(char::is_alphabetic) && word.chars().filter(char::is_ascii_digit).count() >= 2
}

/// "My password is not working": a word, not a secret.
fn is_plain_talk(word: &str) -> bool {
    const TALK: &[&str] = &[
        "not",
        "wrong",
        "gone",
        "lost",
        "expired",
        "incorrect",
        "invalid",
        "the",
        "a",
        "my",
        "no",
        "too",
        "being",
        "still",
        "reset",
        "correct",
        "nicht",
        "falsch",
        "weg",
        "zu",
        "incorrecta",
        "no",
        "pas",
        "incorrect",
        "oublié",
        "perdu",
        "never",
        "rejected",
        "refused",
        "always",
        "empty",
        "right",
    ];
    TALK.contains(&word.to_lowercase().as_str())
}

fn without_blocks(text: &str) -> String {
    let mut left = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(start) = left.find("-----BEGIN") {
        kept.push_str(&left[..start]);
        kept.push_str(KEY);
        let block = &left[start..];
        let end = block.find("-----END").and_then(|end| block[end + 8..].find("-----").map(|tail| end + 8 + tail + 5));
        left = &block[end.unwrap_or(block.len())..];
    }
    kept.push_str(left);
    kept
}

/// Numbers of cards (ISO/IEC 7812, with its check digit) and of accounts (ISO 13616), also with spaces or dashes in them.
fn without_numbers(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let is_start = chars[at].is_ascii_alphanumeric() && (at == 0 || !chars[at - 1].is_ascii_alphanumeric());
        let found = is_start.then(|| number_at(&chars, at)).flatten();
        match found {
            Some((end, name)) => {
                kept.push_str(name);
                at = end;
            }
            None => {
                kept.push(chars[at]);
                at += 1;
            }
        }
    }
    kept
}

fn number_at(chars: &[char], start: usize) -> Option<(usize, &'static str)> {
    let (mut letters, mut end, mut best) = (String::new(), start, None);
    while end < chars.len() && letters.len() < 34 {
        let c = chars[end];
        let is_gap = (c == ' ' || c == '-') && chars.get(end + 1).is_some_and(char::is_ascii_alphanumeric);
        if !c.is_ascii_alphanumeric() && !is_gap {
            break;
        }
        end += 1;
        if is_gap {
            continue;
        }
        letters.push(c.to_ascii_uppercase());
        let is_whole = chars.get(end).is_none_or(|next| !next.is_ascii_alphanumeric());
        if is_whole && is_card(&letters) {
            best = Some((end, CARD));
        } else if is_whole && is_account(&letters) {
            best = Some((end, ACCOUNT));
        }
    }
    best
}

fn is_card(digits: &str) -> bool {
    if !(13..=19).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = (digits.bytes().rev().enumerate())
        .map(|(place, byte)| match (u32::from(byte - b'0'), place % 2) {
            (digit, 0) => digit,
            (digit, _) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_account(letters: &str) -> bool {
    let bytes = letters.as_bytes();
    let is_shaped = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    let turned = bytes[4.min(bytes.len())..].iter().chain(&bytes[..4.min(bytes.len())]);
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    is_shaped && rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_not() {
        for (text, masked) in [
            ("My card is 4111 1111 1111 1111.", "My card is [card number]."),
            ("4111-1111-1111-1111, charged twice", "[card number], charged twice"),
            ("account DE89 3704 0044 0532 0130 00 please", "account [account number] please"),
            ("key sk-abcdefghij0123456789 leaked", "key [key] leaked"),
            ("(eyJhbGciOiJIUzI1NiJ9.e30.abc)", "([key])"),
            ("my password is hunter2 ok?", "my password is [password] ok?"),
            ("Passwort: Sommer2024", "Passwort: [password]"),
            ("password=hunter2", "password: [password]"),
            ("a\n-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nb", "a\n[key]\nb"),
            ("-----BEGIN RSA PRIVATE KEY----- MII", "[key]"),
            ("contraseña: perro", "contraseña: [password]"),
        ] {
            assert_eq!(mask(text), masked);
        }
        for kept in [
            "My password is not working",
            "I forgot my password and the reset mail",
            "order 4111 1111 1111 1112",
            "order 20480 of 2026-03-01 at https://shop.example/orders/2026/03/01/20480-abcdef",
            "",
            "  two\n\nlines ",
            "Where can I change my password? I have two accounts.",
            "call 0049 30 1234567",
        ] {
            assert_eq!(mask(kept), kept);
        }
    }
}
