//! The search index of passages, which has another form on each engine (`Dialect`): FTS5 in SQLite, `tsvector` in PostgreSQL.
//!
//! What comes in are stems of letters and digits (`tickets/knowledge/words`), cut and folded before the engines see them, so
//! that both find the same and nothing that a person types is read as query syntax. The tenant is part of each query.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::dialect::Dialect;
use super::tx::Tx;
use crate::error::Result;

/// What PostgreSQL can count to within a text, and how often within one word.
const LAST_PLACE: usize = 16_383;
const MOST_PLACES: usize = 255;

/// Stems with a space between them.
pub struct PassageWords<'a> {
    pub title: &'a str,
    pub heading: &'a str,
    pub text: &'a str,
}

/// Makes a passage findable by its words, and by these alone.
pub fn index_passage(
    tx: &mut Tx<'_>,
    tenant: i64,
    passage: i64,
    is_published: bool,
    words: &PassageWords<'_>,
) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => {
            let tenant = tenant_word(tenant, is_published);
            tx.execute(
                "replace into kb_search (rowid, tenant, title, heading, words) values ($1, $2, $3, $4, $5)",
                &[passage.into(), tenant.as_str().into(), words.title.into(), words.heading.into(), words.text.into()],
            )?;
        }
        Dialect::Postgres => {
            let words = vector(words);
            tx.execute(
                "insert into kb_search (tenant_key, passage_key, is_published, words) values ($1, $2, $3, ($4::text)::tsvector)
                 on conflict (passage_key) do update set is_published = excluded.is_published, words = excluded.words",
                &[tenant.into(), passage.into(), is_published.into(), words.as_str().into()],
            )?;
        }
    }
    Ok(())
}

/// Forgets an article's passages. Before their rows go: SQLite's index knows no foreign key.
pub fn unindex_passages(tx: &mut Tx<'_>, tenant: i64, article_id: &str) -> Result<()> {
    let key = match tx.dialect() {
        Dialect::Sqlite => "rowid",
        Dialect::Postgres => "passage_key",
    };
    let sql = format!(
        "delete from kb_search where {key} in
             (select passage_key from kb_passages where tenant_key = $1 and article_id = $2)"
    );
    tx.execute(&sql, &[tenant.into(), article_id.into()])?;
    Ok(())
}

/// The keys of passages that have any of the stems, the best first by the engine's own rank: a title counts more than a
/// heading, and that more than the text.
pub fn find_passages(
    tx: &mut Tx<'_>,
    tenant: i64,
    with_drafts: bool,
    words: &[String],
    limit: i64,
) -> Result<Vec<i64>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    match tx.dialect() {
        Dialect::Sqlite => {
            let query = fts_query(tenant, with_drafts, words);
            tx.all(
                "select rowid from kb_search where kb_search match $1
                 order by bm25(kb_search, 0.0, 4.0, 2.0, 1.0), rowid limit $2",
                &[query.as_str().into(), limit.into()],
                |row| row.take(),
            )
        }
        Dialect::Postgres => tx.all(
            "select passage_key from kb_search
             where tenant_key = $1 and (is_published or $2) and words @@ ($3::text)::tsquery
             order by ts_rank_cd('{0.1, 0.25, 0.5, 1.0}', words, ($3::text)::tsquery) desc, passage_key limit $4",
            &[tenant.into(), with_drafts.into(), ts_query(words).as_str().into(), limit.into()],
            |row| row.take(),
        ),
    }
}

/// How many passages have a stem; with none, how many there are.
pub fn count_passages(tx: &mut Tx<'_>, tenant: i64, with_drafts: bool, word: Option<&String>) -> Result<i64> {
    match (tx.dialect(), word) {
        (Dialect::Sqlite, word) => {
            let query = fts_query(tenant, with_drafts, word.map(std::slice::from_ref).unwrap_or_default());
            let sql = "select count(*) from kb_search where kb_search match $1";
            tx.one(sql, &[query.as_str().into()], |row| row.take())
        }
        (Dialect::Postgres, Some(word)) => tx.one(
            "select count(*) from kb_search
             where tenant_key = $1 and (is_published or $2) and words @@ ($3::text)::tsquery",
            &[tenant.into(), with_drafts.into(), ts_query(std::slice::from_ref(word)).as_str().into()],
            |row| row.take(),
        ),
        (Dialect::Postgres, None) => tx.one(
            "select count(*) from kb_search where tenant_key = $1 and (is_published or $2)",
            &[tenant.into(), with_drafts.into()],
            |row| row.take(),
        ),
    }
}

/// For a database that was filled from outside: the next passages after a key; answers the last one's, None if there was none.
pub(super) fn index_passages_after(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Option<i64>> {
    let found = tx.all(
        "select passage_key, tenant_key, is_published, title_words, heading_words, text_words from kb_passages
         where passage_key > $1 order by passage_key limit $2",
        &[after.into(), limit.into()],
        |row| {
            let (key, tenant, is_published) = (row.take::<i64>()?, row.take::<i64>()?, row.take::<bool>()?);
            Ok((key, tenant, is_published, [row.take::<String>()?, row.take()?, row.take()?]))
        },
    )?;
    for (key, tenant, is_published, [title, heading, text]) in &found {
        index_passage(tx, *tenant, *key, *is_published, &PassageWords { title, heading, text })?;
    }
    Ok(found.last().map(|(key, ..)| *key))
}

fn tenant_word(tenant: i64, is_published: bool) -> String {
    format!("{}{tenant}", if is_published { "p" } else { "d" })
}

fn fts_query(tenant: i64, with_drafts: bool, words: &[String]) -> String {
    let mut query = format!("tenant : (\"{}\"", tenant_word(tenant, true));
    if with_drafts {
        let _ = write!(query, " OR \"{}\"", tenant_word(tenant, false));
    }
    query.push(')');
    if !words.is_empty() {
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let _ = write!(query, " AND {{title heading words}} : ({})", words.join(" OR "));
    }
    query
}

fn ts_query(words: &[String]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" | ")
}

/// Each stem with its places and the weight of each.
fn vector(words: &PassageWords<'_>) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let parts = [(words.title, 'A'), (words.heading, 'B'), (words.text, 'C')];
    let all = parts.into_iter().flat_map(|(text, weight)| text.split(' ').map(move |word| (word, weight)));
    for (place, (word, weight)) in all.filter(|(word, _)| !word.is_empty()).enumerate() {
        let of_word = places.entry(word).or_default();
        if of_word.len() < MOST_PLACES {
            of_word.push(format!("{}{weight}", (place + 1).min(LAST_PLACE)));
        }
    }
    places.iter().map(|(word, places)| format!("'{word}':{}", places.join(","))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_the_tenant_and_quotes_each_word() {
        let words = ["ship".to_owned(), "or".to_owned()];
        assert_eq!(fts_query(7, false, &words), "tenant : (\"p7\") AND {title heading words} : (\"ship\" OR \"or\")");
        assert_eq!(fts_query(7, true, &[]), "tenant : (\"p7\" OR \"d7\")");
        assert_eq!(ts_query(&words), "'ship' | 'or'");
    }

    #[test]
    fn a_vector_has_the_places_and_weights_of_each_word() {
        let words = PassageWords { title: "ship cost", heading: "", text: "ship free" };
        assert_eq!(vector(&words), "'cost':2A 'free':4C 'ship':1A,3C");
    }
}
