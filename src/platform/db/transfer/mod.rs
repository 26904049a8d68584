//! A whole database into another one, of the other engine, or from one PostgreSQL to another. Called by the command line,
//! outside the runtime, and by `backup` and `restore` where one of the two is PostgreSQL. A SQLite file is copied by `backup`
//! itself, whose copy is checked page by page.
//!
//! Invariants:
//! - Nothing is written to the source, and all of it is read as of one moment. Nobody else writes to it meanwhile: SQLite's file
//!   is claimed, PostgreSQL's tables are locked for others than readers, and a server that uses either end is refused. A
//!   backup is the exception: there the snapshot is enough, since nobody goes on from the copy as from the source.
//! - From the first row to the last check, the target's history says that it is being moved into: no server starts on it.
//!   What was cut short begins anew; its rows are removed first.
//! - It ends well only when each table has, on both sides, the same number of rows and the same sum over their texts.

mod catalogue;
mod copy;
mod end;
mod row;

use anyhow::{Context, bail, ensure};

use self::catalogue::{Catalogue, Table};
use self::end::End;
use super::migrate::{
    begin_move, end_move, is_being_moved_into, is_ours, kept_by_move, lacking, migrate, migrate_target,
};
use super::{Place, Tx};
use crate::error::Result;
use crate::platform::config::DatabaseConfig;

const WHICH: &str = "are --from and --to the wrong way round? The one that is left out is DATABASE_URL";

/// Puts one ticket, of one tenant, into the search index.
pub type Index = fn(&mut Tx<'_>, i64, i64) -> Result<()>;

/// What all is read and written for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    Move,
    /// Into a new file, while servers go on.
    Backup,
    /// From a copy. By force also where there is a database: that is kept as a schema of its own.
    Restore {
        is_forced: bool,
    },
}

impl Errand {
    /// For whoever may have named the wrong database.
    fn advice(self) -> &'static str {
        match self {
            Self::Move => WHICH,
            Self::Backup => "does DATABASE_URL name the right database?",
            Self::Restore { .. } => "--force puts the copy in its place and keeps it as another schema",
        }
    }
}

/// So far.
pub enum Progress<'a> {
    Rows {
        table: &'a str,
        rows: u64,
        of: u64,
    },
    /// Where what stood in the target's place is from now on, whatever comes of the rest.
    Kept(&'a str),
}

/// A table that is there now, and the sum of its rows' texts.
pub struct Moved {
    pub table: String,
    pub rows: u64,
    pub checksum: String,
}

pub fn transfer(from: &DatabaseConfig, to: &DatabaseConfig, aids: Aids<'_>) -> anyhow::Result<Vec<Moved>> {
    ensure!(from.url != to.url, "the source and the target are the same database: name another one by --to");
    let places = (Place::of(&from.url).context("the source")?, Place::of(&to.url).context("the target")?);
    if let (Place::Sqlite(_), Place::Sqlite(_)) = places {
        bail!(
            "both are SQLite: `smilechat backup FILE` copies the file, `smilechat restore FILE` puts it in its place"
        );
    }
    if let Place::Sqlite(path) = &places.0 {
        ensure!(End::is_there(&from.url)?, "the source: there is no database {}: {WHICH}", path.display());
    }
    let (moved, _) = Carriage { errand: Errand::Move, from, to, aids }.carry()?;
    Ok(moved)
}

/// Both ends, what for, and whom to call.
pub(super) struct Carriage<'a, 'b> {
    pub errand: Errand,
    pub from: &'a DatabaseConfig,
    pub to: &'a DatabaseConfig,
    pub aids: Aids<'b>,
}

/// What whoever calls has done on the way.
pub struct Aids<'a> {
    pub index: Index,
    /// Progress is told after each batch.
    pub tell: &'a mut dyn FnMut(Progress<'_>),
    /// Sees to what else belongs to the rows, in a folder beside them.
    pub beside: &'a mut dyn FnMut() -> anyhow::Result<()>,
}

impl Carriage<'_, '_> {
    /// `beside` is called when all is there, before anybody may take the target for whole. The second answer is where that is
    /// kept which stood there before.
    pub fn carry(mut self) -> anyhow::Result<(Vec<Moved>, Option<String>)> {
        let (errand, catalogue) = (self.errand, Catalogue::of_this_version()?);
        let mut source = End::open(&self.from.url).context("the source")?;
        if errand != Errand::Backup {
            source.refuse_if_served().context("the source")?;
        }
        let has_ours = source.ask(is_ours).context("the source")?;
        ensure!(has_ours, "the source has no tables of SmileChat: {}", errand.advice());
        if let Some(name) = source.ask(lacking).context("the source")? {
            let by_whom = if errand == Errand::Backup { "back it up by the version that serves it, or " } else { "" };
            bail!("the source lacks the migration {name}: {by_whom}run `smilechat migrate` on it first");
        }
        ensure!(!source.ask(is_being_moved_into)?, "the source is itself the target of a move that was cut short");
        let mut kept = None;
        let is_marked = self.make_way(&mut source, &catalogue, &mut kept).context("the target")?;
        let moved = self.go_on(is_marked, &mut source, &catalogue);
        let moved = match &kept {
            Some(name) => moved.with_context(|| format!("what stood there before is the schema {name}")),
            None => moved,
        };
        Ok((moved?, kept))
    }

