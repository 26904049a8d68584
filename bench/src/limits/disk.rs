//! SQLite alone, set as the product sets it: the rows of a message without anything around them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, params};

use crate::server::scratch;

const TICKETS: i64 = 100;

/// Messages a second: each in a commit of its own, and a hundred in each.
pub fn run(_core: Option<usize>, time: Duration) -> Result<(f64, f64)> {
    let folder = tempfile::tempdir_in(scratch())?;
    let single = messages(&folder.path().join("single.db"), 1, time / 2)?;
    let grouped = messages(&folder.path().join("grouped.db"), TICKETS, time / 2)?;
    Ok((single, grouped))
}

fn messages(file: &Path, in_a_commit: i64, time: Duration) -> Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table tickets (ticket_key integer primary key, last_seq integer not null, updated_at integer not null);
         create index tickets_by_activity on tickets (updated_at, ticket_key);
         create table messages (ticket_key integer, seq integer, sender_key integer, message_content text, client_id text,
             timestamp integer, primary key (ticket_key, seq)) without rowid;
         create unique index messages_by_client_id on messages (ticket_key, sender_key, client_id);
         with recursive keys (key) as (select 1 union all select key + 1 from keys where key < 100)
         insert into tickets select key, 0, key from keys;",
    )?;
    let text = "Good morning! I ordered the large bottle on Monday, and the lid that came with it does not fit.";
    let (began, mut number) = (Instant::now(), 0);
    while began.elapsed() < time {
        let commit = connection.transaction()?;
        for _ in 0..in_a_commit {
            number += 1;
            let (ticket, seq) = (number % TICKETS + 1, number / TICKETS + 1);
            commit.prepare_cached("insert into messages values (?1, ?2, 7, ?3, ?4, ?5)")?.execute(params![
                ticket,
                seq,
                text,
                number.to_string(),
                number
            ])?;
            commit
                .prepare_cached("update tickets set last_seq = ?2, updated_at = ?3 where ticket_key = ?1")?
                .execute(params![ticket, seq, number + 1000])?;
        }
        commit.commit()?;
    }
    Ok(number as f64 / began.elapsed().as_secs_f64())
}
