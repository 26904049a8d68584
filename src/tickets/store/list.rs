//! Lists of tickets, by filter.

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
    pub bot: Option<BotFilter>,
    pub customer_id: Option<String>,
    pub tag: Option<String>,
    /// Words of a search.
    pub q: Option<String>,
    pub updated_after: Option<Timestamp>,
}

impl Filter {
    /// Matches of a tag and of words are counted first.
    pub fn is_one_statement(&self) -> bool {
        self.tag.is_none() && self.q.is_none()
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BotFilter {
    Bot,
    HandoffRequested,
    Human,
    /// There never was a bot.
    None,
    /// All that the bot does not have just now.
    NotBot,
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
    let by_tag = filter.tag.as_deref().map(Source::of_tag);
    let by_words = words.as_deref().map(|words| Source::of_words(tx.dialect(), words));
    let sources: Vec<Source<'_>> = by_tag.into_iter().chain(by_words).collect();
    let mut is_narrow = false;
    for source in &sources {
        is_narrow = is_narrow || source.has_few(tx, scope)?;
    }
    let statement = list_statement(scope, filter, &sources, is_narrow, before);
    tx.at_most(limit, &statement.text, &statement.values, ticket)
}

/// Where the keys of those tickets come from that a tag or words match.
struct Source<'a> {
    /// What follows `from`: `$1` is the tenant, `?` the value.
    from: String,
    /// How a walk by activity asks each ticket. A tag is looked up, words are searched for once.
    of_each: String,
    value: &'a str,
}

/// More matches than this are not collected and sorted for one page: instead the tickets are walked by activity until the
/// page is full. At a million tickets the two take about as long.
const MOST_COLLECTED: i64 = 4000;

impl<'a> Source<'a> {
    fn of_tag(tag: &'a str) -> Self {
        let from = String::from("ticket_tags found where found.tenant_key = $1 and found.tag = ?");
        let of_each = format!("exists (select 1 from {from} and found.ticket_key = t.ticket_key)");
        Self { from, of_each, value: tag }
    }

    fn of_words(dialect: Dialect, words: &'a str) -> Self {
        let from = dialect.matching_tickets("$1", "?");
        // The plus keeps the planners from going the other way, from what was found to the tickets.
        let of_each = format!("+t.ticket_key in (select found.ticket_key from {from})");
        Self { from, of_each, value: words }
    }

    fn has_few(&self, tx: &mut Tx<'_>, scope: Scope) -> Result<bool> {
        let from = self.from.replace('?', "$2");
        let sql = format!("select count(*) from (select 1 from {from} limit $3) counted");
        let values = [scope.tenant.into(), self.value.into(), (MOST_COLLECTED + 1).into()];
        let count: i64 = tx.one(&sql, &values, |row| row.take())?;
        Ok(count <= MOST_COLLECTED)
    }
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
    scope: Scope,
    filter: &'a Filter,
    sources: &[Source<'a>],
    is_narrow: bool,
    before: Option<(i64, i64)>,
) -> Statement<'a> {
    // The plus keeps the planners from the indexes by activity: what matches leads to the tickets.
    let tenant = if is_narrow { "+t.tenant_key" } else { "t.tenant_key" };
    let mut list = Statement { text: format!("{SELECT} where {tenant} = $1"), values: vec![scope.tenant.into()] };
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
    match filter.bot {
        // Spelled as the partial indexes are: the first and the last are queues of the inbox.
        Some(BotFilter::Bot) => list.text.push_str(" and t.bot_state = 'bot'"),
        Some(BotFilter::HandoffRequested) => list.text.push_str(" and t.bot_state = 'handoff_requested'"),
        Some(BotFilter::Human) => list.text.push_str(" and t.bot_state = 'human'"),
        Some(BotFilter::None) => list.text.push_str(" and t.bot_state is null"),
        Some(BotFilter::NotBot) => list.text.push_str(" and (t.bot_state is null or t.bot_state <> 'bot')"),
        None => {}
    }
    if let Some(id) = &filter.customer_id {
        list.and("t.customer_key = (select user_key from users where tenant_key = $1 and user_id = ?)", id.as_str());
    }
    for Source { from, of_each, value } in sources {
        match is_narrow {
            true => list.and(&format!("t.ticket_key in (select found.ticket_key from {from})"), *value),
            false => list.and(of_each, *value),
        }
    }
    if let Some(after) = filter.updated_after {
        list.and("t.updated_at > ?", after);
    }
    if let Some((updated_at, before_key)) = before {
        list.and("t.updated_at <= ?", updated_at);
        let place = list.values.len();
        list.and(&format!("(t.updated_at < ${place} or t.ticket_key < ?)"), before_key);
    }
    list.text.push_str(" order by t.updated_at desc, t.ticket_key desc");
    list
}
