//! Lists: `?limit=`, `?cursor=` and the answer's `{data, next_cursor}`.
//!
//! A cursor says where the next page begins, by the values of the list's own order. It is sealed: those values count rows
//! of all tenants and are nobody's business, and one made up, or made for another tenant or another list, does not open.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};
use crate::platform::random::Random;
use crate::platform::secret::{open, seal};

const MAX_CURSOR_CHARS: usize = 300;

/// How many rows a page holds at most: 1 to 100, 20 unless told.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub i64);

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        match number {
            Some(number @ 1..=100) => Ok(Self(number)),
            _ => Err(D::Error::custom("out_of_range: A whole number from 1 to 100.")),
        }
    }
}

/// What every list takes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many entries a page holds at most.
    #[serde(default)]
    #[param(value_type = i64, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// `list` names the list within the tenant; `T` is what the list is ordered by.
    pub fn read<T: DeserializeOwned>(&self, key: &[u8], tenant: i64, list: &str) -> Result<Paging<T>> {
        let scope = format!("{tenant}/{list}");
        let after = self.cursor.as_deref().map(|cursor| decode_cursor(key, &scope, cursor)).transpose()?;
        Ok(Paging { after, limit: self.limit.0, key: key.to_vec(), scope })
    }
}

/// Where a page begins and how long it is. The store reads `limit + 1` rows: whether the last of them exists tells whether
/// there is a next page.
pub struct Paging<T> {
    pub after: Option<T>,
    pub limit: i64,
    key: Vec<u8>,
    scope: String,
}

impl<T: Serialize> Paging<T> {
    /// `position` says where a row stands in the list's order.
    pub fn page<R>(&self, mut rows: Vec<R>, position: impl FnOnce(&R) -> T) -> Page<R> {
        let limit = self.limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next_cursor = last.map(|row| encode_cursor(&self.key, &self.scope, &position(row)));
        Page { data: rows, next_cursor }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

fn encode_cursor<T: Serialize>(key: &[u8], scope: &str, position: &T) -> String {
    let position = serde_json::to_vec(position).expect("a tuple of numbers and strings is JSON");
    // Nothing depends on the nonce but that it is new, so there is no generator to hand in.
    BASE64_URL_SAFE_NO_PAD.encode(seal(&key_material(key, scope), &Random::System, &position))
}

fn decode_cursor<T: DeserializeOwned>(key: &[u8], scope: &str, cursor: &str) -> Result<T> {
    open_cursor(key, scope, cursor)
        .ok_or_else(|| Error::invalid("cursor", "invalid_cursor", "This is no cursor of this list."))
}

fn open_cursor<T: DeserializeOwned>(key: &[u8], scope: &str, cursor: &str) -> Option<T> {
    if cursor.len() > MAX_CURSOR_CHARS {
        return None;
    }
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    serde_json::from_slice(&open(&key_material(key, scope), &sealed)?).ok()
}

fn key_material<'a>(key: &'a [u8], scope: &'a str) -> [&'a [u8]; 3] {
    [b"cursor", key, scope.as_bytes()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"a key of the server";

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let position = (1_763_800_000_000_i64, "0192f0c1-8f6e-7abc-8def-0123456789ab".to_owned());
        let cursor = encode_cursor(KEY, "tickets/7", &position);
        assert!(cursor.len() <= 200, "{cursor}");
        assert_eq!(decode_cursor::<(i64, String)>(KEY, "tickets/7", &cursor).expect("ours"), position);
    }

    #[test]
    fn a_cursor_does_not_show_its_position() {
        let cursor = encode_cursor(KEY, "tickets/7", &(1_763_800_000_000_i64, "canary"));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).expect("base64url");
        for plain in ["canary", "1763800000000"] {
            assert!(!bytes.windows(plain.len()).any(|window| window == plain.as_bytes()), "{plain}");
        }
    }

    #[test]
    fn a_cursor_serves_its_own_list_only() {
        let cursor = encode_cursor(KEY, "tickets/7", &(1, 2));
        for (key, scope) in [(KEY, "tickets/8"), (KEY, "users/7"), (KEY, ""), (b"another key".as_slice(), "tickets/7")]
        {
            let error = decode_cursor::<(i64, i64)>(key, scope, &cursor).expect_err(scope);
            assert_eq!((error.code(), error.field_errors()[0].field.as_str()), ("invalid", "cursor"));
        }
    }

    #[test]
    fn a_page_tells_whether_there_is_another() {
        let query = |cursor: Option<String>| PageQuery { limit: Limit(2), cursor };
        let paging = query(None).read::<i64>(KEY, 7, "tickets").expect("good");
        assert_eq!((paging.after, paging.limit), (None, 2));
        let page = paging.page(vec![10, 11, 12], |row| *row);
        assert_eq!(page.data, [10, 11]);
        let next = query(page.next_cursor).read::<i64>(KEY, 7, "tickets").expect("ours");
        assert_eq!(next.after, Some(11));
        assert_eq!(next.page(vec![12, 13], |row| *row).next_cursor, None);
        assert_eq!(next.page(vec![], |row| *row).next_cursor, None);
    }

    proptest! {
        #[test]
        fn hostile_cursors_are_refused(text in "\\PC{0,400}") {
            prop_assert!(decode_cursor::<(i64, i64)>(KEY, "tickets/7", &text).is_err());
        }

        #[test]
        fn a_changed_cursor_is_refused(at in 0usize..62, with in "[A-Za-z0-9_-]") {
            let cursor = encode_cursor(KEY, "tickets/7", &(1_763_800_000_000_i64, 42));
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &with);
            prop_assume!(changed != cursor);
            prop_assert!(decode_cursor::<(i64, i64)>(KEY, "tickets/7", &changed).is_err());
        }
    }
}
