//! The configuration: one struct, one section per part of the server.
//!
//! Layers, later ones win: `default.toml` (embedded; documents every key), a TOML file (`--config` or
//! `SMILECHAT_CONFIG`), the habitual environment names (`PORT`, `DATABASE_URL`, …), `SMILECHAT_<SECTION>__<KEY>`, flags.
//! Each secret may come from a file (`JWT_SECRET_FILE`, `SMILECHAT_AUTH__JWT_SECRET_FILE`). The command line calls `load`,
//! which tells every mistake in one line each before a port opens, and `prepare`, before anything is started.
//!
//! Invariant: the environment is handed in; nothing here reads that of the process.

mod check;
mod data_dir;
#[cfg(test)]
mod docs;
mod layers;
mod load;
mod names;
mod opentelemetry;
mod show;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use data_dir::{make_folder, prepare};
pub use load::{Flag, Loaded, Mistake, load, load_without_secret};
pub use show::show;

use super::secret::Secret;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub env: Environment,
    pub data_dir: String,
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub bus: BusConfig,
    pub files: FilesConfig,
    pub auth: AuthConfig,
    pub cors: CorsConfig,
    pub limits: LimitsConfig,
    pub realtime: RealtimeConfig,
    pub assignment: AssignmentConfig,
    pub analytics: AnalyticsConfig,
    pub notifications: NotificationsConfig,
    pub bot: BotConfig,
    pub outbound: OutboundConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
}

/// How the URL of a SQLite file begins.
const SQLITE: &str = "sqlite://";

impl Config {
    /// How the URL of a database begins that is kept in the data folder.
    fn database_folder(&self) -> String {
        format!("{SQLITE}{}/", self.data_dir.trim_end_matches('/'))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Development,
    Production,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub host: String,
    pub port: u16,
    pub trusted_proxies: u8,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub header_timeout_seconds: u64,
    pub request_timeout_seconds: u64,
    pub upload_timeout_seconds: u64,
    pub tcp_user_timeout_seconds: u64,
    pub drain_seconds: u64,
    /// Which of the services this process is; empty for all.
    pub services: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:///abs/file.db`, `sqlite://relative.db` or `postgres://…`.
    pub url: String,
    pub readers: usize,
    /// A standby of the same server; empty for none.
    pub replica_url: String,
    pub replica_lag_seconds: u64,
    pub pool_size: usize,
    pub queue_timeout_seconds: u64,
    pub statement_timeout_seconds: u64,
    pub busy_timeout_seconds: u64,
    /// 0: nothing is slow.
    pub slow_ms: u64,
}

impl DatabaseConfig {
    /// A file, which belongs to one process.
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with(SQLITE)
    }

    /// After it no transaction can still be under way: it had to wait for its turn, and for locks.
    pub fn longest_transaction(&self) -> Duration {
        Duration::from_secs(self.queue_timeout_seconds + 3 * self.statement_timeout_seconds)
    }
}

/// The URL may hold a password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").field("url", &show::masked(&self.url)).finish_non_exhaustive()
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// Whether there may be other nodes.
    pub enabled: bool,
    /// `redis://…` or `rediss://…`; empty for LISTEN and NOTIFY of PostgreSQL.
    pub redis_url: String,
    /// How often a node tells how many changes of presence it has made.
    pub heartbeat_ms: u64,
    /// A node that was not heard for so long is gone, and its people with it.
    pub lease_ms: u64,
}

/// The URL may hold a password.
impl fmt::Debug for BusConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusConfig").field("redis_url", &show::masked(&self.redis_url)).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// `file:///abs/folder` or `s3://bucket/prefix`; empty for a folder in the data folder.
    pub url: String,
    /// Uploads are refused while the disk that they arrive on has less free, in MiB. 0: never.
    pub min_free_mib: u64,
    pub s3_endpoint: String,
    pub s3_region: String,
    pub s3_access_key_id: String,
    pub s3_secret_access_key: Secret,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    pub jwt_secret: Secret,
    pub access_token_seconds: u64,
    pub refresh_token_seconds: u64,
    pub refresh_grace_seconds: u64,
    pub invite_seconds: u64,
    pub password_memory_kib: u32,
    pub password_iterations: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins that browsers may call from, beside our own and those that publishable keys list; comma separated in the
    /// environment; `*` for any.
    pub origins: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    pub enabled: bool,
    /// Requests per minute: of one caller to the API, and of one address to the sign-in routes.
    pub api_per_minute: u32,
    pub auth_per_minute: u32,
    /// Files uploaded per minute: by one user, and by all of a tenant.
    pub uploads_per_minute: u32,
    pub tenant_uploads_per_minute: u32,
    /// And how much, in MiB, per day.
    pub upload_mib_per_day: u32,
    pub tenant_upload_mib_per_day: u32,
    pub login_failures: u32,
    pub login_window_seconds: u64,
    /// Socket events of one connection, per minute, with a burst of the same size.
    pub messages_per_minute: u32,
    pub typing_per_minute: u32,
    pub events_per_minute: u32,
    pub sockets_per_user: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealtimeConfig {
    pub ping_interval_ms: u64,
    pub ping_timeout_ms: u64,
    pub connect_timeout_ms: u64,
    pub typing_ttl_ms: u64,
    pub inbox: usize,
    pub outbox: usize,
    pub outbox_bytes: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignmentConfig {
    pub enabled: bool,
    /// Open and in-progress tickets that one member of staff is given at most.
    pub max_open_per_agent: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundConfig {
    /// `host:port` with commas between them.
    pub own_hosts: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotConfig {
    /// Where a model lies that makes vectors of texts; empty for none.
    pub embedding_folder: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationsConfig {
    /// For one attempt to deliver to a webhook.
    pub webhook_timeout_seconds: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalyticsConfig {
    /// Whether this node counts what reports show.
    pub enabled: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where the collector listens; empty for none.
    pub otlp_endpoint: String,
    /// `name=value` with commas between them; carries keys.
    pub otlp_headers: Secret,
    pub service_name: String,
    pub resource_attributes: String,
    pub traces: bool,
    pub metrics: bool,
    pub logs: bool,
    pub traces_percent: u8,
    pub metrics_seconds: u64,
}
