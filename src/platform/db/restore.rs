//! A copy back in the place of the database, while no server runs. Called by the command line.
//!
//! Invariant: under the database's name stands the old one whole, or the new one whole and checked. The old one is kept. On
//! PostgreSQL, where rows go one by one, no server starts on what is not whole yet.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::backup::{folder_of, remove_with_logs, with};
use super::migrate::{is_being_moved_into, is_ours, lacking};
use super::schema::{refuse_other_values, refuse_what_is_not_ours};
use super::transfer::{Aids, Carriage, Errand};
use super::tx::Tx;
use super::{Moved, Place, Progress, migrate, sqlite};
use crate::platform::clock::Clock;
use crate::platform::config::DatabaseConfig;

pub struct Restored {
    /// Where the database is.
    pub place: String,
    pub bytes: u64,
    /// Where the database is kept that stood there before.
    pub kept: Option<String>,
    /// Whether the next start brings the schema forward.
    pub is_older: bool,
    /// Table by table, where rows were written and not pages.
    pub moved: Vec<Moved>,
}

/// `beside` brings what else belongs to the copy: called when that was found whole, before anybody may find it in its place.
/// `own` is a folder for what is needed meanwhile.
pub fn restore(
    config: &DatabaseConfig,
    copy: &Path,
    is_forced: bool,
    own: &Path,
    aids: Aids<'_>,
) -> anyhow::Result<Restored> {
    let place = Place::of(&config.url)?;
    refuse_what_is_no_database(copy)?;
    refuse_half_a_copy(copy)?;
    match place {
        Place::Sqlite(path) => into_file(path, copy, is_forced, aids),
        Place::Postgres(server) => {
            let (bytes, moved, kept) = into_postgres(config, copy, is_forced, own, aids)?;
            let kept = kept.map(|name| format!("the schema {name}"));
            Ok(Restored { place: server.address(), bytes, kept, is_older: false, moved })
        }
    }
}

/// By way of a copy of the copy, which stays as it is: that one may lack migrations, and is written to where it is read.
fn into_postgres(
    config: &DatabaseConfig,
    copy: &Path,
    is_forced: bool,
    own: &Path,
    aids: Aids<'_>,
) -> anyhow::Result<(u64, Vec<Moved>, Option<String>)> {
    let _turn = turn(own)?;
    let draft = Draft(own.join("restoring.db"));
    let bytes = draft.fill(copy).with_context(|| format!("cannot copy {} to {}", copy.display(), draft.0.display()))?;
    draft.check().with_context(|| copy.display().to_string())?;
    let from = DatabaseConfig { url: format!("sqlite://{}", draft.0.display()), ..config.clone() };
    migrate(&from)?;
    let errand = Errand::Restore { is_forced };
    let (moved, kept) = Carriage { errand, from: &from, to: config, aids }.carry()?;
    Ok((bytes, moved, kept))
}

fn into_file(path: PathBuf, copy: &Path, is_forced: bool, aids: Aids<'_>) -> anyhow::Result<Restored> {
    let was_there = ["", "-wal", "-journal"].iter().any(|ending| with(&path, ending).exists());
    if was_there {
        release(&path)?;
        ensure!(is_forced, "{} exists; --force puts the copy in its place and keeps it beside", path.display());
    }
    let folder = folder_of(&path);
    let _turn = turn(folder)?;
    let draft = Draft(with(&path, ".partial"));
    let bytes = draft.fill(copy).with_context(|| format!("cannot copy {} to {}", copy.display(), draft.0.display()))?;
    let is_older = draft.check().with_context(|| copy.display().to_string())?;
    (aids.beside)()?;
    // The copying took its time: a server may have been started meanwhile.
    ensure!(was_there || !with(&path, "").exists(), "{} has come into being meanwhile", path.display());
    if was_there {
        release(&path)?;
    }
    let kept = if was_there { Some(keep(&path)?.display().to_string()) } else { None };
    let mut renamed = fs::rename(&draft.0, &path).with_context(|| path.display().to_string());
    if let Some(kept) = &kept {
        (aids.tell)(Progress::Kept(kept));
        renamed = renamed.with_context(|| format!("what stood there before is {kept}"));
    }
    renamed?;
    File::open(folder)?.sync_all()?;
    Ok(Restored { place: path.display().to_string(), bytes, kept, is_older, moved: Vec::new() })
}

