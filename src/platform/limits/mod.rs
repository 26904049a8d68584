//! How often somebody may do something: a budget of requests, and a count of wrong passwords. Of this process, and where
//! there is Redis of all nodes together (`shared`).
//!
//! The HTTP floor asks `check` for every request under /api; the sign-in routes ask `login_allowed`. What is counted per
//! address is counted per /64 for IPv6, because that is what one customer of a network gets.
//!
//! Invariants: memory is bounded, whatever strangers send; with `limits.enabled = false` everything is allowed.

mod budget;
mod failures;
mod shared;

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::budget::Budget;
pub use self::budget::Snapshot;
use self::failures::Failures;
pub use self::shared::Shared;
use crate::error::{Error, Result};
use crate::platform::clock::Clock;
use crate::platform::config::LimitsConfig;

const WINDOW: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const KIB: u64 = 1024;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Requests of one caller to the API.
    Api,
    /// Requests of one address to the routes where one signs in or up.
    SignIn,
    /// Files that one user uploads.
    Upload,
    /// Files that all users of a tenant upload.
    TenantUpload,
}

impl Policy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::SignIn => "sign-in",
            Self::Upload => "upload",
            Self::TenantUpload => "tenant-upload",
        }
    }
}

/// One try to sign in.
#[derive(Clone, Debug)]
pub struct LoginAttempt {
    pub tenant: i64,
    pub username: String,
    pub address: IpAddr,
}

pub struct Limits {
    enabled: bool,
    clock: Clock,
    api: Budget,
    sign_in: Budget,
    upload: Budget,
    tenant_upload: Budget,
    /// In KiB.
    upload_size: Budget,
    tenant_upload_size: Budget,
    failures: Failures,
    shared: Option<Shared>,
    /// In milliseconds of `Clock::uptime`.
    swept_at: AtomicU64,
}

impl Limits {
    pub fn new(config: &LimitsConfig, clock: Clock, shared: Option<Shared>) -> Self {
        Self {
            enabled: config.enabled,
            api: Budget::new(config.api_per_minute, WINDOW, &clock),
            sign_in: Budget::new(config.auth_per_minute, WINDOW, &clock),
            upload: Budget::new(config.uploads_per_minute, WINDOW, &clock),
            tenant_upload: Budget::new(config.tenant_uploads_per_minute, WINDOW, &clock),
            upload_size: Budget::new(config.upload_mib_per_day.saturating_mul(1024), DAY, &clock),
            tenant_upload_size: Budget::new(config.tenant_upload_mib_per_day.saturating_mul(1024), DAY, &clock),
            failures: Failures::new(config.login_failures, Duration::from_secs(config.login_window_seconds)),
            shared,
            swept_at: AtomicU64::new(millis(clock.uptime())),
            clock,
        }
    }

    /// Counts one request of `key`. None: limits are off.
    pub async fn check(&self, policy: Policy, key: &str) -> Option<Snapshot> {
        if !self.enabled {
            return None;
        }
        self.sweep_now_and_then();
        Some(self.take(policy.name(), self.budget(policy), key, NonZeroU32::MIN).await)
    }

    /// Counts one file of a user, and of their tenant.
    pub async fn upload_allowed(&self, tenant: i64, user_id: &str) -> Result<()> {
        let (user, tenant) = (format!("{tenant} {user_id}"), tenant.to_string());
        for (policy, key) in [(Policy::Upload, user), (Policy::TenantUpload, tenant)] {
            if let Some(retry_after) = self.check(policy, &key).await.and_then(|snapshot| snapshot.retry_after) {
                return Err(Error::RateLimited { retry_after });
            }
        }
        Ok(())
    }

