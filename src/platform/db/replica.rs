//! A standby of the PostgreSQL server, for reads that may be behind.

use std::time::Duration;

use anyhow::Context;

use super::server::Server;
use super::tx::Tx;
use crate::error::{Error, Result};
use crate::platform::config::DatabaseConfig;

/// In milliseconds. A standby that has carried out all that it was sent is not behind, as long as it is being sent to; the time
/// of its last transaction alone would say so of every quiet night. A server that takes writes is nobody's standby.
const LAG: &str = "select case
         when not pg_is_in_recovery() then 0
         when exists (select from pg_stat_wal_receiver where pid is not null)
             and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
         else coalesce((extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint, 9223372036854775807)
     end";

/// Where it is, if there is one.
pub fn of(config: &DatabaseConfig) -> anyhow::Result<Option<Server>> {
    if config.replica_url.is_empty() {
        return Ok(None);
    }
    Server::of(&config.replica_url).context("database.replica_url").map(Some)
}

pub fn refuse_if_behind(tx: &mut Tx<'_>, longest: Duration) -> Result<()> {
    let lag = Duration::from_millis(tx.one(LAG, &[], |row| row.take::<i64>())?.max(0).cast_unsigned());
    metrics::gauge!("smilechat_replica_lag_seconds").set(lag);
    match lag <= longest {
        true => Ok(()),
        false => Err(Error::Unavailable(format!("the standby is {} s behind", lag.as_secs()))),
    }
}
