//! The hosts of a PostgreSQL URL, asked one after another until one of them answers.
//!
//! The driver would do so as well, but bounds only how long a host may take to accept a connection: behind one that accepts and
//! then says nothing, as a server that was stopped or whose disk hangs does, it would never get to the next.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{anyhow, ensure};
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};

use crate::platform::random::Random;

/// For what comes before the first statement: the connection, TLS, the password, whether it takes writes. And for a name.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Hosts {
    hosts: Vec<One>,
    /// Which of them answered last. It is asked first: behind one that says nothing, each new connection would wait otherwise.
    last: AtomicUsize,
}

pub(super) struct One {
    /// None: only the address is known.
    name: Option<Host>,
    address: Option<IpAddr>,
    port: u16,
}

impl Hosts {
    pub fn of(settings: &Config) -> anyhow::Result<Self> {
        let (names, addresses, ports) = (settings.get_hosts(), settings.get_hostaddrs(), settings.get_ports());
        let number = names.len().max(addresses.len());
        ensure!(number > 0, "the database URL names no host");
        let fits = |length: usize| length <= 1 || length == number;
        ensure!(
            names.is_empty() || addresses.is_empty() || names.len() == addresses.len(),
            "the database URL has {} hosts and {} of hostaddr: each host needs one",
            names.len(),
            addresses.len()
        );
        ensure!(fits(ports.len()), "the database URL has {number} hosts and {} ports", ports.len());
        let one = |place: usize| One {
            name: names.get(place).cloned(),
            address: addresses.get(place).copied(),
            port: ports.get(place).or(ports.first()).copied().unwrap_or(5432),
        };
        Ok(Self { hosts: (0..number).map(one).collect(), last: AtomicUsize::new(0) })
    }

    /// All of them, each with its place.
    pub fn in_turn(&self, settings: &Config) -> impl Iterator<Item = (usize, &One)> {
        let number = self.hosts.len();
        let first = match settings.get_load_balance_hosts() {
            LoadBalanceHosts::Random => random_below(number),
            _ => self.last.load(Ordering::Relaxed),
        };
        (first..number).chain(0..first).map(|place| (place, &self.hosts[place]))
    }

    pub fn note_answer(&self, place: usize) {
        self.last.store(place, Ordering::Relaxed);
    }

    /// Whether they are sockets of this machine, through which nothing has to be encrypted.
    pub fn are_sockets(&self) -> bool {
        self.hosts.iter().all(|host| host.address.is_none() && matches!(host.name, Some(Host::Unix(_))))
    }

    /// Whether all of them are this machine.
    pub fn are_loopback(&self) -> bool {
        self.hosts.iter().all(|host| {
            let is_loopback = |name: &str| name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
            let is_named_so = !matches!(&host.name, Some(Host::Tcp(name)) if !is_loopback(name));
            is_named_so && host.address.is_none_or(|address| address.is_loopback())
        })
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        f.write_str(&hosts.join(", "))
    }
}

impl One {
    /// Where it is. None: its name is a place.
    pub async fn addresses(&self) -> anyhow::Result<Vec<Option<IpAddr>>> {
        let (Some(Host::Tcp(name)), None) = (&self.name, self.address) else { return Ok(vec![self.address]) };
        let found = in_time(lookup_host((name.as_str(), self.port))).await??;
        Ok(found.map(|found| Some(found.ip())).collect())
    }

