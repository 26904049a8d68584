//! Reports as CSV (RFC 4180), for whoever asks with `format=csv` or `Accept: text/csv`.
//!
//! Invariant: no cell that a person wrote is read as a formula: one that begins like a formula gets an apostrophe in front.
//! A byte order mark tells spreadsheets that it is UTF-8.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Error, Result};
use crate::platform::http::json::Json;
use crate::platform::http::query::Query;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// `csv` for a table; `Accept: text/csv` says the same.
    #[param(inline)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Json,
    Csv,
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Query(FormatQuery { format }) = Query::from_request_parts(parts, state).await?;
        let accepted = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wants_csv = accepted.split(',').any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/csv");
        Ok(format.unwrap_or(if wants_csv { Self::Csv } else { Self::Json }))
    }
}

/// A report that can be shown as rows of cells, the heads first.
pub trait Sheet {
    /// For the file's name: ASCII letters, digits and hyphens.
    fn name(&self) -> String;
    fn rows(&self) -> Vec<Vec<Cell>>;
}

/// A report whose shape does not say what it is of.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Named<T> {
    #[serde(skip)]
    pub of: &'static str,
    pub report: T,
}

pub enum Cell {
    Text(String),
    Number(i64),
    Decimal(f64),
    Nothing,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// Answers the report in the format asked for.
pub fn answer<T: Serialize + Sheet>(format: Format, report: T) -> Response {
    if format == Format::Json {
        return ([(VARY, "accept")], Json(report)).into_response();
    }
    let disposition = format!("attachment; filename=\"{}.csv\"", report.name());
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (VARY, "accept".to_owned()),
    ];
    (headers, written(&report.rows())).into_response()
}

fn written(rows: &[Vec<Cell>]) -> String {
    let mut text = String::from("\u{feff}");
    for row in rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Decimal(number) => number.to_string(),
        Cell::Text(text) => {
            // Spreadsheets skip what is invisible in front before they look for a formula.
            let begins = text.trim_start().chars().next();
            let is_formula = begins.is_some_and(|c| "=+-@＝＋－＠".contains(c)) || text.starts_with(['\t', '\r', '\n']);
            let plain = if is_formula { format!("'{text}") } else { text.clone() };
            match plain.contains([',', '"', '\n', '\r', ';', '\t']) {
                true => format!("\"{}\"", plain.replace('"', "\"\"")),
                false => plain,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_stays_in_its_cell() {
        for (text, expected) in [
            ("plain", "plain"),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "'+1"),
            ("-2", "'-2"),
            ("@x", "'@x"),
            (" =1", "' =1"),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("a=b", "a=b"),
            ("Chloé 名前", "Chloé 名前"),
        ] {
            assert_eq!(cell(&text.into()), expected);
        }
        let row = vec!["a".into(), (-5).into(), 0.25.into(), None::<i64>.into()];
        assert_eq!(written(&[row]), "\u{feff}a,-5,0.25,\r\n");
    }
}
