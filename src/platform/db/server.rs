//! Where a PostgreSQL server is and how it is spoken to: its URL, read once. Called by the pool, by migrations and by the
//! channel between nodes.
//!
//! `sslmode` and `sslrootcert` mean what they mean to libpq (docs/OPERATIONS.md has the table). The driver knows of the
//! former only a part, so they are taken out of the URL before it is handed on.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use percent_encoding::percent_decode_str;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::channel;
use super::failure::describe;
use super::hosts::{Hosts, One, in_time};
use super::trust::{Trust, roots, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A server that takes no packet for this long is gone.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);

const UNENCODED: &str =
    "the database URL is malformed: signs such as @ / ? % in the password have to be percent-encoded (@ is %40)";

#[derive(Clone)]
pub(super) struct Server {
    settings: Config,
    hosts: Arc<Hosts>,
    tls: MakeRustlsConnect,
}

impl Server {
    /// Errors are one line, and never repeat the URL, which may hold a password.
    pub fn of(url: &str) -> anyhow::Result<Self> {
        let (url, mode, root) = without_tls(url)?;
        // What the driver took for the name of a parameter may be of the password then.
        let may_tell = url.find('?').is_none_or(|mark| Some(mark) >= url.rfind('@'));
        let mut settings: Config = url.parse().map_err(|error| match may_tell {
            true => anyhow!("the database URL is malformed: {}", describe(&error)),
            false => anyhow!(UNENCODED),
        })?;
        // What follows the first @ of a password was taken for a host and a database, and would be shown as such.
        ensure!(!names_hold_an_at(&settings), UNENCODED);
        let hosts = Arc::new(Hosts::of(&settings)?);
        settings.application_name("smilechat");
        settings.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(TCP_TIMEOUT);
        settings.keepalives_idle(TCP_TIMEOUT).keepalives_interval(Duration::from_secs(1)).keepalives_retries(3);
        let (mode, trust) = meaning(mode.as_deref().unwrap_or("prefer"), root.as_deref())?;
        // As in libpq: what goes through a socket of this machine is seen by nobody.
        settings.ssl_mode(if hosts.are_sockets() { SslMode::Disable } else { mode });
        Ok(Self { settings, hosts, tls: MakeRustlsConnect::new(tls(trust)?) })
    }

    /// Of the hosts, whichever takes writes at that moment: after a failover it is another one, and the old one may be back as
    /// its standby. Also without `target_session_attrs` in the URL, since nothing else is of use here.
    pub fn that_takes_writes(mut self) -> anyhow::Result<Self> {
        let is_for_reads = self.settings.get_target_session_attrs() == TargetSessionAttrs::ReadOnly;
        ensure!(!is_for_reads, "target_session_attrs=read-only in the database URL: the server writes there");
        self.settings.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(self)
    }

    /// A connection, carried by a task beside the caller. What is notified on it goes to `heard`; it ends with the handle, or when nobody
    /// takes that. The error is one line.
    pub async fn connect(&self, heard: mpsc::Sender<String>) -> anyhow::Result<(Client, AbortHandle)> {
        let mut refusals = Vec::new();
        for (place, host) in self.hosts.in_turn(&self.settings) {
            match self.connect_to_host(host, &heard).await {
                Ok(connected) => {
                    self.hosts.note_answer(place);
                    return Ok(connected);
                }
                Err(why) => refusals.push((host, why)),
            }
        }
        match &refusals[..] {
            [(_, why)] => Err(anyhow!("{why}")),
            all => Err(anyhow!(all.iter().map(|(host, why)| format!("{host}: {why}")).collect::<Vec<_>>().join("; "))),
        }
    }

