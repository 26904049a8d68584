//! Which tables there are, their columns and keys, and in which order they can be filled: read from a database in memory that
//! has the schema of this version, so that a table that a migration adds is moved as well.

use anyhow::{Context, ensure};
use rusqlite::Connection;

use crate::platform::db::migrate::apply_next;
use crate::platform::db::tx::Tx;

/// The history is each database's own, marks are its connections' own, and the indexes are made anew.
const LEFT_OUT: [&str; 4] = ["schema_migrations", "commit_marks", "ticket_search", "kb_search"];

pub struct Catalogue {
    /// Each after those that it refers to.
    pub tables: Vec<Table>,
}

pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The primary key, as places among the columns.
    pub key: Vec<usize>,
    /// The column whose numbers the database hands out.
    pub counted: Option<String>,
    /// Whether the migrations themselves write to it.
    pub is_seeded: bool,
    refers_to: Vec<String>,
}

pub struct Column {
    pub name: String,
    pub is_boolean: bool,
}

impl Catalogue {
    pub fn of_this_version() -> anyhow::Result<Self> {
        let database = Connection::open_in_memory()?;
        while apply_next(&mut Tx::sqlite(&database))?.is_some() {}
        let mut tables = list(&database).context("the tables of this version")?;
        let mut ordered: Vec<Table> = Vec::new();
        while !tables.is_empty() {
            let is_waiting = |table: &Table| {
                table.refers_to.iter().any(|name| *name != table.name && ordered.iter().all(|one| one.name != *name))
            };
            let (waiting, next): (Vec<_>, Vec<_>) = tables.into_iter().partition(is_waiting);
            ensure!(!next.is_empty(), "tables refer to each other in a circle");
            ordered.extend(next);
            tables = waiting;
        }
        Ok(Self { tables: ordered })
    }

    /// Whether the migrations make a table of this name, here or on PostgreSQL.
    pub fn is_ours(&self, name: &str) -> bool {
        LEFT_OUT.contains(&name) || self.tables.iter().any(|table| table.name == name)
    }
}

fn list(database: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut names = database.prepare("select name, sql from sqlite_schema where type = 'table' order by name")?;
    let named = names.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut tables = Vec::new();
    for found in named {
        let (name, sql) = found?;
        // The index keeps tables of its own, under its name.
        if !name.starts_with("sqlite_") && !LEFT_OUT.iter().any(|one| name.starts_with(one)) {
            tables.push(describe(database, name, &sql)?);
        }
    }
    Ok(tables)
}

fn describe(database: &Connection, name: String, sql: &str) -> rusqlite::Result<Table> {
    let mut asked = database.prepare("select name, lower(type), pk from pragma_table_info($1) order by cid")?;
    let found = asked
        .query_map([&name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)))?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut key: Vec<usize> = (0..found.len()).filter(|place| found[*place].2 > 0).collect();
    key.sort_by_key(|place| found[*place].2);
    let counted = sql.contains("autoincrement").then(|| found[key[0]].0.clone());
    let mut asked = database.prepare("select \"table\" from pragma_foreign_key_list($1)")?;
    let refers_to = asked.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let rows: i64 = database.query_row(&format!("select count(*) from {name}"), [], |row| row.get(0))?;
    let columns = found.into_iter().map(|(name, ty, _)| Column { name, is_boolean: ty == "boolean" }).collect();
    Ok(Table { name, columns, key, counted, is_seeded: rows > 0, refers_to })
}

impl Table {
    pub fn column_names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub fn key_names(&self) -> String {
        self.key.iter().map(|place| self.columns[*place].name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_migrations_is_there_behind_those_it_refers_to() {
        let catalogue = Catalogue::of_this_version().expect("a catalogue");
        let place = |name: &str| catalogue.tables.iter().position(|table| table.name == name);
        assert!(catalogue.tables.len() >= 22);
        assert!(place("tenants") < place("users") && place("users") < place("tickets"));
        assert!(place("tickets") < place("messages") && place("sessions") < place("refresh_tokens"));
        for name in LEFT_OUT {
            assert_eq!(place(name), None);
        }
        let seeded: Vec<_> = catalogue.tables.iter().filter(|table| table.is_seeded).map(|table| &table.name).collect();
        assert_eq!(seeded, ["analytics_cursors", "event_cursors", "webhook_cursors"]);
        let counted: Vec<_> = catalogue.tables.iter().filter_map(|table| table.counted.as_deref()).collect();
        assert_eq!(counted.len(), 7, "{counted:?}");
        assert!(catalogue.tables.iter().all(|table| !table.key.is_empty()));
    }
}
