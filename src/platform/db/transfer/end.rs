//! One of the two databases, on a connection of its own.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use rusqlite::Connection;

use super::catalogue::{Catalogue, Table};
use crate::error::Error;
use crate::platform::clock::Clock;
use crate::platform::db::failure::in_plain_words;
use crate::platform::db::migrate::begin_move;
use crate::platform::db::postgres::{Link, Session};
use crate::platform::db::tx::Tx;
use crate::platform::db::wall::FOR_ALL;
use crate::platform::db::{Place, sqlite};

pub enum End {
    Sqlite(Connection),
    Postgres(Box<Session>),
}

/// Connections of servers, or of commands such as this one.
const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database()
     and application_name = 'smilechat' and pid <> pg_backend_pid()";
const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What lies in the schema and is not made by our migrations, but for what a table brings along.
const STRANGERS: &str = "with home as (select oid from pg_namespace where nspname = current_schema())
     select 'extension', extname::text from pg_extension where extnamespace = (select oid from home)
     union all
     select 'function', proname::text from pg_proc p where pronamespace = (select oid from home) and not exists (
         select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
     union all
     select case relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' when 'c' then 'type' else 'table' end,
         relname::text
     from pg_class c where relnamespace = (select oid from home) and relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S')
         and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid
             and (deptype = 'e' or relkind = 'S' and deptype in ('a', 'i')))
     order by 1, 2";

const SERVED: &str = "a server uses it: stop that first, on every node";

impl End {
    /// Whether there is something to open: the file of a SQLite database is made by the first migration.
    pub fn is_there(url: &str) -> anyhow::Result<bool> {
        Ok(match Place::of(url)? {
            Place::Sqlite(path) => path.metadata().is_ok_and(|file| file.len() > 0),
            Place::Postgres(_) => true,
        })
    }

    pub fn open(url: &str) -> anyhow::Result<Self> {
        match Place::of(url)? {
            Place::Sqlite(path) => claim(&path).map(Self::Sqlite),
            Place::Postgres(server) => {
                let place = format!("cannot use the PostgreSQL server at {}", server.address());
                let link = Link::open(&server).map_err(|error| {
                    anyhow!("{place}: {error}. Check that it runs, that the database is there, and the URL")
                })?;
                let mut session = Session::new(link);
                // The snapshot stays open for as long as it takes.
                session.script(&format!(
                    "{FOR_ALL}; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
                     set lock_timeout = '5s'"
                ))?;
                Ok(Self::Postgres(Box::new(session)))
            }
        }
    }

