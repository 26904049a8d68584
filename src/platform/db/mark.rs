//! What became of a transaction on PostgreSQL whose COMMIT had no answer.
//!
//! Each connection that writes has a row of its own in `commit_marks`, and puts the number of its transaction there with the
//! last statement before COMMIT, in the same round trip. Whoever asks, on another connection, takes that row away: this waits
//! for the transaction to end, and finds its number if it was carried out. From then on it cannot be carried out any more,
//! should its COMMIT still be on its way: there is nothing left to mark, and that fails.
//!
//! The server's own numbers for transactions (`pg_xact_status`) are no witness: after a crash, one that was lost is given
//! out again.

use uuid::Uuid;

use super::postgres::Session;
use super::tx::Tx;
use crate::error::Result;

/// In seconds.
const NOW: &str = "extract(epoch from now())::bigint";

/// A connection's own row.
pub(super) struct Mark {
    connection_id: String,
    transactions: i64,
}

/// One transaction.
pub(super) struct Marked {
    connection_id: String,
    transaction: i64,
}

impl Mark {
    /// Nobody waits for the disk: a transaction that is marked later is behind this one in the log, and not kept without it.
    pub fn begin(session: &Session) -> std::result::Result<Self, tokio_postgres::Error> {
        let connection_id = Uuid::new_v4().to_string();
        session.try_script(&format!(
            "begin; set local synchronous_commit = off;
             insert into commit_marks (connection_id, backend, transaction_count, made_at)
                 values ('{connection_id}', pg_backend_pid(), 0, {NOW});
             commit;
             prepare mark (bigint) as with marked as (update commit_marks set transaction_count = $1, made_at = {NOW}
                 where connection_id = '{connection_id}' returning 1) select 1 / count(*) from marked"
        ))?;
        Ok(Self { connection_id, transactions: 0 })
    }

    /// The script that ends a transaction, and what to ask for if it has no answer.
    pub fn commit(&mut self) -> (String, Marked) {
        self.transactions += 1;
        let marked = Marked { connection_id: self.connection_id.clone(), transaction: self.transactions };
        (format!("execute mark({}); commit", marked.transaction), marked)
    }
}

/// Removes the rows of connections that ended, and marked nothing, for so long that nobody is left to ask.
pub(super) fn sweep(tx: &mut Tx<'_>) -> Result<()> {
    let ended = format!(
        "delete from commit_marks where made_at < {NOW} - 86400
             and not exists (select from pg_stat_activity where pid = backend)"
    );
    tx.execute(&ended, &[]).map(drop)
}

impl Marked {
    /// Whether it was carried out; if not, it never will be. None: it stands still with its row in hand.
    pub fn was_committed(&self, session: &mut Session) -> Result<Option<bool>> {
        session.script("begin; set local lock_timeout = '500ms'")?;
        let taken = session.first_of(
            "delete from commit_marks where connection_id = $1 returning transaction_count",
            &[self.connection_id.as_str().into()],
        );
        match taken {
            Ok(found) => session.script("commit").map(|()| Some(found == Some(self.transaction))),
            Err(_) => session.script("rollback").map(|()| None),
        }
    }
}