    /// Of the addresses of its name, too, the first one that answers.
    async fn connect_to_host(&self, host: &One, heard: &mpsc::Sender<String>) -> anyhow::Result<(Client, AbortHandle)> {
        let mut refusal = anyhow!("its name has no address");
        for address in host.addresses().await? {
            let connecting = self.connect_by(host.settings(&self.settings, address), heard.clone());
            match in_time(connecting).await {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(error)) => refusal = anyhow!(describe(&error)),
                Err(late) => refusal = late,
            }
        }
        Err(refusal)
    }

    async fn connect_by(
        &self,
        settings: Config,
        heard: mpsc::Sender<String>,
    ) -> Result<(Client, AbortHandle), tokio_postgres::Error> {
        match settings.connect(self.tls.clone()).await {
            Err(error) if self.may_be_in_the_clear() && is_about_tls(&error) => {
                let mut settings = settings;
                let (client, connection) = settings.ssl_mode(SslMode::Disable).connect(NoTls).await?;
                Ok((client, channel::drive(connection, heard)))
            }
            connected => connected.map(|(client, connection)| (client, channel::drive(connection, heard))),
        }
    }

    /// Whether it was left open if the connection is encrypted.
    pub fn may_be_in_the_clear(&self) -> bool {
        self.settings.get_ssl_mode() == SslMode::Prefer
    }

    /// Whether all of it is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.hosts.are_loopback()
    }

    /// Host, port and database, without the password.
    pub fn address(&self) -> String {
        format!("{}, database {}", self.hosts, self.settings.get_dbname().unwrap_or_default())
    }
}

fn names_hold_an_at(settings: &Config) -> bool {
    settings.get_dbname().is_some_and(|name| name.contains('@'))
        || settings.get_hosts().iter().any(|host| match host {
            Host::Tcp(name) => name.contains('@'),
            Host::Unix(folder) => folder.as_os_str().as_encoded_bytes().contains(&b'@'),
        })
}

/// The URL without `sslmode` and `sslrootcert`, and these.
fn without_tls(url: &str) -> anyhow::Result<(String, Option<String>, Option<String>)> {
    // The driver reads up to the first @ as name and password, which may hold a question mark.
    let host = url.find('@').unwrap_or(0);
    let Some(question) = url[host..].find('?').map(|place| host + place) else {
        return Ok((url.to_owned(), None, None));
    };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for parameter in url[question + 1..].split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let wanted = match name {
            "sslmode" => &mut mode,
            "sslrootcert" => &mut root,
            _ => {
                rest.push(parameter);
                continue;
            }
        };
        let value = percent_decode_str(value).decode_utf8().with_context(|| format!("{name} is not UTF-8"))?;
        *wanted = Some(value.into_owned());
    }
    let mark = if rest.is_empty() { "" } else { "?" };
    Ok((format!("{}{mark}{}", &url[..question], rest.join("&")), mode, root))
}

/// libpq's modes, as the driver's and who is believed.
fn meaning(mode: &str, root: Option<&str>) -> anyhow::Result<(SslMode, Trust)> {
    let is_system = root == Some("system");
    ensure!(
        !is_system || mode == "verify-full",
        "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate of a public authority"
    );
    Ok(match (mode, root) {
        ("disable" | "prefer", Some(_)) => {
            bail!("sslrootcert needs sslmode=require, verify-ca or verify-full in the database URL")
        }
        ("disable", None) => (SslMode::Disable, Trust::Anybody),
        ("prefer", None) => (SslMode::Prefer, Trust::Anybody),
        ("require", None) => (SslMode::Require, Trust::Anybody),
        // libpq holds the certificate against the roots as soon as it is given some.
        ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Trust::Chain(roots(root)?)),
        ("verify-full", _) => (SslMode::Require, Trust::ChainAndName(roots(root.filter(|_| !is_system))?)),
        _ => bail!("sslmode in the database URL takes disable, prefer, require, verify-ca or verify-full"),
    })
}