    /// Counts the bytes of one file of a user, and of their tenant.
    pub async fn upload_size_allowed(&self, tenant: i64, user_id: &str, bytes: u64) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let kib = u32::try_from(bytes.div_ceil(KIB)).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let (user, tenant) = (format!("{tenant} {user_id}"), tenant.to_string());
        for (name, budget, key) in
            [("upload-size", &self.upload_size, user), ("tenant-upload-size", &self.tenant_upload_size, tenant)]
        {
            if let Some(retry_after) = self.take(name, budget, &key, kib).await.retry_after {
                return Err(Error::RateLimited { retry_after });
            }
        }
        Ok(())
    }

    /// Counts this try as a wrong one until `login_succeeded` takes it back, so that tries side by side count as well.
    /// Bounds: N per account and address, 5 N per address (one password for many accounts), 10 N per account (many addresses).
    pub async fn login_allowed(&self, attempt: &LoginAttempt) -> Result<()> {
        self.allowed(&login_bounds(attempt)).await
    }

    pub async fn login_succeeded(&self, attempt: &LoginAttempt) {
        self.forgive(&login_bounds(attempt)).await;
    }

    /// The same for a user who is signed in and names their current password.
    pub async fn password_allowed(&self, user_id: &str) -> Result<()> {
        self.allowed(&[(format!("password {user_id}"), 1)]).await
    }

    pub async fn password_succeeded(&self, user_id: &str) {
        self.forgive(&[(format!("password {user_id}"), 1)]).await;
    }

    async fn allowed(&self, bounds: &[(String, usize)]) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let refused = |retry_after| Error::RateLimited { retry_after };
        self.failures.count(bounds, self.clock.uptime()).map_err(refused)?;
        let Some(shared) = &self.shared else { return Ok(()) };
        let counted = shared.count(bounds, self.failures.bound(), self.failures.window()).await;
        counted.map_err(|retry_after| {
            // Under all keys and everywhere, or nowhere.
            self.failures.take_back(bounds);
            refused(retry_after)
        })
    }

    async fn forgive(&self, bounds: &[(String, usize)]) {
        self.failures.forgive(bounds);
        if let Some(shared) = self.shared.as_ref().filter(|_| self.enabled) {
            shared.forgive(bounds).await;
        }
    }

    /// From this process' budget, and from that of all: the one that has less left is told.
    async fn take(&self, name: &str, budget: &Budget, key: &str, count: NonZeroU32) -> Snapshot {
        let here = budget.take_many(key, count);
        let Some(shared) = self.shared.as_ref().filter(|_| here.retry_after.is_none()) else { return here };
        match shared.take(name, key, here.quota, budget.window(), count.get()).await {
            Some(all) if all.retry_after.is_some() || all.remaining < here.remaining => all,
            _ => here,
        }
    }

    fn budget(&self, policy: Policy) -> &Budget {
        match policy {
            Policy::Api => &self.api,
            Policy::SignIn => &self.sign_in,
            Policy::Upload => &self.upload,
            Policy::TenantUpload => &self.tenant_upload,
        }
    }

    /// Forgets, once a window, who has not been here for one.
    fn sweep_now_and_then(&self) {
        let (now, swept_at) = (self.clock.uptime(), self.swept_at.load(Ordering::Relaxed));
        let is_due = now.saturating_sub(Duration::from_millis(swept_at)) >= WINDOW;
        let swept = |now| self.swept_at.compare_exchange(swept_at, now, Ordering::Relaxed, Ordering::Relaxed);
        if is_due && swept(millis(now)).is_ok() {
            self.api.sweep();
            self.sign_in.sweep();
            self.upload.sweep();
            self.tenant_upload.sweep();
            self.upload_size.sweep();
            self.tenant_upload_size.sweep();
            self.failures.sweep(now);
        }
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// The key of an address.
pub fn address_key(address: IpAddr) -> String {
    network(address).to_string()
}

/// What counts as one address: itself, or for IPv6 the /64 that it lies in.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

fn login_bounds(attempt: &LoginAttempt) -> [(String, usize); 3] {
    let LoginAttempt { tenant, username, address } = attempt;
    let address = address_key(*address);
    [
        (format!("login {address} {tenant} {username}"), 1),
        (format!("login {address}"), 5),
        (format!("login * {tenant} {username}"), 10),
    ]
}

#[cfg(test)]
mod tests;