    /// On SQLite it could not have been claimed. Who is just leaving, as a connection of our own or a server that was refused, is waited
    /// for.
    pub fn refuse_if_served(&mut self) -> anyhow::Result<()> {
        let Self::Postgres(session) = self else { return Ok(()) };
        let deadline = Instant::now() + PATIENCE;
        while session.first_of(OTHERS, &[])? != Some(0) {
            ensure!(Instant::now() < deadline, SERVED);
            thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Whether both are one database, whatever it is called in either URL: a lock that one end has, the other cannot get.
    pub fn is_the_same_as(&mut self, other: &mut Self) -> anyhow::Result<bool> {
        let (Self::Postgres(this), Self::Postgres(other)) = (self, other) else { return Ok(false) };
        let begun = "select (extract(epoch from backend_start) * 1000000)::bigint from pg_stat_activity
             where pid = pg_backend_pid()";
        let key = other.first_of(begun, &[])?.context("the server does not know its own session")?;
        let is_ours = |session: &mut Session| -> anyhow::Result<bool> {
            let lock = "select pg_try_advisory_lock($1)::int::bigint";
            Ok(session.first_of(lock, &[key.into()])? == Some(1))
        };
        Ok(is_ours(other)? && !is_ours(this)?)
    }

    pub fn has_table(&mut self, name: &str) -> anyhow::Result<bool> {
        let asked = match self {
            Self::Sqlite(_) => "select count(*) from sqlite_schema where name = $1",
            Self::Postgres(_) => "select count(*) from pg_class where oid = to_regclass($1)",
        };
        Ok(self.look(|tx| Ok(tx.one(asked, &[name.into()], |row| row.take::<i64>())?))? > 0)
    }

    /// One transaction.
    pub fn within<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.script("begin")?;
        let done = work(&mut self.tx());
        self.script(if done.is_ok() { "commit" } else { "rollback" })?;
        done.map_err(in_plain_words)
    }

    /// A question to the history: nothing of it is kept, not even the table for it in a database that has none.
    pub fn ask<T>(&mut self, question: impl FnOnce(&mut Tx<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.script("begin")?;
        let answer = question(&mut self.tx());
        self.script("rollback")?;
        answer.map_err(in_plain_words)
    }

    /// A look, within the snapshot if there is one.
    pub fn look<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        work(&mut self.tx()).map_err(in_plain_words)
    }

    /// From here on all looks see one state. Nobody changes it, but for others who may write beside: they go on from that state,
    /// and leave the tables' form as it is.
    pub fn begin_snapshot(&mut self, catalogue: &Catalogue, is_beside_writers: bool) -> anyhow::Result<()> {
        let (mode, why) = match is_beside_writers {
            true => ("access share", "somebody changes its tables: wait for that migration to end"),
            false => ("share", "somebody writes to it: stop the server first"),
        };
        match self {
            Self::Sqlite(_) => self.script("begin"),
            Self::Postgres(_) => {
                let names: Vec<_> = catalogue.tables.iter().map(|table| table.name.as_str()).collect();
                // The first look takes the snapshot, and the locks are there by then.
                self.script("begin isolation level repeatable read read only")?;
                let locked = self.script(&format!("lock table {} in {mode} mode", names.join(", ")));
                locked.map_err(|error| match error.downcast_ref() {
                    Some(Error::Unavailable(_)) => error.context(why),
                    _ => error,
                })
            }
        }
    }

    /// What is there goes into a schema of another name, which is the answer. In its place is one with the same owner and grants, and
    /// the mark of a move alone: at no moment is there one on which a server would start.
    pub fn set_aside(&mut self, catalogue: &Catalogue) -> anyhow::Result<String> {
        let kept = format!("before_{}", Clock::System.now().0);
        self.within(|tx| {
            refuse_strangers(tx, catalogue)?;
            let renamed = tx.script(&format!(
                "do $$
                 declare
                     ours text := current_schema();
                     owner text;
                     acl aclitem[];
                     one record;
                 begin
                     select pg_get_userbyid(nspowner), nspacl into owner, acl from pg_namespace where nspname = ours;
                     execute format('alter schema %I rename to {kept}', ours);
                     begin
                         execute format('create schema %I authorization %I', ours, owner);
                     exception when insufficient_privilege then
                         execute format('create schema %I', ours);
                     end;
                     for one in
                         select privilege_type, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end whom,
                             case when is_grantable then ' with grant option' else '' end further
                         from aclexplode(acl)
                     loop
                         execute format('grant %s on schema %I to %s%s', one.privilege_type, ours, one.whom, one.further);
                     end loop;
                 end
                 $$"
            ));
            let renamed = renamed.map_err(|error| in_plain_words(error.into()));
            renamed.context("what is there cannot be set aside: name a new database")?;
            begin_move(tx, Some(&kept))?;
            // One that came meanwhile keeps what it has.
            let others: i64 = tx.one(OTHERS, &[], |row| row.take())?;
            ensure!(others == 0, SERVED);
            Ok(())
        })?;
        Ok(kept)
    }

    /// The highest number that was handed out, also of rows that are gone.
    pub fn last_key(&mut self, table: &Table, key: &str) -> anyhow::Result<i64> {
        let name = &table.name;
        let sql = match self {
            Self::Sqlite(_) => format!("select coalesce(max(seq), 0) from sqlite_sequence where name = '{name}'"),
            Self::Postgres(session) => {
                let sequence = sequence(session, name, key)?;
                format!("select case when is_called then last_value else last_value - 1 end from {sequence}")
            }
        };
        self.look(|tx| Ok(tx.one(&sql, &[], |row| row.take())?))
    }

    pub fn set_last_key(&mut self, table: &Table, key: &str, last: i64) -> anyhow::Result<()> {
        let name = &table.name;
        if let Self::Postgres(session) = self {
            let sequence = sequence(session, name, key)?;
            // One begins at 1: a sequence that gave nothing yet is `false`.
            return self.script(&format!("select setval('{sequence}', {}, {})", last.max(1), last > 0));
        }
        self.within(|tx| {
            tx.execute("delete from sqlite_sequence where name = $1", &[name.into()])?;
            // As SQLite has it: a table that had no row yet has none here.
            if last > 0 {
                tx.execute("insert into sqlite_sequence (name, seq) values ($1, $2)", &[name.into(), last.into()])?;
            }
            Ok(())
        })
    }

    /// PostgreSQL plans by what it knows of the tables: nothing, after so many new rows.
    pub fn settle(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.script("analyze"),
        }
    }

    fn script(&mut self, sql: &str) -> anyhow::Result<()> {
        self.tx().script(sql).map_err(|error| in_plain_words(error.into()))
    }

    fn tx(&mut self) -> Tx<'_> {
        match self {
            Self::Sqlite(connection) => Tx::sqlite(connection),
            Self::Postgres(session) => Tx::postgres(session),
        }
    }
}

pub fn claim(path: &Path) -> anyhow::Result<Connection> {
    sqlite::claim(path).map_err(|error| match sqlite::is_busy(&error) {
        true => anyhow!("{}: {SERVED}", path.display()),
        // With its cause it would say the same twice.
        false => anyhow!("cannot open the database {}: {error}", path.display()),
    })
}

fn refuse_strangers(tx: &mut Tx<'_>, catalogue: &Catalogue) -> anyhow::Result<()> {
    let there = tx.all(STRANGERS, &[], |row| Ok((row.take::<String>()?, row.take::<String>()?)))?;
    let stranger = there.iter().find(|(kind, name)| kind != "table" || !catalogue.is_ours(name));
    if let Some((kind, name)) = stranger {
        bail!(
            "the {kind} {name} is not SmileChat's, and would be set aside with all else in its schema: give SmileChat a database of \
             its own, or move that to another schema"
        );
    }
    Ok(())
}

fn sequence(session: &mut Session, table: &str, key: &str) -> anyhow::Result<String> {
    let asked = format!("select pg_get_serial_sequence('{table}', '{key}')");
    Ok(Tx::postgres(session).one(&asked, &[], |row| row.take())?)
}
