//! A thread that reads: each closure in a transaction of its own, so that it sees one snapshot; one statement has that by itself.

use crossbeam_channel::Receiver;
use rusqlite::Connection;

use super::disk::Disk;
use super::{File, execute};
use crate::error::Result;
use crate::platform::db::failure::from_sqlite;
use crate::platform::db::job::{Job, Kind};
use crate::platform::db::tx::Tx;

pub(super) fn run(file: &File, jobs: &Receiver<Job>, disk: &Disk) {
    let mut connection = None;
    while let Ok(mut job) = jobs.recv() {
        match serve(file, &mut connection, &mut job) {
            Ok(()) => disk.answer(job),
            Err(error) => {
                connection = None;
                job.fail(&error);
            }
        }
    }
}

fn serve(file: &File, connection: &mut Option<Connection>, job: &mut Job) -> Result<()> {
    if connection.is_none() {
        *connection = Some(connect(file).map_err(from_sqlite)?);
    }
    let connection = connection.as_ref().expect("it was opened just now");
    if job.kind == Kind::Ask {
        job.run(&mut Tx::sqlite(connection));
        return Ok(());
    }
    execute(connection, "begin deferred", &[])?;
    job.run(&mut Tx::sqlite(connection));
    execute(connection, "rollback", &[])?;
    Ok(())
}

fn connect(file: &File) -> rusqlite::Result<Connection> {
    let connection = file.connect()?;
    connection.execute_batch("pragma query_only = on")?;
    Ok(connection)
}
