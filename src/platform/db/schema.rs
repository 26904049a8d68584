//! Whether a SQLite database has the schema that our migrations make, and nothing beside it. Asked of a copy before it is
//! restored: a trigger or a view in it would have the server carry out somebody else's statements.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use rusqlite::Connection;

use super::migrate::apply_next;
use super::tx::Tx;

/// By kind and name, how it was made.
type Schema = BTreeMap<(String, String), String>;

/// The history of the copy was held against ours before: it is as far as some version of ours was.
pub(super) fn refuse_what_is_not_ours(copy: &Connection) -> anyhow::Result<()> {
    let applied: i64 = copy.query_row("select count(*) from schema_migrations", [], |row| row.get(0))?;
    let ours = Connection::open_in_memory()?;
    // The first one makes the bookkeeping as well.
    for _ in 0..applied {
        apply_next(&mut Tx::sqlite(&ours))?;
    }
    let (copy, ours) = (read(copy).context("its schema")?, read(&ours)?);
    for ((kind, name), sql) in &copy {
        let expected = ours.get(&(kind.clone(), name.clone()));
        let expected =
            expected.with_context(|| format!("it has a {kind} {name}, which no migration of ours has made"))?;
        ensure!(expected == sql, "its {kind} {name} is another than our migrations make");
    }
    let missing = ours.keys().find(|key| !copy.contains_key(*key));
    ensure!(
        missing.is_none(),
        "it lacks the {} {}",
        missing.map_or("", |key| &key.0),
        missing.map_or("", |key| &key.1)
    );
    Ok(())
}

/// Without what SQLite keeps for itself, which nobody can make by hand.
fn read(database: &Connection) -> rusqlite::Result<Schema> {
    let mut asked = database.prepare(
        "select type, name, coalesce(sql, '') from sqlite_schema where name not like 'sqlite\\_%' escape '\\'",
    )?;
    let found = asked.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?)))?;
    found.map(|one| one.map(|(key, sql)| (key, plain(&sql)))).collect()
}

/// A table that was renamed or added to is written anew by SQLite: white space and quotes may differ between its versions.
fn plain(sql: &str) -> String {
    sql.chars().filter(|c| !c.is_whitespace() && *c != '"').collect::<String>().to_lowercase()
}
