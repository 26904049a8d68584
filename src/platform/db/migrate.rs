//! The schema's history: each migration runs once, in a transaction of its own together with the row that records it,
//! so that a start cut short is completed by the next one.
//!
//! `Db::open` and `smilechat migrate` call it. A database that this binary does not know (a newer migration, or a
//! changed one) is refused before anything is touched.

use std::thread;
use std::time::Duration;

use anyhow::bail;
use sha2::{Digest, Sha256};

use super::dialect::Dialect;
use super::tx::Tx;
use super::{Place, postgres, sqlite};
use crate::error::{Error, Result};
use crate::platform::clock::Clock;
use crate::platform::config::DatabaseConfig;

struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// One text for both engines, unless they must differ.
const MIGRATIONS: &[Migration] = &[
    Migration::of_one_text("0001_start", include_str!("../../../migrations/0001_start.sql")),
    Migration {
        name: "0002_ticket_search",
        sqlite: include_str!("../../../migrations/0002_ticket_search.sql"),
        postgres: include_str!("../../../migrations/0002_ticket_search.postgres.sql"),
    },
    Migration::of_one_text("0003_totp_step", include_str!("../../../migrations/0003_totp_step.sql")),
    Migration::of_one_text("0004_attachments", include_str!("../../../migrations/0004_attachments.sql")),
    Migration::of_one_text("0005_desk", include_str!("../../../migrations/0005_desk.sql")),
    Migration::of_one_text("0006_reports", include_str!("../../../migrations/0006_reports.sql")),
    Migration {
        name: "0007_forget",
        sqlite: include_str!("../../../migrations/0007_forget.sql"),
        postgres: include_str!("../../../migrations/0007_forget.postgres.sql"),
    },
    Migration::of_one_text("0008_reactions", include_str!("../../../migrations/0008_reactions.sql")),
    Migration::of_one_text("0009_commit_marks", include_str!("../../../migrations/0009_commit_marks.sql")),
    Migration::of_one_text("0010_bot", include_str!("../../../migrations/0010_bot.sql")),
    Migration {
        name: "0011_passage_search",
        sqlite: include_str!("../../../migrations/0011_passage_search.sql"),
        postgres: include_str!("../../../migrations/0011_passage_search.postgres.sql"),
    },
    Migration::of_one_text("0012_bot_model", include_str!("../../../migrations/0012_bot_model.sql")),
    Migration::of_one_text("0013_reader_feedback", include_str!("../../../migrations/0013_reader_feedback.sql")),
    Migration::of_one_text("0014_bot_queues", include_str!("../../../migrations/0014_bot_queues.sql")),
    Migration::of_one_text("0015_bot_claims", include_str!("../../../migrations/0015_bot_claims.sql")),
    Migration::of_one_text("0016_help_shelves", include_str!("../../../migrations/0016_help_shelves.sql")),
    Migration::of_one_text("0017_bot_evals", include_str!("../../../migrations/0017_bot_evals.sql")),
    Migration::of_one_text("0018_article_sources", include_str!("../../../migrations/0018_article_sources.sql")),
    Migration::of_one_text("0019_site_imports", include_str!("../../../migrations/0019_site_imports.sql")),
    Migration {
        name: "0020_tenant_wall",
        sqlite: include_str!("../../../migrations/0020_tenant_wall.sql"),
        postgres: include_str!("../../../migrations/0020_tenant_wall.postgres.sql"),
    },
    Migration::of_one_text("0021_webhooks", include_str!("../../../migrations/0021_webhooks.sql")),
    Migration {
        name: "0022_webhook_wall",
        sqlite: include_str!("../../../migrations/0022_webhook_wall.sql"),
        postgres: include_str!("../../../migrations/0022_webhook_wall.postgres.sql"),
    },
    Migration {
        name: "0023_tenant_wall_plans",
        sqlite: include_str!("../../../migrations/0023_tenant_wall_plans.sql"),
        postgres: include_str!("../../../migrations/0023_tenant_wall_plans.postgres.sql"),
    },
];

const BOOKKEEPING: &str = "create table if not exists schema_migrations (
    name text not null primary key, checksum text not null, applied_at bigint not null)";

/// No name of a migration: an older version that meets it takes it for one that it does not know, and does not start either.
const MOVING: &str = "move_under_way";

/// For one lock, at first and in the end: nobody is kept waiting for longer by a statement that waits itself. A second is what
/// PostgreSQL waits before it looks for deadlocks (`deadlock_timeout`) and ends a transaction for one, whosever it is. A migration
/// that has one table's lock and waits for the next has to be out of the way before, also when it waited for a few.
const LOCK_PATIENCE: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(400));
/// In which others get what they waited for.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// About two minutes.
const TRIES: u32 = 90;

