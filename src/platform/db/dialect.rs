//! Where the two engines' SQL differs: full-text search. Everything else is one text for both.
//!
//! Words are cut, lowered and stripped of accents here, not in the engines, so that both find the same tickets and
//! nothing that a person types is ever read as query syntax.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::tx::Tx;
use crate::error::Result;

/// More words than this are no search that a person types.
const MOST_QUERY_WORDS: usize = 12;
const LONGEST_WORD: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Ends a `select` whose rows nobody else may change until the transaction ends. SQLite has one writer at a time.
    /// PostgreSQL's plain `for update` would also stop whoever inserts a row that refers to one of these, and the two
    /// would wait for each other.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for no key update",
        }
    }

    /// Ends a `select` whose rows nobody else may change, though others may read them so too.
    pub fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " for share",
        }
    }

    /// What follows `from` to find the keys (`ticket_key`) of the tickets whose words match. `tenant` and `query` are
    /// placeholders, bound to the tenant's key and to what `search_query` made.
    pub fn matching_tickets(self, tenant: &str, query: &str) -> String {
        match self {
            // The tenant is a word of the query. Its placeholder has to stand somewhere.
            Self::Sqlite => format!(
                "(select rowid as ticket_key from ticket_search
                  where ticket_search match {query} and {tenant} is not null) found"
            ),
            Self::Postgres => format!(
                "(select ticket_key from ticket_search
                  where tenant_key = {tenant} and words @@ ({query}::text)::tsquery) found"
            ),
        }
    }

    /// The query for what a person typed: all of its words, each as the beginning of a word. None: it has no word, and
    /// nothing matches.
    pub fn search_query(self, tenant: i64, typed: &str) -> Option<String> {
        let words: Vec<String> = words(typed).take(MOST_QUERY_WORDS).collect();
        if words.is_empty() {
            return None;
        }
        Some(match self {
            Self::Sqlite => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\" *")).collect();
                format!("tenant : \"{tenant}\" AND words : ({})", words.join(" AND "))
            }
            Self::Postgres => {
                let words: Vec<String> = words.iter().map(|word| format!("'{word}':*")).collect();
                words.join(" & ")
            }
        })
    }
}

/// Makes the ticket findable by the words of `text`, and by these alone.
pub fn index_ticket(tx: &mut Tx<'_>, tenant: i64, ticket: i64, text: &str) -> Result<()> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "replace into ticket_search (tenant, rowid, words) values ($1, $2, $3)",
        Dialect::Postgres => {
            "insert into ticket_search (tenant_key, ticket_key, words)
             values ($1, $2, array_to_tsvector(string_to_array($3, ' ')))
             on conflict (ticket_key) do update set words = excluded.words"
        }
    };
    let words: Vec<String> = words(text).collect();
    tx.execute(sql, &[tenant.into(), ticket.into(), words.join(" ").as_str().into()])?;
    Ok(())
}

/// Forgets the ticket's words. To be called before the ticket's row is deleted: SQLite's index knows no foreign key.
pub fn unindex_ticket(tx: &mut Tx<'_>, ticket: i64) -> Result<()> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "delete from ticket_search where rowid = $1",
        Dialect::Postgres => "delete from ticket_search where ticket_key = $1",
    };
    tx.execute(sql, &[ticket.into()])?;
    Ok(())
}

/// The words of `text`, each after a space: the beginning of a word is found by ` beginning`, on both engines alike.
pub fn folded(text: &str) -> String {
    words(text).map(|word| format!(" {word}")).collect()
}

/// Letters and digits in runs, in one spelling: compatibility forms folded, accents dropped, lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LONGEST_WORD).collect())
        .collect();
    words.into_iter()
}