    /// Refuses a target that somebody needs, or sets aside what is there. True: it has the mark of a move by now.
    fn make_way(&mut self, source: &mut End, catalogue: &Catalogue, kept: &mut Option<String>) -> anyhow::Result<bool> {
        if !End::is_there(&self.to.url)? {
            return Ok(false);
        }
        let mut target = End::open(&self.to.url)?;
        ensure!(!target.is_the_same_as(source)?, "it is the source, by another name: name another database by --to");
        target.refuse_if_served()?;
        if target.ask(is_being_moved_into)? {
            // Whatever came of it, what it set aside is still there.
            *kept = target.look(|tx| Ok(kept_by_move(tx)?))?;
            return Ok(true);
        }
        if !target.ask(is_ours)? {
            refuse_what_is_not_ours(&mut target, catalogue)?;
            return Ok(false);
        }
        // Before its schema is brought forward: a database that somebody needs stays as it is.
        let has_rows = target.look(|tx| copy::count(tx, "tenants"))? > 0;
        if has_rows && self.errand == (Errand::Restore { is_forced: true }) {
            let name = target.set_aside(catalogue)?;
            (self.aids.tell)(Progress::Kept(&format!("the schema {name}")));
            *kept = Some(name);
            return Ok(true);
        }
        target.look(|tx| refuse_rows(self.errand, tx, "tenants"))?;
        Ok(false)
    }

    fn go_on(&mut self, is_marked: bool, source: &mut End, catalogue: &Catalogue) -> anyhow::Result<Vec<Moved>> {
        if !is_marked {
            mark(self.errand, self.to, catalogue).context("the target")?;
        }
        let filled = self.fill_anew(source, catalogue);
        let (moved, mut target) =
            filled.context("it was not finished, and the target is of no use yet; run it again, it begins anew")?;
        target.within(|tx| Ok(end_move(tx)?))?;
        target.settle()?;
        Ok(moved)
    }

    fn fill_anew(&mut self, source: &mut End, catalogue: &Catalogue) -> anyhow::Result<(Vec<Moved>, End)> {
        let mut target = prepare(self.to, catalogue).context("the target")?;
        source.begin_snapshot(catalogue, self.errand == Errand::Backup).context("the source")?;
        let moved = fill(source, &mut target, catalogue, self.aids.index, self.aids.tell)?;
        (self.aids.beside)()?;
        Ok((moved, target))
    }
}

/// A target without rows gets the schema of this version, and the mark.
fn mark(errand: Errand, to: &DatabaseConfig, catalogue: &Catalogue) -> anyhow::Result<()> {
    migrate(to)?;
    End::open(&to.url)?.within(|tx| {
        let mut tables = catalogue.tables.iter().filter(|table| !table.is_seeded);
        tables.try_for_each(|table| refuse_rows(errand, tx, &table.name))?;
        Ok(begin_move(tx, None)?)
    })
}

/// The target with the schema of this version and no rows, behind the mark. A server that was started before that was there is seen
/// now; a later one does not start.
fn prepare(to: &DatabaseConfig, catalogue: &Catalogue) -> anyhow::Result<End> {
    migrate_target(to)?;
    let mut target = End::open(&to.url)?;
    target.refuse_if_served()?;
    target.within(|tx| copy::empty(tx, catalogue))?;
    Ok(target)
}

fn refuse_what_is_not_ours(target: &mut End, catalogue: &Catalogue) -> anyhow::Result<()> {
    for table in &catalogue.tables {
        let is_theirs = target.has_table(&table.name)?;
        ensure!(!is_theirs, "it has a table {} that is not SmileChat's: name a new database", table.name);
    }
    Ok(())
}

fn refuse_rows(errand: Errand, tx: &mut Tx<'_>, table: &str) -> anyhow::Result<()> {
    let rows = copy::count(tx, table)?;
    ensure!(
        rows == 0,
        "it is not empty ({table} has {rows} {}): name a new database, on which no server was ever started; or {}",
        if rows == 1 { "row" } else { "rows" },
        errand.advice()
    );
    Ok(())
}

fn fill(
    source: &mut End,
    target: &mut End,
    catalogue: &Catalogue,
    index: Index,
    tell: &mut dyn FnMut(Progress<'_>),
) -> anyhow::Result<Vec<Moved>> {
    // What the migrations wrote: the source's own comes in its place.
    for table in catalogue.tables.iter().filter(|table| table.is_seeded) {
        target.within(|tx| copy::clear(tx, table))?;
    }
    let mut moved = Vec::new();
    for table in &catalogue.tables {
        let sent = copy::table(source, target, table, tell).with_context(|| format!("the table {}", table.name))?;
        if let Some(key) = &table.counted {
            let last = source.last_key(table, key)?;
            target.set_last_key(table, key, last)?;
        }
        moved.push(sent);
    }
    copy::index_tickets(target, index, tell)?;
    copy::index_passages(target)?;
    for (table, sent) in catalogue.tables.iter().zip(&moved) {
        hold_against(target, table, sent)?;
    }
    Ok(moved)
}

fn hold_against(target: &mut End, table: &Table, sent: &Moved) -> anyhow::Result<()> {
    let came = copy::sum(target, table)?;
    ensure!(
        (came.rows, &came.checksum) == (sent.rows, &sent.checksum),
        "{}: {} rows ({}) went and {} ({}) are there",
        table.name,
        sent.rows,
        sent.checksum,
        came.rows,
        came.checksum
    );
    Ok(())
}
