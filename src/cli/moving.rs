//! `smilechat db move`: how far it is, on stderr, and what was moved, on stdout.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::arguments::Move;
use super::print;
use crate::platform::config::DatabaseConfig;
use crate::platform::db::{self, Progress};
use crate::tickets;

/// Between two lines about one table.
const PAUSE: Duration = Duration::from_secs(2);

/// Outside the runtime: a connection is held on this thread.
pub fn run(configured: &DatabaseConfig, ends: Move) -> anyhow::Result<()> {
    let at = |url: Option<String>| DatabaseConfig { url: url.unwrap_or(configured.url.clone()), ..configured.clone() };
    let begun = Instant::now();
    let mut told = begun;
    let mut tell = |progress: Progress<'_>| {
        let is_done = progress.rows >= progress.of;
        if is_done || told.elapsed() > PAUSE {
            // Without stderr there is nobody to tell.
            let line = format!("{}: {} of {} rows\n", progress.table, progress.rows, progress.of);
            let _ = io::stderr().write_all(line.as_bytes());
            told = Instant::now();
        }
    };
    let moved = db::transfer(&at(ends.from), &at(ends.to), tickets::reindex::index_by_key, &mut tell)?;
    let mut report = String::new();
    for table in &moved {
        report += &format!("{:<24}{:>12} rows  {}\n", table.table, table.rows, table.checksum);
    }
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    report += &format!(
        "{rows} rows in {:.1} s; each table has the same number and the same checksum on both sides",
        begun.elapsed().as_secs_f64()
    );
    print(&report)?;
    let files = moved.iter().find(|table| table.table == "attachments").map_or(0, |table| table.rows);
    match files {
        0 => Ok(()),
        _ => {
            print(&format!("{files} uploaded files stay where they are: keep SMILECHAT_FILES__URL, or the data folder"))
        }
    }
}
