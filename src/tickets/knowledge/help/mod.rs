//! The public help centre: pages that the server makes of published articles, for people who have signed in nowhere.
//!
//! `routes` are the addresses below `/help/{tenant}`; `visit` finds out whose they are and which language is wanted, `shelf`
//! reads what is published, `home`, `article` and `search` are the pages, `frame` is what stands around each, and how it is
//! sent. Invariants: nothing but published articles, of the tenant in the address; no script, no cookie, nothing that only a
//! script reaches; every word of an article is text or passes `markdown`.

mod article;
mod colors;
mod dates;
mod frame;
mod home;
mod markdown;
mod routes;
mod search;
mod shelf;
mod sitemap;
mod visit;
mod words;

pub use routes::routes;

use crate::auth::brand;
use crate::auth::model::TenantKey;
use crate::error::Result;
use crate::platform::db::Tx;
use crate::platform::http::path;

/// The path of a tenant's help centre; none where no article is published.
pub fn address(tx: &mut Tx<'_>, tenant: TenantKey) -> Result<Option<String>> {
    if !shelf::has_any(tx, tenant)? {
        return Ok(None);
    }
    Ok(Some(path_of(&brand::tenant_name(tx, tenant)?)))
}

/// The name of a month (1 to 12) as it stands in a date.
pub fn month_name(language: &str, month: i8) -> &'static str {
    let words = words::of(language).unwrap_or(&words::ENGLISH);
    words.months.split(' ').nth(usize::from(month.unsigned_abs()) - 1).unwrap_or_default()
}

fn path_of(tenant_name: &str) -> String {
    format!("/help/{}", path::segment(tenant_name))
}
