//! Where Redis is, from its URL, and which server of several it is just now.
//!
//! - `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS: one server.
//! - `redis+sentinel://[user:password@]host[:port],…/name[/db]`: the master that these sentinels know under `name`. User and
//!   password are those of the servers; sentinels that ask for one get it by `?sentinel_password=…`.
//! - `redis+cluster://[user:password@]host[:port],…`: a cluster, some of whose nodes these are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use redis::{Client, Value};
use tokio::time::timeout;

/// For one of several servers to answer, before the next one is asked.
const EACH: Duration = Duration::from_millis(700);
const PORT: u16 = 6379;
const PORT_OF_SENTINEL: u16 = 26379;

pub(super) enum Place {
    Server(Client),
    Sentinel { sentinels: Several, name: String, server: Template },
    Cluster { nodes: Several, server: Template },
}

/// Addresses of which one does. Which one was asked last is remembered, so that one that hangs is not asked first again.
pub(super) struct Several {
    clients: Vec<Client>,
    next: AtomicUsize,
}

/// What the URL of a server has before and behind its address.
pub(super) struct Template {
    scheme: &'static str,
    credentials: String,
    database: String,
}

impl Place {
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_tls = scheme.starts_with("rediss");
        let kind = scheme.strip_prefix(if is_tls { "rediss" } else { "redis" })?;
        if kind.is_empty() {
            let has_host = !rest.trim_matches('/').is_empty() && !rest.contains(',');
            return has_host.then(|| Client::open(url).ok()).flatten().map(Self::Server);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), authority),
        };
        let scheme = if is_tls { "rediss" } else { "redis" };
        match kind {
            "+sentinel" => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                let password = match query {
                    "" => String::new(),
                    query => format!(":{}@", query.strip_prefix("sentinel_password=")?),
                };
                let sentinel = Template { scheme, credentials: password, database: String::new() };
                let server = Template { scheme, credentials, database: database.into() };
                server.at("127.0.0.1", PORT).ok()?;
                let sentinels = Several::parse(&sentinel, hosts, PORT_OF_SENTINEL)?;
                (!name.is_empty()).then(|| Self::Sentinel { sentinels, name: name.into(), server })
            }
            // A cluster has one database.
            "+cluster" if path.is_empty() && query.is_empty() => {
                let server = Template { scheme, credentials, database: String::new() };
                Some(Self::Cluster { nodes: Several::parse(&server, hosts, PORT)?, server })
            }
            _ => None,
        }
    }

    /// What can be done at the server, or at one node of a cluster, whichever.
    pub async fn first<T, F>(&self, work: impl Fn(Client) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        match self {
            Self::Server(client) => work(client.clone()).await,
            Self::Cluster { nodes, .. } => nodes.first(work).await,
            Self::Sentinel { sentinels, name, server } => {
                let master = sentinels.first(|sentinel| master(sentinel, name, server)).await?;
                work(master).await
            }
        }
    }

    /// The node of a cluster that has `key`, asked for at another one. None where there is but one server.
    pub async fn owner_of(
        &self,
        key: &str,
        mut asked: impl redis::aio::ConnectionLike,
    ) -> anyhow::Result<Option<Client>> {
        let Self::Cluster { server, .. } = self else { return Ok(None) };
        let slot: i64 = redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query_async(&mut asked).await?;
        let slots: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut asked).await?;
        let (host, port) = owner(&slots, slot).context("no node of the cluster has the slot")?;
        server.at(&host, port).map(Some)
    }
}

/// Of stretches of slots, each as its first, its last, its owner and its replicas: whose `slot` is.
fn owner(slots: &Value, slot: i64) -> Option<(String, u16)> {
    let Value::Array(stretches) = slots else { return None };
    stretches.iter().find_map(|stretch| {
        let Value::Array(stretch) = stretch else { return None };
        let [Value::Int(first), Value::Int(last), Value::Array(owner), ..] = stretch.as_slice() else { return None };
        let [Value::BulkString(host), Value::Int(port), ..] = owner.as_slice() else { return None };
        let is_it = (*first..=*last).contains(&slot);
        is_it.then(|| Some((String::from_utf8(host.clone()).ok()?, u16::try_from(*port).ok()?))).flatten()
    })
}

/// Whom a sentinel names. One that was cut off may name a server that is master no more.
async fn master(sentinel: Client, name: &str, server: &Template) -> anyhow::Result<Client> {
    let mut asked = sentinel.get_multiplexed_async_connection().await?;
    let mut question = redis::cmd("SENTINEL");
    let named: Option<(String, u16)> =
        question.arg("get-master-addr-by-name").arg(name).query_async(&mut asked).await?;
    let (host, port) = named.ok_or_else(|| anyhow!("the sentinel knows no master {name}"))?;
    let client = server.at(&host, port)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let role: Value = redis::cmd("ROLE").query_async(&mut connection).await?;
    let is_master = matches!(&role, Value::Array(told) if told.first() == Some(&Value::BulkString(b"master".to_vec())));
    ensure!(is_master, "{host}:{port} is no master");
    Ok(client)
}

