//! All that a tenant has in the database, as one text to compare.

use smilechat::error::Result;
use smilechat::platform::db::{Dialect, Tx};

use crate::harness::Server;

/// Each row of each table that carries the tenant. SQLite's search index is no table that can be read.
pub async fn of_tenant(server: &Server, name: &'static str) -> String {
    let read = server.running.app.db.read(move |tx| {
        let tenant: i64 = tx.one("select tenant_key from tenants where name = $1", &[name.into()], |row| row.take())?;
        let mut text = String::new();
        for table in tables(tx)? {
            let row = row_as_text(tx, &table)?;
            let sql = format!("select {row} from {table} where tenant_key = $1 order by 1");
            for row in tx.all(&sql, &[tenant.into()], |row| row.take::<String>())? {
                text.push_str(&format!("{table} {row}\n"));
            }
        }
        Ok(text)
    });
    read.await.expect("a digest")
}

fn tables(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "select m.name from sqlite_master m join pragma_table_info(m.name) c on c.name = 'tenant_key'
             where m.type = 'table' order by 1"
        }
        Dialect::Postgres => {
            "select table_name::text from information_schema.columns
             where column_name = 'tenant_key' and table_schema = 'public' order by 1"
        }
    };
    tx.all(sql, &[], |row| row.take())
}

fn row_as_text(tx: &mut Tx<'_>, table: &str) -> Result<String> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(format!("{table}::text"));
    }
    let columns = tx.all("select name from pragma_table_info($1)", &[table.into()], |row| row.take::<String>())?;
    Ok(columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || ' ' || "))
}
