//! Rows from one end to the other, a batch in each transaction, in the order of the key.

use std::collections::VecDeque;

use super::catalogue::{Catalogue, Table};
use super::end::End;
use super::row::{self, Cell, Sum};
use super::{Index, Moved, Progress};
use crate::platform::db::passages::index_passages_after;
use crate::platform::db::tx::Tx;
use crate::platform::db::value::Value;

/// A message may have 40 kB: some megabytes at most.
const BATCH: usize = 500;
/// Rows of one statement: each cell is a parameter, and SQLite looks for each among all.
const ROWS: usize = 50;

pub fn table(
    source: &mut End,
    target: &mut End,
    table: &Table,
    tell: &mut dyn FnMut(Progress<'_>),
) -> anyhow::Result<Moved> {
    let of = source.look(|tx| count(tx, &table.name))?;
    let mut sum = Sum::default();
    let mut after: Option<Vec<Cell>> = None;
    loop {
        let batch = source.look(|tx| page(tx, table, after.as_deref()))?;
        if batch.is_empty() {
            break;
        }
        batch.iter().for_each(|row| sum.add(row));
        target.within(|tx| insert(tx, table, &batch))?;
        tell(Progress::Rows { table: &table.name, rows: sum.rows, of });
        after = batch.into_iter().next_back();
    }
    Ok(moved(table, &sum))
}

/// Of what is there.
pub fn sum(end: &mut End, table: &Table) -> anyhow::Result<Moved> {
    let mut sum = Sum::default();
    let mut after: Option<Vec<Cell>> = None;
    loop {
        let batch = end.look(|tx| page(tx, table, after.as_deref()))?;
        batch.iter().for_each(|row| sum.add(row));
        match batch.into_iter().next_back() {
            Some(last) => after = Some(last),
            None => return Ok(moved(table, &sum)),
        }
    }
}

pub fn count(tx: &mut Tx<'_>, table: &str) -> anyhow::Result<u64> {
    let rows: i64 = tx.one(&format!("select count(*) from {table}"), &[], |row| row.take())?;
    Ok(rows.unsigned_abs())
}

pub fn clear(tx: &mut Tx<'_>, table: &Table) -> anyhow::Result<()> {
    tx.execute(&format!("delete from {}", table.name), &[])?;
    Ok(())
}

/// What a move that was cut short has brought, those first that others do not refer to.
pub fn empty(tx: &mut Tx<'_>, catalogue: &Catalogue) -> anyhow::Result<()> {
    tx.execute("delete from ticket_search", &[])?;
    tx.execute("delete from kb_search", &[])?;
    catalogue.tables.iter().rev().try_for_each(|table| clear(tx, table))
}

/// The search index has another form on each engine.
pub fn index_tickets(target: &mut End, index: Index, tell: &mut dyn FnMut(Progress<'_>)) -> anyhow::Result<()> {
    let mut tickets: VecDeque<(i64, i64)> = target.look(|tx| {
        let all = "select tenant_key, ticket_key from tickets order by ticket_key";
        Ok(tx.all(all, &[], |row| Ok((row.take()?, row.take()?)))?.into())
    })?;
    let of = tickets.len() as u64;
    while !tickets.is_empty() {
        let batch: Vec<_> = tickets.drain(..BATCH.min(tickets.len())).collect();
        target.within(|tx| Ok(batch.iter().try_for_each(|(tenant, ticket)| index(tx, *tenant, *ticket))?))?;
        tell(Progress::Rows { table: "search index", rows: of - tickets.len() as u64, of });
    }
    Ok(())
}

/// That of passages is made of the stems that they keep.
pub fn index_passages(target: &mut End) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let indexed = target.within(|tx| Ok(index_passages_after(tx, after, BATCH as i64)?))?;
        match indexed {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

fn page(tx: &mut Tx<'_>, table: &Table, after: Option<&[Cell]>) -> anyhow::Result<Vec<Vec<Cell>>> {
    let (columns, key) = (table.column_names(), table.key_names());
    let last: Vec<Value<'_>> =
        after.map(|row| table.key.iter().map(|place| row[*place].value()).collect()).unwrap_or_default();
    let places: Vec<_> = (1..=last.len()).map(|number| format!("${number}")).collect();
    let beyond = if last.is_empty() { String::new() } else { format!(" where ({key}) > ({})", places.join(", ")) };
    let sql = format!("select {columns} from {}{beyond} order by {key} limit {BATCH}", table.name);
    Ok(tx.all(&sql, &last, |row| row::read(row, table))?)
}

fn insert(tx: &mut Tx<'_>, table: &Table, rows: &[Vec<Cell>]) -> anyhow::Result<()> {
    for rows in rows.chunks(ROWS) {
        let width = table.columns.len();
        let tuple = |row: usize| {
            let places: Vec<_> = (1..=width).map(|place| format!("${}", row * width + place)).collect();
            format!("({})", places.join(", "))
        };
        let tuples: Vec<_> = (0..rows.len()).map(tuple).collect();
        let sql = format!("insert into {} ({}) values {}", table.name, table.column_names(), tuples.join(", "));
        let values: Vec<_> = rows.iter().flatten().map(Cell::value).collect();
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

fn moved(table: &Table, sum: &Sum) -> Moved {
    Moved { table: table.name.clone(), rows: sum.rows, checksum: sum.shown() }
}
