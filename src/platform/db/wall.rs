//! The second wall between tenants: what is asked of PostgreSQL for one tenant is shown the rows of that tenant, and can write no
//! others, whatever the statement says (row-level security, docs/decisions/0051).
//!
//! The first wall is that each statement names its tenant. This one is for the day on which one forgets to. Who serves a caller
//! does it `within` the caller's tenant, and each transaction that is asked for there is bound to it. Work that is not for one
//! tenant (a sweep, a roll-up, the command line) is done outside, where all rows are seen. On SQLite there is no such wall.

/// How each connection begins: on a role, or a database, that was set to a tenant, it would go without the rows of all others.
pub(super) const FOR_ALL: &str = "set smilechat.tenant = ''";

/// Binds a connection from now on, until it is bound again.
pub(super) fn bind(tenant: Option<i64>) -> String {
    tenant.map_or_else(|| FOR_ALL.into(), |tenant| format!("set smilechat.tenant = {tenant}"))
}

tokio::task_local! {
    static TENANT: Option<i64>;
}

/// All that `work` asks of the database itself, and not in tasks that it spawns, is for this tenant; None: for all.
pub fn within<F: Future>(tenant: impl Into<Option<i64>>, work: F) -> impl Future<Output = F::Output> {
    TENANT.scope(tenant.into(), work)
}

/// For a part of the caller's work that goes on in a task of its own.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(current(), work)
}

pub(super) fn current() -> Option<i64> {
    TENANT.try_with(|tenant| *tenant).ok().flatten()
}