/// Whether it could be otherwise without TLS: the handshake failed, or the server's rules refuse a connection of this kind.
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    let fault = error.source().and_then(|source| source.downcast_ref::<io::Error>()).and_then(io::Error::get_ref);
    fault.is_some_and(|fault| fault.is::<rustls::Error>())
        || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_tls_is_taken_out_of_the_url_and_nothing_else() {
        for (url, rest, mode, root) in [
            ("postgres://db/chat", "postgres://db/chat", None, None),
            ("postgres://db/chat?sslmode=require", "postgres://db/chat", Some("require"), None),
            (
                "postgres://app:a?sslmode=b@db/chat?user=x&sslrootcert=%2Fetc%2Fa%20b.pem&sslmode=verify-full&keepalives=0",
                "postgres://app:a?sslmode=b@db/chat?user=x&keepalives=0",
                Some("verify-full"),
                Some("/etc/a b.pem"),
            ),
        ] {
            let expected = (rest.to_owned(), mode.map(str::to_owned), root.map(str::to_owned));
            assert_eq!(without_tls(url).expect("it is well formed"), expected);
        }
    }

    #[test]
    fn nothing_is_repeated_that_may_be_of_the_password() {
        let fault = |url: &str| Server::of(url).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(fault("postgres://app:p@db/chat?sslcert=/x.pem").contains("unknown option `sslcert`"));
        assert!(fault("postgres://app:p@db:port/chat").contains("port"));
        for url in [
            "postgres://app:p@w?canary=1@db/chat",
            "postgres://app:p@w?x=1&canary=@db/chat?sslcert=/x.pem",
            "postgres://app:p@canary@db/chat",
            "postgres://app:p@canary/1@db/chat",
            "postgres://app:p@x/canary@db:5432/chat",
            "postgres://app:p@x,canary@db/chat",
            "postgres://app:p@%2Fcanary@db/chat",
        ] {
            let fault = fault(url);
            assert!(fault.contains("percent-encoded") && !fault.contains("canary"), "{url}: {fault}");
        }
    }

    #[test]
    fn a_mode_that_would_not_do_what_it_says_is_refused() {
        for (mode, root) in [
            ("allow", None),
            ("VERIFY-FULL", None),
            ("", None),
            ("prefer", Some("/etc/hosts")),
            ("disable", Some("/etc/hosts")),
            ("require", Some("system")),
            ("verify-ca", Some("system")),
            ("verify-full", Some("/nowhere.pem")),
            ("verify-full", Some("/etc/hostname")),
        ] {
            assert!(meaning(mode, root).is_err(), "{mode} {root:?}");
        }
    }

    #[test]
    fn a_socket_of_this_machine_knows_no_tls() {
        let mode = |url: &str| Server::of(url).expect("it is well formed").settings.get_ssl_mode();
        assert_eq!(mode("postgres:///chat?host=/run/postgresql&sslmode=require"), SslMode::Disable);
        assert_eq!(mode("postgres://db/chat?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://db/chat"), SslMode::Prefer);
    }

    #[test]
    fn a_standby_is_no_database_to_write_to() {
        let attributes = |url: &str| {
            let server = Server::of(url).and_then(Server::that_takes_writes)?;
            anyhow::Ok(server.settings.get_target_session_attrs())
        };
        for url in
            ["postgres://db/chat", "postgres://a,b/chat", "postgres://a:1,b:2/chat?target_session_attrs=read-write"]
        {
            assert_eq!(attributes(url).expect("it is well formed"), TargetSessionAttrs::ReadWrite, "{url}");
        }
        assert!(attributes("postgres://a,b/chat?target_session_attrs=read-only").is_err());
        assert!(attributes("postgres://a,b/chat?target_session_attrs=standby").is_err());
    }

    #[test]
    fn loopback_is_this_machine_and_nothing_else() {
        let is_loopback = |url: &str| Server::of(url).expect("it is well formed").is_loopback();
        for url in ["postgres://localhost/chat", "postgres://127.0.0.2,127.0.0.1/chat", "postgres:///chat?host=/run"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["postgres://db/chat", "postgres://127.0.0.1,db/chat", "postgres://localhost/chat?hostaddr=10.0.0.1"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
