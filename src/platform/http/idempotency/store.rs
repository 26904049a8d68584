//! The rows of `idempotency_keys`. A row without a status is a request under way.

use crate::error::Result;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;

/// One claim of a key. `claimed_at` tells it from a later claim of the same key.
#[derive(Clone, Copy)]
pub struct Row {
    pub tenant: i64,
    pub scope: [u8; 32],
    pub body_hash: [u8; 32],
    pub claimed_at: Timestamp,
}

pub enum Claim {
    Ours,
    UnderWay,
    OtherBody,
    Answered { body_hash: Vec<u8>, status: i64, sealed: Vec<u8> },
}

/// A claim of `abandoned` or before was left by a process that died; an answer of `expired` or before no longer counts.
pub fn claim(tx: &mut Tx<'_>, row: &Row, abandoned: Timestamp, expired: Timestamp) -> Result<Claim> {
    let (tenant, scope) = (row.tenant.into(), row.scope.as_slice().into());
    let inserted = tx.execute(
        "insert into idempotency_keys (tenant_key, scope_hash, body_hash, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        &[tenant, scope, row.body_hash.as_slice().into(), row.claimed_at.into()],
    )?;
    if inserted == 1 {
        return Ok(Claim::Ours);
    }
    let taken_over = tx.execute(
        "update idempotency_keys set body_hash = $3, created_at = $4, status = null, answer = null
         where tenant_key = $1 and scope_hash = $2 and ((status is null and created_at <= $5) or created_at <= $6)",
        &[tenant, scope, row.body_hash.as_slice().into(), row.claimed_at.into(), abandoned.into(), expired.into()],
    )?;
    if taken_over == 1 {
        return Ok(Claim::Ours);
    }
    let found = tx.first(
        "select body_hash, status, answer from idempotency_keys where tenant_key = $1 and scope_hash = $2",
        &[tenant, scope],
        |row| Ok((row.take::<Vec<u8>>()?, row.take::<Option<i64>>()?, row.take::<Option<Vec<u8>>>()?)),
    )?;
    Ok(match found {
        Some((body_hash, Some(status), Some(sealed))) => Claim::Answered { body_hash, status, sealed },
        Some((body_hash, ..)) if body_hash != row.body_hash => Claim::OtherBody,
        // Given back between two statements: as good as under way, the client comes again.
        _ => Claim::UnderWay,
    })
}

/// `row.body_hash` is what a repeat is held against. Of an upload it is known only now.
pub fn answer(tx: &mut Tx<'_>, row: &Row, status: i64, sealed: &[u8]) -> Result<()> {
    tx.execute(
        "update idempotency_keys set body_hash = $4, status = $5, answer = $6
         where tenant_key = $1 and scope_hash = $2 and created_at = $3 and status is null",
        &[
            row.tenant.into(),
            row.scope.as_slice().into(),
            row.claimed_at.into(),
            row.body_hash.as_slice().into(),
            status.into(),
            sealed.into(),
        ],
    )?;
    Ok(())
}

pub fn release(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    tx.execute(
        "delete from idempotency_keys where tenant_key = $1 and scope_hash = $2 and created_at = $3 and status is null",
        &[row.tenant.into(), row.scope.as_slice().into(), row.claimed_at.into()],
    )?;
    Ok(())
}

/// Up to `limit` of them; how many went.
pub fn delete_older(tx: &mut Tx<'_>, than: Timestamp, limit: i64) -> Result<u64> {
    tx.execute(
        "delete from idempotency_keys where (tenant_key, scope_hash) in
             (select tenant_key, scope_hash from idempotency_keys where created_at < $1 limit $2)",
        &[than.into(), limit.into()],
    )
}
