//! Rules for the fields of a ticket that are more than a text.

use serde_json::{Map, Value as Json};

use crate::platform::http::text;

const MOST_TAGS: usize = 20;
const MOST_CUSTOM_FIELDS: usize = 50;
const MOST_CUSTOM_BYTES: usize = 16 * 1024;

pub fn tags<T: AsRef<[String]>>(tags: &T, _: &()) -> garde::Result {
    let tags = tags.as_ref();
    if tags.len() > MOST_TAGS {
        return Err(garde::Error::new(format!("too_many: At most {MOST_TAGS}.")));
    }
    match tags.iter().all(|tag| text::is_line(tag, 50)) {
        true => Ok(()),
        false => Err(garde::Error::new("invalid_tag: Each is a line of 1 to 50 characters.")),
    }
}

pub fn custom(custom: &Map<String, Json>, _: &()) -> garde::Result {
    let bytes = serde_json::to_string(custom).map_or(usize::MAX, |text| text.len());
    if custom.len() > MOST_CUSTOM_FIELDS || bytes > MOST_CUSTOM_BYTES {
        return Err(garde::Error::new(format!(
            "too_large: At most {MOST_CUSTOM_FIELDS} fields and {MOST_CUSTOM_BYTES} bytes."
        )));
    }
    Ok(())
}

/// In the order given, each once.
pub fn distinct(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        if !kept.contains(tag) {
            kept.push(tag.clone());
        }
    }
    kept
}
