//! A copy of a SQLite database beside the server that writes to it. Called by the command line.
//!
//! It reads one snapshot, on a connection of its own: everything that was acked before it began is in the copy, and no
//! writer waits for it. Invariant: under the name asked for stands a whole copy, checked and on disk, or nothing new.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rusqlite::{Connection, OpenFlags};

use super::Place;
use crate::platform::config::DatabaseConfig;

/// What SQLite keeps beside a database, under its name.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// The answer is the copy's size in bytes.
pub fn backup(config: &DatabaseConfig, target: &Path) -> anyhow::Result<u64> {
    let Place::Sqlite(source) = Place::of(&config.url)? else {
        bail!("this copies SQLite databases; PostgreSQL has its own tool: pg_dump");
    };
    let database = open(&source, OpenFlags::SQLITE_OPEN_READ_ONLY, config)
        .with_context(|| format!("cannot open the database {}", source.display()))?;
    copy(&database, target, config).with_context(|| format!("cannot write {}", target.display()))
}

fn copy(database: &Connection, target: &Path, config: &DatabaseConfig) -> anyhow::Result<u64> {
    let folder = fs::canonicalize(folder_of(target))?;
    let target = folder.join(target.file_name().context("the name of the file is missing")?);
    refuse_what_is_beside_a_database(&target)?;
    ensure!(target.symlink_metadata().is_err(), "it exists, and no file is overwritten");
    let mut draft = target.clone().into_os_string();
    draft.push(".partial");
    let draft = Draft::create(draft.into())?;
    database.execute("vacuum into ?1", [draft.0.to_str().context("its name is not UTF-8")?])?;
    check(&draft.0, config)?;
    let file = File::open(&draft.0)?;
    file.sync_all()?;
    // A link appears whole and never replaces, as a rename would.
    fs::hard_link(&draft.0, &target)?;
    drop(draft);
    File::open(&folder)?.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Under such a name, the copy would be taken for the log of a database, and be written into that or removed with it; and a log that
/// lies beside the copy would be written into the copy.
fn refuse_what_is_beside_a_database(target: &Path) -> anyhow::Result<()> {
    let name = target.display().to_string();
    if let Some(ending) = BESIDE.iter().find(|ending| name.ends_with(*ending)) {
        bail!(
            "SQLite takes a file whose name ends in {ending} for a part of a database: choose another name, such as copy.db"
        );
    }
    let beside = BESIDE.iter().map(|ending| format!("{name}{ending}")).find(|name| Path::new(name).exists());
    ensure!(
        beside.is_none(),
        "SQLite would take {} for a part of the copy: choose another name, or move that file away",
        beside.unwrap_or_default()
    );
    Ok(())
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn open(path: &Path, access: OpenFlags, config: &DatabaseConfig) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(config.busy_timeout_seconds))?;
    // Opening reads nothing yet: only now it shows whether this is a database.
    connection.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

fn check(path: &Path, config: &DatabaseConfig) -> anyhow::Result<()> {
    let copy = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, config)?;
    let verdict: String = copy.query_row("pragma integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the copy is damaged, and so is perhaps the database: {verdict}");
    Ok(())
}

/// A file under a name for the meantime, for its user alone since it holds hashes and secrets.
struct Draft(PathBuf);

impl Draft {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        created.with_context(|| format!("{}: left by a copy that was cut short?", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that cannot be removed is in nobody's way but the next copy's, which says so.
        let _ = fs::remove_file(&self.0);
    }
}
