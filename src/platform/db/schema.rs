//! Whether a SQLite database has the schema that our migrations make, nothing beside it, and in each column what belongs there.
//! Asked of a copy before it is restored: a trigger or a view in it would have the server carry out somebody else's statements.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

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

/// What belongs into a column.
enum Kind {
    Integer,
    Boolean,
    Text,
    Blob,
}

impl Kind {
    /// As the server reads it, on either engine.
    fn takes(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (_, ValueRef::Null) | (Self::Integer, ValueRef::Integer(_)) | (Self::Blob, ValueRef::Blob(_)) => true,
            (Self::Boolean, ValueRef::Integer(number)) => number == 0 || number == 1,
            (Self::Text, ValueRef::Text(bytes)) => !bytes.contains(&0) && str::from_utf8(bytes).is_ok(),
            _ => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Boolean => "0 and 1",
            Self::Text => "text in UTF-8 without NUL",
            Self::Blob => "blob",
        }
    }
}

/// SQLite stores any value in any column: text among the times would fail whoever reads it, each time. Asked once its schema
/// is known to be ours.
pub(super) fn refuse_other_values(copy: &Connection) -> anyhow::Result<()> {
    let mut asked =
        copy.prepare("select name from pragma_table_list where schema = 'main' and type = 'table' order by name")?;
    let tables = asked.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    for table in tables.iter().filter(|name| !name.starts_with("sqlite_")) {
        refuse_strays(copy, table, &columns(copy, table)?)?;
    }
    // The highest numbers that were handed out: SQLite's own, of which it declares no kinds.
    refuse_strays(copy, "sqlite_sequence", &[("name".into(), Kind::Text), ("seq".into(), Kind::Integer)])
}

fn refuse_strays(copy: &Connection, table: &str, columns: &[(String, Kind)]) -> anyhow::Result<()> {
    let names: Vec<_> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let mut asked = copy.prepare(&format!("select {} from {table}", names.join(", ")))?;
    let mut rows = asked.query([])?;
    let mut strays = vec![0_u64; columns.len()];
    while let Some(row) = rows.next()? {
        for (place, (_, kind)) in columns.iter().enumerate() {
            strays[place] += u64::from(!kind.takes(row.get_ref(place)?));
        }
    }
    for ((name, kind), rows) in columns.iter().zip(strays) {
        ensure!(rows == 0, "{table}.{name} holds something else than {} in {rows} of its rows", kind.name());
    }
    Ok(())
}

/// Their names, and what belongs there.
fn columns(copy: &Connection, table: &str) -> anyhow::Result<Vec<(String, Kind)>> {
    let mut asked = copy.prepare("select name, lower(type) from pragma_table_info($1)")?;
    let found = asked.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    found
        .map(|column| {
            let (name, declared) = column?;
            let kind = match declared.as_str() {
                "bigint" | "integer" => Kind::Integer,
                "boolean" => Kind::Boolean,
                "text" => Kind::Text,
                "blob" => Kind::Blob,
                _ => bail!("the column {table}.{name} is a {declared}, which is none of ours"),
            };
            Ok((name, kind))
        })
        .collect()
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
