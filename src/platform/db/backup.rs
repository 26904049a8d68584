//! A copy of the database beside the servers that write to it: a SQLite file, whichever engine it is of. Called by the
//! command line.
//!
//! It reads one snapshot, on a connection of its own: everything that was acked before it began is in the copy, and no
//! writer waits for it. Invariant: under the name asked for stands a whole copy, checked and on disk, or nothing new.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::transfer::{Aids, Carriage, Errand};
use super::{Moved, Place, Tx};
use crate::error::Result;
use crate::platform::config::DatabaseConfig;

/// What SQLite keeps beside a database, under its name.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Writes all rows into a new file of this name.
type Fill<'a> = Box<dyn FnMut(&str) -> anyhow::Result<Vec<Moved>> + 'a>;

pub struct Copied {
    pub bytes: u64,
    /// Table by table, where rows were read and not pages.
    pub moved: Vec<Moved>,
}

/// `beside` fetches what else belongs to the copy. It is called before the snapshot and after it: what is there at that
/// moment was there before, or is there afterwards.
pub fn backup(config: &DatabaseConfig, target: &Path, aids: Aids<'_>) -> anyhow::Result<Copied> {
    let Aids { index, tell, beside } = aids;
    let mut fill: Fill<'_> = match Place::of(&config.url)? {
        Place::Sqlite(source) => {
            let database = open(&source, OpenFlags::SQLITE_OPEN_READ_ONLY, config)
                .with_context(|| format!("cannot open the database {}", source.display()))?;
            Box::new(move |draft| {
                database.execute("vacuum into ?1", [draft])?;
                Ok(Vec::new())
            })
        }
        Place::Postgres(_) => Box::new(|draft| {
            let to = DatabaseConfig { url: format!("sqlite://{draft}"), ..config.clone() };
            let aids = Aids { index, tell: &mut *tell, beside: &mut || Ok(()) };
            Ok(Carriage { errand: Errand::Backup, from: config, to: &to, aids }.carry()?.0)
        }),
    };
    write(target, config, &mut fill, beside).with_context(|| format!("cannot write {}", target.display()))
}

fn write(
    target: &Path,
    config: &DatabaseConfig,
    fill: &mut dyn FnMut(&str) -> anyhow::Result<Vec<Moved>>,
    beside: &mut dyn FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Copied> {
    let folder = fs::canonicalize(folder_of(target))?;
    let target = folder.join(target.file_name().context("the name of the file is missing")?);
    // First: what lies beside a database that exists is its own.
    ensure!(target.symlink_metadata().is_err(), "it exists, and no file is overwritten");
    refuse_what_is_beside_a_database(&target)?;
    let draft = Draft::create(with(&target, ".partial"))?;
    beside()?;
    let moved = fill(draft.0.to_str().context("its name is not UTF-8")?)?;
    beside()?;
    check(&draft.0, config)?;
    let file = File::open(&draft.0)?;
    file.sync_all()?;
    // A link appears whole and never replaces, as a rename would.
    fs::hard_link(&draft.0, &target)?;
    drop(draft);
    File::open(&folder)?.sync_all()?;
    Ok(Copied { bytes: file.metadata()?.len(), moved })
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
        "SQLite would take {} for a part of the copy: choose another name",
        beside.unwrap_or_default()
    );
    Ok(())
}

/// Looks into a copy that nobody writes to, as it stands there: nothing is made beside it.
pub fn look_into<T>(copy: &Path, look: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> anyhow::Result<T> {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/');
    let path = fs::canonicalize(copy)?;
    let uri = format!("file:{}?immutable=1", percent_encode(path.as_os_str().as_encoded_bytes(), KEPT));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(look(&mut Tx::sqlite(&Connection::open_with_flags(uri, flags)?))?)
}

pub(super) fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A database that is of no use to anybody.
pub(super) fn remove_with_logs(path: &Path) {
    for ending in [""].iter().chain(&BESIDE) {
        let _ = fs::remove_file(with(path, ending));
    }
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
    // What was filled row by row had a log.
    let mode: String = copy.query_row("pragma journal_mode = delete", [], |row| row.get(0))?;
    ensure!(mode == "delete", "its log cannot be put into it");
    let verdict: String = copy.query_row("pragma integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "the copy is damaged, and so is perhaps the database: {verdict}");
    Ok(())
}

/// A file under a name for the meantime, for its user alone since it holds hashes and secrets.
struct Draft(PathBuf);

impl Draft {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        let names = [""].iter().chain(&BESIDE).map(|ending| format!("{}{ending}", path.display()));
        let left: Vec<_> = names.filter(|name| Path::new(name).symlink_metadata().is_ok()).collect();
        ensure!(
            left.is_empty(),
            "{} left by a copy that was cut short, unless one is under way: remove them, and {} if it is there, and try again",
            left.join(", ") + if left.len() == 1 { " was" } else { " were" },
            path.with_extension("files").display()
        );
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        created.with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that cannot be removed is in nobody's way but the next copy's, which says so.
        remove_with_logs(&self.0);
    }
}
