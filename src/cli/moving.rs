//! `smilechat db move`, and whatever else moves rows: how far it is, on stderr, and what was moved, on stdout.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::arguments::Move;
use super::print;
use crate::platform::config::DatabaseConfig;
use crate::platform::db::{self, Moved, Progress};
use crate::tickets;

/// Between two lines about one table.
const PAUSE: Duration = Duration::from_secs(2);

/// Outside the runtime: a connection is held on this thread.
pub fn run(configured: &DatabaseConfig, ends: Move) -> anyhow::Result<()> {
    let at = |url: Option<String>| DatabaseConfig { url: url.unwrap_or(configured.url.clone()), ..configured.clone() };
    let begun = Instant::now();
    let aids = db::Aids { index: tickets::reindex::index_by_key, tell: &mut teller(), beside: &mut || Ok(()) };
    let moved = db::transfer(&at(ends.from), &at(ends.to), aids)?;
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    print(&format!(
        "{}{rows} rows in {:.1} s; each table has the same number and the same checksum on both sides",
        report(&moved),
        begun.elapsed().as_secs_f64()
    ))?;
    let files = moved.iter().find(|table| table.table == "attachments").map_or(0, |table| table.rows);
    match files {
        0 => Ok(()),
        _ => {
            print(&format!("{files} uploaded files stay where they are: keep SMILECHAT_FILES__URL, or the data folder"))
        }
    }
}

/// A line about each table, and now and then about a long one.
pub fn teller() -> impl FnMut(Progress<'_>) {
    let mut told = Instant::now();
    // Without stderr there is nobody to tell.
    let say = |line: String| _ = io::stderr().write_all(line.as_bytes());
    move |progress| match progress {
        Progress::Rows { table, rows, of } if rows >= of || told.elapsed() > PAUSE => {
            say(format!("{table}: {rows} of {of} rows\n"));
            told = Instant::now();
        }
        Progress::Rows { .. } => {}
        Progress::Kept(place) => say(format!("what stood there before is kept: {place}\n")),
    }
}

/// A line for each table, with the sum that both sides have.
pub fn report(moved: &[Moved]) -> String {
    let line = |table: &Moved| format!("{:<24}{:>12} rows  {}\n", table.table, table.rows, table.checksum);
    moved.iter().map(line).collect()
}
