//! A row on its way, and its text: the same whichever engine it was read from.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::catalogue::Table;
use crate::error::Result;
use crate::platform::db::value::{FromColumn, Row, Value};

pub enum Cell {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
    Blob(Vec<u8>),
}

impl FromColumn for Cell {
    fn from_column(value: Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Bool(flag) => Self::Bool(flag),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Blob(bytes) => Self::Blob(bytes.to_owned()),
        })
    }
}

impl Cell {
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

pub fn read(row: &mut Row<'_>, table: &Table) -> Result<Vec<Cell>> {
    let cell = |is_boolean: bool, row: &mut Row<'_>| match is_boolean {
        // SQLite keeps booleans as 0 and 1.
        true => Ok(row.take::<Option<bool>>()?.map_or(Cell::Null, Cell::Bool)),
        false => row.take(),
    };
    table.columns.iter().map(|column| cell(column.is_boolean, row)).collect()
}

/// A sum over rows that does not depend on their order: the engines sort texts differently.
#[derive(Default)]
pub struct Sum {
    pub rows: u64,
    sum: u128,
}

impl Sum {
    pub fn add(&mut self, row: &[Cell]) {
        let digest = Sha256::digest(text(row));
        let (half, _) = digest.split_at(16);
        let number = half.iter().fold(0u128, |number, byte| (number << 8) | u128::from(*byte));
        self.sum = self.sum.wrapping_add(number);
        self.rows += 1;
    }

    pub fn shown(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

/// No two rows have the same: each text says its length.
fn text(row: &[Cell]) -> String {
    let mut text = String::new();
    for cell in row {
        let written = match cell {
            Cell::Null => write!(text, "-"),
            Cell::Int(number) => write!(text, "i{number};"),
            Cell::Bool(flag) => write!(text, "b{flag};"),
            Cell::Text(words) => write!(text, "t{}:{words}", words.len()),
            Cell::Blob(bytes) => write!(text, "x{}:", bytes.len())
                .and_then(|()| bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"))),
        };
        written.expect("a string takes all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Cell]]) -> String {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(row));
        sum.shown()
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let word = |text: &str| Cell::Text(text.into());
        let (one, two) = ([Cell::Int(1), word("a")], [Cell::Int(2), Cell::Null]);
        assert_eq!(sum(&[&one, &two]), sum(&[&two, &one]));
        for other in
            [[Cell::Int(1), word("b")], [Cell::Bool(true), word("a")], [Cell::Int(1), Cell::Blob(b"a".to_vec())]]
        {
            assert_ne!(sum(&[&one, &two]), sum(&[&other, &two]));
        }
        assert_ne!(sum(&[&[word("ab"), word("c")]]), sum(&[&[word("a"), word("bc")]]));
        assert_ne!(sum(&[&one, &one]), sum(&[&one]));
    }
}
