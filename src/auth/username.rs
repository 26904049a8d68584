//! Usernames: 3 to 64 characters, one canonical form.
//!
//! Two spellings that people or fonts take for one name are one name: the canonical form is NFKC, lower case, and only
//! letters, digits and `. _ - @ +` are taken, so that no invisible character tells two accounts apart. Letters are those
//! of Unicode's profile for identifiers (UTS 39, 3.1), all of one script or of scripts that are written together (UTS 39,
//! 5.1): `admin` with a Cyrillic letter in it is nobody's name.

use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

use crate::error::{Error, Result};

/// The name as shown (NFKC) and the form that is unique in a tenant.
pub struct Username {
    pub shown: String,
    pub canonical: String,
}

pub fn parse(field: &str, given: &str) -> Result<Username> {
    // Checked before the normalisation, which can make a text many times longer.
    if given.chars().count() > 64 {
        return Err(Error::invalid(field, "too_long", "has to have 3 to 64 characters"));
    }
    let shown: String = given.nfkc().collect();
    let length = shown.chars().count();
    if length < 3 {
        return Err(Error::invalid(field, "too_short", "has to have 3 to 64 characters"));
    }
    if length > 64 {
        return Err(Error::invalid(field, "too_long", "has to have 3 to 64 characters"));
    }
    let is_taken = |c: char| "._-@+".contains(c) || (c.is_alphanumeric() && c.identifier_allowed());
    if !shown.chars().all(is_taken) || !shown.as_str().is_single_script() {
        return Err(Error::invalid(field, "characters", "may have letters of one script, digits and . _ - @ + only"));
    }
    let canonical = canonical(&shown);
    Ok(Username { shown, canonical })
}

/// For looking a name up: any input, so that a sign-in with an impossible name fails like any other.
pub fn canonical(given: &str) -> String {
    given.chars().take(256).nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one_name() {
        let plain = parse("username", "Zoë.Smith").expect("a good name").canonical;
        for spelling in ["zoë.smith", "ZOË.SMITH", "Zoe\u{308}.Smith", "Ｚｏë.smith"] {
            assert_eq!(parse("username", spelling).expect(spelling).canonical, plain, "{spelling}");
        }
    }

    #[test]
    fn names_of_every_script_are_taken_and_mixtures_that_deceive_are_not() {
        for good in ["maria", "zoë.smith", "αλέξανδρος", "мария", "田中さくら", "김민준", "سارة", "आरव", "ann-2@shop"]
        {
            assert!(parse("username", good).is_ok(), "{good}");
        }
        for bad in ["\u{430}dmin", "p\u{3b1}ul"] {
            assert!(parse("username", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_with_anything_invisible_are_refused() {
        for bad in ["ab", "a b c", "ann\u{200b}a", "ann\0a", "<b>x</b>", &"x".repeat(65), "\u{202e}anna", "a/../b"] {
            assert!(parse("username", bad).is_err(), "{bad:?}");
        }
        for filler in ['\u{3164}', '\u{1160}', '\u{115f}', '\u{34f}'] {
            assert!(parse("username", &format!("admin{filler}")).is_err(), "{filler:?}");
        }
        assert!(parse("username", &"x".repeat(64)).is_ok());
    }
}