/// One restore to a folder, which is made if it is not there: two would write to one draft. It ends with the file, however the
/// process ends.
fn turn(folder: &Path) -> anyhow::Result<File> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| folder.display().to_string())?;
    let turn = File::open(folder).with_context(|| folder.display().to_string())?;
    match turn.try_lock() {
        Err(TryLockError::WouldBlock) => {
            bail!("another restore is under way in {}: let it end first", folder.display())
        }
        // Also on a file system without such locks, where nobody is told of another.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(turn),
    }
}

/// By its first bytes, before anything is copied: https://www.sqlite.org/fileformat.html#the_database_header
fn refuse_what_is_no_database(copy: &Path) -> anyhow::Result<()> {
    let name = || copy.display().to_string();
    ensure!(fs::metadata(copy).with_context(name)?.is_file(), "{} is no file", copy.display());
    let mut head = Vec::new();
    File::open(copy).with_context(name)?.take(16).read_to_end(&mut head).with_context(name)?;
    ensure!(head == b"SQLite format 3\0", "{}: it is no SQLite database", copy.display());
    Ok(())
}

/// What has a log is in use, or was when its machine went down: the file alone is not whole.
fn refuse_half_a_copy(copy: &Path) -> anyhow::Result<()> {
    let has_log = with(copy, "-wal").exists();
    ensure!(
        !has_log,
        "{} has a log beside it (-wal): that is a database in use, not a copy by `smilechat backup`",
        copy.display()
    );
    Ok(())
}

/// Nobody has it open, and what is in its log is in the file. One that is damaged is let be: it is being replaced.
fn release(path: &Path) -> anyhow::Result<()> {
    match sqlite::claim(path) {
        Err(error) if sqlite::is_busy(&error) => {
            bail!("{}: a server uses it: stop that first", path.display())
        }
        Err(_) => Ok(()),
        Ok(connection) => connection.close().map_err(|(_, error)| anyhow!(error)),
    }
}

/// By links, so that at every moment something whole has the name.
fn keep(path: &Path) -> anyhow::Result<PathBuf> {
    let kept = with(path, &format!(".before-{}", Clock::System.now().0));
    for log in ["-wal", "-journal"] {
        match fs::rename(with(path, log), with(&kept, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let _ = fs::remove_file(with(path, "-shm"));
    match fs::hard_link(path, &kept) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        linked => linked.with_context(|| kept.display().to_string())?,
    }
    Ok(kept)
}

/// The copy, under a name for the meantime, for its user alone.
struct Draft(PathBuf);

impl Draft {
    fn clear(&self) {
        remove_with_logs(&self.0);
    }

    /// What was left under its names goes first: SQLite would take a log for a part of it, and a link leads elsewhere.
    fn fill(&self, copy: &Path) -> io::Result<u64> {
        self.clear();
        let mut from = File::open(copy)?;
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0)?;
        let bytes = io::copy(&mut from, &mut to)?;
        to.sync_all()?;
        Ok(bytes)
    }

    /// Whether its schema is older than this version's.
    fn check(&self) -> anyhow::Result<bool> {
        let is_older = {
            let database = Connection::open(&self.0)?;
            // A schema can hold statements, in triggers, views and columns that compute: none of them is to run here.
            database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
            database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
            let verdict = database.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0));
            let verdict = verdict.context("it is no SQLite database")?;
            ensure!(verdict == "ok", "it is damaged: {verdict}");
            let is_whole = database.query_row("select count(*) from pragma_foreign_key_check", [], |row| row.get(0));
            ensure!(is_whole == Ok(0), "rows of it refer to others that are not there");
            let tx = &mut Tx::sqlite(&database);
            ensure!(is_ours(tx)?, "it is no database of SmileChat");
            ensure!(!is_being_moved_into(tx)?, "it is the target of a move that was cut short");
            refuse_what_is_not_ours(&database)?;
            refuse_other_values(&database)?;
            lacking(tx)?.is_some()
        };
        File::open(&self.0)?.sync_all()?;
        Ok(is_older)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a success it has another name.
        self.clear();
    }
}
