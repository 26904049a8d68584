//! Turns what serde and garde say about a value into the contract's `errors`: a field, a stable code, a sentence.
//!
//! Messages of our own, in validators and in `Deserialize` impls alike, are written `code: Sentence.`; those of the two
//! libraries are recognised by how they begin. No message echoes what the client sent.

use crate::error::FieldError;

pub(super) fn from_serde(path: &str, message: &str) -> FieldError {
    let (code, sentence) = match first_words(message) {
        "missing field" => ("missing", "This field is needed.".to_owned()),
        "unknown field" => ("unknown_field", "There is no such field.".to_owned()),
        "duplicate field" => ("duplicate", "This field is given twice.".to_owned()),
        "unknown variant" => ("unknown_value", expectation(message)),
        "invalid type:" => ("wrong_type", expectation(message)),
        "invalid value:" => ("out_of_range", expectation(message)),
        "invalid length" => ("wrong_type", expectation(message)),
        _ => own_words(message).unwrap_or(("invalid_value", "This value is not acceptable.".to_owned())),
    };
    let field = if matches!(code, "missing" | "duplicate") { join(path, quoted(message)) } else { path.to_owned() };
    FieldError::new(if field == "." { "body" } else { &field }, code, sentence)
}

pub(super) fn from_garde(report: garde::Report) -> Vec<FieldError> {
    report.iter().map(|(path, error)| from_rule(&path.to_string(), error.message())).collect()
}

fn from_rule(field: &str, message: &str) -> FieldError {
    let number = message.rsplit(' ').next().unwrap_or_default();
    let (code, sentence) = if message.starts_with("length is lower") {
        ("too_short", format!("At least {number} are needed."))
    } else if message.starts_with("length is greater") {
        ("too_long", format!("At most {number} are allowed."))
    } else if message.starts_with("lower than") {
        ("out_of_range", format!("At least {number}."))
    } else if message.starts_with("greater than") {
        ("out_of_range", format!("At most {number}."))
    } else {
        own_words(message).unwrap_or(("invalid_value", message.to_owned()))
    };
    FieldError::new(field, code, sentence)
}

/// Splits `code: Sentence.`.
fn own_words(message: &str) -> Option<(&str, String)> {
    let (code, sentence) = message.split_once(": ")?;
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_code.then(|| (code, without_place(sentence).to_owned()))
}

fn first_words(message: &str) -> &str {
    let second_space = message.match_indices(' ').nth(1).map_or(message.len(), |(at, _)| at);
    &message[..second_space]
}

/// What serde expected, which it says last; before that it repeats the input.
fn expectation(message: &str) -> String {
    let expected = without_place(message.rsplit_once(", expected ").map_or("another value", |(_, expected)| expected));
    let plain = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of zero or more, in range",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number in range",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    };
    format!("Expected {plain}.")
}

fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(before, _)| before)
}

/// The field's name, which serde puts in backquotes. It is one of ours here, not the client's.
fn quoted(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or_default()
}

fn join(path: &str, name: &str) -> String {
    match path {
        "." => name.to_owned(),
        // Some errors come with the field at the end of the path already.
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