impl Template {
    fn at(&self, host: &str, port: u16) -> anyhow::Result<Client> {
        let Self { scheme, credentials, database } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let client = Client::open(format!("{scheme}://{credentials}{host}:{port}/{database}"));
        client.map_err(|_| anyhow!("the Redis URL is malformed"))
    }
}

impl Several {
    fn parse(template: &Template, hosts: &str, default_port: u16) -> Option<Self> {
        let client = |place: &str| {
            let (host, port) = match place.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
                _ => (place, default_port),
            };
            let host = host.trim_start_matches('[').trim_end_matches(']');
            if host.is_empty() { None } else { template.at(host, port).ok() }
        };
        let clients = hosts.split(',').map(client).collect::<Option<Vec<_>>>()?;
        Some(Self { clients, next: AtomicUsize::new(0) })
    }

    async fn first<T, F>(&self, work: impl Fn(Client) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let count = self.clients.len();
        let begin = self.next.load(Ordering::Relaxed);
        let mut last = anyhow!("none of them answers");
        for place in (begin..begin + count).map(|place| place % count) {
            // Whoever waits for us may lose patience: the next try begins with another one.
            self.next.store(place + 1, Ordering::Relaxed);
            match timeout(EACH, work(self.clients[place].clone()))
                .await
                .context("it does not answer")
                .and_then(|done| done)
            {
                Ok(done) => {
                    self.next.store(place, Ordering::Relaxed);
                    return Ok(done);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(several: &Several) -> Vec<String> {
        several.clients.iter().map(|client| client.get_connection_info().addr().to_string()).collect()
    }

    #[test]
    fn each_form_is_read_and_nothing_else_is() {
        let parse = Place::parse;
        assert!(matches!(parse("redis://127.0.0.1:6379"), Some(Place::Server(_))));
        assert!(matches!(parse("redis://user:p%40ss@db/3"), Some(Place::Server(_))));
        let Some(Place::Sentinel { sentinels, name, server }) =
            parse("redis+sentinel://app:p%40ss@a:1,b,[::1]:3/chat/2?sentinel_password=q")
        else {
            panic!("it is one of sentinels");
        };
        assert_eq!(addresses(&sentinels), ["a:1", "b:26379", "::1:3"]);
        let redis = server.at("c", 9).expect("a URL");
        let settings = redis.get_connection_info().redis_settings();
        assert_eq!((name.as_str(), settings.db(), settings.password()), ("chat", 2, Some("p@ss")));
        let Some(Place::Cluster { nodes, .. }) = parse("redis+cluster://:secret@a:7000,b") else {
            panic!("it is one of a cluster");
        };
        assert_eq!(addresses(&nodes), ["a:7000", "b:6379"]);
        for wrong in [
            "redis://",
            "redis://a,b",
            "http://a",
            "redis+sentinel://a:1,b:2",
            "redis+sentinel://a:1,,b:2/chat",
            "redis+sentinel://a:1/chat/x",
            "redis+sentinel://a:1/chat?password=x",
            "redis+sentinel://a:70000/chat",
            "redis+cluster://",
            "redis+cluster://a:7000/1",
            "redis+other://a",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_slot_has_the_owner_of_its_stretch() {
        let owner_is = |host: &str| Value::Array(vec![Value::BulkString(host.into()), Value::Int(7000)]);
        let stretch = |first, last, host| Value::Array(vec![Value::Int(first), Value::Int(last), owner_is(host)]);
        let slots = Value::Array(vec![stretch(0, 5460, "a"), stretch(5461, 16383, "b")]);
        assert_eq!(owner(&slots, 5460), Some(("a".into(), 7000)));
        assert_eq!(owner(&slots, 5461), Some(("b".into(), 7000)));
        assert_eq!(owner(&Value::Array(Vec::new()), 0), None);
    }

    #[tokio::test]
    async fn one_that_hangs_is_not_asked_first_again() {
        let template = Template { scheme: "redis", credentials: String::new(), database: String::new() };
        let several = Several::parse(&template, "a,b,c", PORT).expect("three");
        let asked = async |client: Client| anyhow::Ok(client.get_connection_info().addr().to_string());
        let hangs = several.first(|_| std::future::pending::<anyhow::Result<()>>());
        assert!(timeout(EACH / 10, hangs).await.is_err());
        assert_eq!(several.first(asked).await.expect("the second"), "b:6379");
        assert_eq!(several.first(asked).await.expect("it again"), "b:6379");
    }
}