    /// The same settings, for this host and address alone.
    pub fn settings(&self, all: &Config, address: Option<IpAddr>) -> Config {
        let mut one = Config::new();
        match &self.name {
            Some(Host::Tcp(name)) => _ = one.host(name),
            Some(Host::Unix(folder)) => _ = one.host_path(folder),
            None => {}
        }
        if let Some(address) = address {
            one.hostaddr(address);
        }
        let set = |text: Option<&str>, put: &mut dyn FnMut(&str)| text.into_iter().for_each(put);
        set(all.get_user(), &mut |user| _ = one.user(user));
        set(all.get_dbname(), &mut |name| _ = one.dbname(name));
        set(all.get_options(), &mut |options| _ = one.options(options));
        set(all.get_application_name(), &mut |name| _ = one.application_name(name));
        all.get_password().into_iter().for_each(|password| _ = one.password(password));
        all.get_connect_timeout().into_iter().for_each(|time| _ = one.connect_timeout(*time));
        all.get_tcp_user_timeout().into_iter().for_each(|time| _ = one.tcp_user_timeout(*time));
        all.get_keepalives_interval().into_iter().for_each(|time| _ = one.keepalives_interval(time));
        all.get_keepalives_retries().into_iter().for_each(|number| _ = one.keepalives_retries(number));
        one.keepalives(all.get_keepalives()).keepalives_idle(all.get_keepalives_idle());
        one.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation());
        one.target_session_attrs(all.get_target_session_attrs()).channel_binding(all.get_channel_binding());
        one.port(self.port);
        one
    }
}

impl fmt::Display for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.address) {
            (Some(Host::Tcp(name)), _) => write!(f, "{name}:{}", self.port),
            (Some(Host::Unix(folder)), _) => write!(f, "{}:{}", folder.display(), self.port),
            (None, Some(address)) => write!(f, "{address}:{}", self.port),
            (None, None) => Ok(()),
        }
    }
}

/// A step of coming to a connection, if it does not take too long.
pub(super) async fn in_time<T>(step: impl Future<Output = T>) -> anyhow::Result<T> {
    timeout(PATIENCE, step).await.map_err(|_| anyhow!("no answer within {} s", PATIENCE.as_secs()))
}

fn random_below(number: usize) -> usize {
    let mut bytes = [0; 4];
    Random::System.fill(&mut bytes);
    u32::from_le_bytes(bytes) as usize % number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> anyhow::Result<Hosts> {
        Hosts::of(&url.parse()?)
    }

    /// Only the place of the server differs: what else stands in a URL, or is set, is kept.
    #[test]
    fn the_settings_of_one_host_are_all_of_them() {
        let url = "postgres://app:p@db1:5433,db2:5434/chat?options=-cx%3Dy&keepalives=0&keepalives_idle=7&keepalives_interval=8\
                   &keepalives_retries=9&connect_timeout=3&tcp_user_timeout=4&target_session_attrs=read-write\
                   &channel_binding=require&sslmode=require&application_name=x&sslnegotiation=direct";
        let all: Config = url.parse().expect("it is well formed");
        let hosts = Hosts::of(&all).expect("two hosts");
        for (host, place) in hosts.hosts.iter().zip(["db1:5433", "db2:5434"]) {
            let expected: Config = url.replace("db1:5433,db2:5434", place).parse().expect("it is well formed");
            assert_eq!(host.settings(&all, None), expected);
        }
        let socket: Config = "postgres:///chat?host=/run&user=app".parse().expect("it is well formed");
        assert_eq!(Hosts::of(&socket).expect("one").hosts[0].settings(&socket, None).get_hosts(), socket.get_hosts());
    }

    #[test]
    fn hosts_addresses_and_ports_go_together() {
        let shown = |url: &str| hosts(url).expect("it is well formed").to_string();
        assert_eq!(shown("postgres://a,b:1/chat?hostaddr=10.0.0.1,10.0.0.2"), "a:5432, b:1");
        assert_eq!(shown("postgres:///chat?host=/run&port=7"), "/run:7");
        assert_eq!(shown("postgres:///chat?hostaddr=10.0.0.1"), "10.0.0.1:5432");
        for url in ["postgres:///chat", "postgres://a,b/chat?hostaddr=10.0.0.1", "postgres://a,b,c/chat?port=1,2"] {
            assert!(hosts(url).is_err(), "{url}");
        }
    }
}
