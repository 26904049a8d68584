//! Lists of a tenant's people, by filter. A user's `words` are written with the row (`users`).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::model::TenantKey;
use crate::auth::store::users::{Account, COLUMNS, account};
use crate::error::Result;
use crate::platform::db::{self, Tx, Value};

/// What a list of people can be narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub kind: Option<PersonKind>,
    /// Beginnings of words of their names, their e-mail address or their external id.
    pub q: Option<String>,
    pub ids: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// Who signs in as support or admin; no API keys. Tickets can be given to those who are not disabled.
    Staff,
    /// Customers who registered, or whom the tenant's own server vouched for.
    Customer,
    Guest,
}

impl PersonKind {
    /// Spelled as the partial indexes are.
    fn condition(self) -> &'static str {
        match self {
            Self::Staff => " and role <> 'customer' and password_hash is not null",
            Self::Customer => " and role = 'customer' and is_guest = false",
            Self::Guest => " and role = 'customer' and is_guest = true",
        }
    }
}

/// In the order in which they joined; `after` is the key of the last one of the page before.
pub fn list(tx: &mut Tx<'_>, tenant: TenantKey, filter: &Filter, after: i64, limit: i64) -> Result<Vec<Account>> {
    let words = filter.q.as_deref().map(patterns).unwrap_or_default();
    if (filter.q.is_some() && words.is_empty()) || filter.ids.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let mut sql = format!("select {COLUMNS} from users where tenant_key = $1 and user_key > $2");
    let mut values: Vec<Value<'_>> = vec![tenant.into(), after.into(), limit.into()];
    sql.push_str(filter.kind.map_or("", PersonKind::condition));
    for pattern in &words {
        values.push(pattern.as_str().into());
        sql.push_str(&format!(" and words like ${}", values.len()));
    }
    if let Some(ids) = &filter.ids {
        let places: Vec<String> = (1..=ids.len()).map(|place| format!("${}", values.len() + place)).collect();
        sql.push_str(&format!(" and user_id in ({})", places.join(", ")));
        values.extend(ids.iter().map(|id| Value::from(id.as_str())));
    }
    sql.push_str(" order by user_key limit $3");
    tx.all(&sql, &values, account)
}

/// A folded word is letters and digits: nothing in it means anything to `like`.
fn patterns(typed: &str) -> Vec<String> {
    db::folded(typed).split_whitespace().take(MOST_WORDS).map(|word| format!("% {word}%")).collect()
}

/// More words than this are no search that a person types.
const MOST_WORDS: usize = 12;