/// Applies the next migration, if one is lacking.
pub(super) type Apply = fn(&mut Tx<'_>) -> anyhow::Result<Option<String>>;

/// Brings the schema up to date; the answer names what was applied now.
pub fn migrate(config: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    migrate_by(apply_next, config)
}

/// The same behind the mark of a move, by who moves.
pub(super) fn migrate_target(config: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    migrate_by(|tx| history(tx).and_then(|applied| apply_after(tx, &applied)), config)
}

fn migrate_by(apply: Apply, config: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    match Place::of(&config.url)? {
        Place::Sqlite(path) => sqlite::migrate(&path, config, apply),
        Place::Postgres(settings) => postgres::migrate(*settings, apply),
    }
}

/// Applies the first migration that the database lacks, in the caller's transaction. None: it lacks none.
pub(super) fn apply_next(tx: &mut Tx<'_>) -> anyhow::Result<Option<String>> {
    let applied = history(tx)?;
    if applied.iter().any(|name| name == MOVING) {
        bail!(
            "a move into this database was cut short: run `smilechat db move` again, or `restore` if it was that; or choose \
             another database"
        );
    }
    apply_after(tx, &applied)
}

fn apply_after(tx: &mut Tx<'_>, applied: &[String]) -> anyhow::Result<Option<String>> {
    let Some(next) = next_after(applied) else {
        return Ok(None);
    };
    match tx.dialect() {
        Dialect::Sqlite => tx.script(&next.sql(Dialect::Sqlite))?,
        Dialect::Postgres => apply_beside_others(tx, next)?,
    }
    record(tx, next.name, &next.checksum(tx.dialect()))?;
    Ok(Some(next.name.to_owned()))
}

/// On PostgreSQL, nodes of the version before go on serving. A statement that waits for the lock of a whole table has all
/// others wait behind it: it gives up soon, lets them pass, and tries again. The lock on migrating itself is kept meanwhile.
fn apply_beside_others(tx: &mut Tx<'_>, next: &Migration) -> anyhow::Result<()> {
    let (mut patience, longest) = LOCK_PATIENCE;
    tx.script("savepoint migration")?;
    for tries_left in (0..TRIES).rev() {
        tx.script(&format!("set local lock_timeout = '{}ms'", patience.as_millis()))?;
        patience = longest.min(patience * 2);
        match tx.script(&next.sql(Dialect::Postgres)) {
            Err(Error::Unavailable(why)) => {
                // Where the connection is gone, this says so.
                tx.script("rollback to savepoint migration")?;
                if tries_left == 0 {
                    bail!("the migration {} did not get its locks; is a long transaction open? ({why})", next.name);
                }
                tracing::warn!(migration = next.name, why, "it did not get its locks; others go first, then again");
                thread::sleep(BETWEEN_TRIES);
            }
            applied => {
                applied?;
                break;
            }
        }
    }
    Ok(tx.script("release savepoint migration")?)
}

/// The first migration that the database lacks, by name.
pub(super) fn lacking(tx: &mut Tx<'_>) -> anyhow::Result<Option<&'static str>> {
    Ok(next_after(&history(tx)?).map(|migration| migration.name))
}

/// Whether the database has a history: a file of something else has none.
pub(super) fn is_ours(tx: &mut Tx<'_>) -> anyhow::Result<bool> {
    Ok(!history(tx)?.is_empty())
}

/// Stands in the history of a database that is being moved into, so that no server takes it for whole. With the name under which
/// is kept what stood there before, for whoever goes on.
pub(super) fn begin_move(tx: &mut Tx<'_>, kept: Option<&str>) -> Result<()> {
    tx.script(BOOKKEEPING)?;
    record(tx, MOVING, kept.unwrap_or_default())
}

pub(super) fn kept_by_move(tx: &mut Tx<'_>) -> Result<Option<String>> {
    let asked = "select checksum from schema_migrations where name = $1 and checksum <> ''";
    tx.first(asked, &[MOVING.into()], |row| row.take())
}

pub(super) fn is_being_moved_into(tx: &mut Tx<'_>) -> anyhow::Result<bool> {
    Ok(history(tx)?.iter().any(|name| name == MOVING))
}

pub(super) fn end_move(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("delete from schema_migrations where name = $1", &[MOVING.into()]).map(drop)
}

/// What was applied; an error if this version does not know it.
fn history(tx: &mut Tx<'_>) -> anyhow::Result<Vec<String>> {
    tx.script(BOOKKEEPING)?;
    let applied = tx.all("select name, checksum from schema_migrations order by name", &[], |row| {
        Ok((row.take::<String>()?, row.take::<String>()?))
    })?;
    for (name, checksum) in applied.iter().filter(|(name, _)| name != MOVING) {
        let Some(known) = MIGRATIONS.iter().find(|migration| migration.name == name) else {
            bail!("the database has the migration {name}, which this version does not know: start a newer version");
        };
        if *checksum != known.checksum(tx.dialect()) {
            bail!("the migration {name} was changed after it was applied to this database");
        }
    }
    Ok(applied.into_iter().map(|(name, _)| name).collect())
}

fn next_after(applied: &[String]) -> Option<&'static Migration> {
    MIGRATIONS.iter().find(|migration| applied.iter().all(|name| name != migration.name))
}

fn record(tx: &mut Tx<'_>, name: &str, checksum: &str) -> Result<()> {
    tx.execute(
        "insert into schema_migrations (name, checksum, applied_at) values ($1, $2, $3)",
        &[name.into(), checksum.into(), Clock::System.now().into()],
    )
    .map(drop)
}

impl Migration {
    const fn of_one_text(name: &'static str, text: &'static str) -> Self {
        Self { name, sqlite: text, postgres: text }
    }

    /// The text for one engine, its marks translated (migrations/0001_start.sql explains them).
    fn sql(&self, dialect: Dialect) -> String {
        let (text, key, clustered, bytes) = match dialect {
            // Without `autoincrement`, SQLite would give a deleted ticket's key, and the ids made of it, to the next one.
            Dialect::Sqlite => (self.sqlite, "integer primary key autoincrement", "without rowid", "blob"),
            Dialect::Postgres => (self.postgres, "bigint generated by default as identity primary key", "", "bytea"),
        };
        text.replace("{key}", key).replace("{clustered}", clustered).replace("{bytes}", bytes)
    }

    fn checksum(&self, dialect: Dialect) -> String {
        let digest = Sha256::digest(self.sql(dialect));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
