//! Usernames: 3 to 64 characters, one canonical form.
//!
//! Two spellings that people or fonts take for one name are one name: the canonical form is NFKC, lower case, and only
//! letters, digits and `. _ - @ +` are taken, so that no invisible character tells two accounts apart.

use unicode_normalization::UnicodeNormalization;

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
    if !shown.chars().all(|c| c.is_alphanumeric() || "._-@+".contains(c)) {
        return Err(Error::invalid(field, "characters", "may have letters, digits and . _ - @ + only"));
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
    fn names_with_anything_invisible_are_refused() {
        for bad in ["ab", "a b c", "ann\u{200b}a", "ann\0a", "<b>x</b>", &"x".repeat(65), "\u{202e}anna", "a/../b"] {
            assert!(parse("username", bad).is_err(), "{bad:?}");
        }
        assert!(parse("username", &"x".repeat(64)).is_ok());
    }
}
