//! Lists of tickets, by filter.

use std::fmt::Write;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{SELECT, ticket};
use crate::auth::model::UserKey;
use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Dialect, Tx, Value};
use crate::tickets::model::{Priority, Scope, Ticket};

/// What a list of tickets can be narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub status: Option<StatusFilter>,
    pub priority: Option<Priority>,
    pub support: Option<Support>,
    pub customer_id: Option<String>,
    pub tag: Option<String>,
    /// Words of a search.
    pub q: Option<String>,
    pub updated_after: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    Open,
    InProgress,
    Closed,
    /// All that are not closed.
    Active,
}

#[derive(Debug)]
pub enum Support {
    Nobody,
    Key(UserKey),
    Id(String),
}

/// Newest activity first; `before` is the place of the last ticket of the page before.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    filter: &Filter,
    before: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Ticket>> {
    let words = match &filter.q {
        Some(q) => match tx.dialect().search_query(scope.tenant.0, q) {
            Some(words) => Some(words),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let statement = list_statement(tx.dialect(), scope, filter, words.as_deref(), before, limit);
    tx.all(&statement.text, &statement.values, ticket)
}

/// A statement put together from fixed pieces; what a client sent is only ever a value.
struct Statement<'a> {
    text: String,
    values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    /// `?` stands for the value.
    fn and(&mut self, condition: &str, value: impl Into<Value<'a>>) {
        self.values.push(value.into());
        self.text.push_str(" and ");
        self.text.push_str(&condition.replace('?', &format!("${}", self.values.len())));
    }
}

fn list_statement<'a>(
    dialect: Dialect,
    scope: Scope,
    filter: &'a Filter,
    words: Option<&'a str>,
    before: Option<(i64, i64)>,
    limit: i64,
) -> Statement<'a> {
    let mut list = Statement { text: format!("{SELECT} where t.tenant_key = $1"), values: vec![scope.tenant.into()] };
    if let Some(customer) = scope.customer {
        list.and("t.customer_key = ?", customer);
    }
    match filter.status {
        // Spelled as the partial indexes are.
        Some(StatusFilter::Open) => list.text.push_str(" and t.status <> 'closed' and t.status = 'open'"),
        Some(StatusFilter::InProgress) => list.text.push_str(" and t.status <> 'closed' and t.status = 'in_progress'"),
        Some(StatusFilter::Active) => list.text.push_str(" and t.status <> 'closed'"),
        Some(StatusFilter::Closed) => list.text.push_str(" and t.status = 'closed'"),
        None => {}
    }
    if let Some(priority) = filter.priority {
        list.and("t.priority = ?", priority.as_str());
    }
    match &filter.support {
        Some(Support::Key(key)) => list.and("t.support_key = ?", *key),
        Some(Support::Id(id)) => {
            list.and("t.support_key = (select user_key from users where tenant_key = $1 and user_id = ?)", id.as_str())
        }
        Some(Support::Nobody) => list.text.push_str(" and t.support_key is null"),
        None => {}
    }
    if let Some(id) = &filter.customer_id {
        list.and("t.customer_key = (select user_key from users where tenant_key = $1 and user_id = ?)", id.as_str());
    }
    if let Some(tag) = &filter.tag {
        list.and(
            "t.ticket_key in (select ticket_key from ticket_tags where tenant_key = $1 and tag = ?)",
            tag.as_str(),
        );
    }
    if let Some(after) = filter.updated_after {
        list.and("t.updated_at > ?", after);
    }
    if let Some(words) = words {
        let place = format!("${}", list.values.len() + 1);
        list.and(&dialect.search_condition("$1", &place), words);
    }
    if let Some((updated_at, key)) = before {
        list.and("t.updated_at <= ?", updated_at);
        let place = list.values.len();
        list.and(&format!("(t.updated_at < ${place} or t.ticket_key < ?)"), key);
    }
    list.values.push(limit.into());
    let _ = write!(list.text, " order by t.updated_at desc, t.ticket_key desc limit ${}", list.values.len());
    list
}
