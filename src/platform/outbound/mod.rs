//! Requests to addresses that tenants name: models, webhooks, site maps. Nobody may use the server to reach what only the server
//! can.
//!
//! A name is looked up once, addresses that are not public are refused, and the connection goes to what was looked up and judged:
//! a name that answers differently the next time gains nothing. Redirects are not followed, proxies of the environment not used,
//! and what comes back is read up to a number of bytes. Hosts of the operator's own network (a model beside the server) are
//! allowed by name and port in the configuration.
//!
//! Invariant: nothing of the target's answer or of the resolver's errors reaches the log or a client but a code.

mod address;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};

use super::tls;

/// What we call ourselves to whom we ask; what a robots.txt names us by.
pub const PRODUCT: &str = "SmileChat";
const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(30);

/// Why there is no answer. `as_str` is what others may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The address may not be asked: it is no public one.
    Refused,
    /// A name that stands for no public address, or for none at all. Which of the two nobody is told: the names of a network
    /// of ours are nobody's to find out.
    Nowhere,
    Unreachable,
    /// The answer did not come, or did not end, in time.
    TimedOut,
    /// More bytes than may be.
    TooLong,
    /// It broke off.
    Broken,
    /// An answer with this status, which is none of success, and the seconds that it wants to be left alone for.
    Status(u16, Option<u64>),
}

impl Failure {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused | Self::Nowhere => "refused_address",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timeout",
            Self::TooLong => "too_long",
            Self::Broken => "broken",
            Self::Status(401 | 403, _) => "not_authorized",
            Self::Status(429, _) => "rate_limited",
            Self::Status(500.., _) => "server_error",
            Self::Status(..) => "rejected",
        }
    }
}

/// The two clients share nothing but their settings: one goes to public addresses, the other to those that were allowed by name.
pub struct Outbound {
    /// Made when they are needed: most servers ask nobody.
    public: OnceLock<Client>,
    own: OnceLock<Client>,
    allowed: HashSet<String>,
}

impl Outbound {
    /// `allowed`: `host:port`, with commas between them.
    pub fn new(allowed: &str) -> anyhow::Result<Self> {
        let hosts = allowed.split(',').map(str::trim).filter(|host| !host.is_empty());
        let allowed = hosts.map(authority).collect::<anyhow::Result<_>>()?;
        Ok(Self { public: OnceLock::new(), own: OnceLock::new(), allowed })
    }

    /// Sends JSON and answers once the head of a success has come. The caller bounds the time of the whole.
    pub async fn post(&self, url: &Url, headers: &[(&'static str, String)], body: String) -> Result<Answer, Failure> {
        let request = self.client(url)?.post(url.clone()).header("content-type", "application/json").body(body);
        send(request, headers).await
    }

    /// Asks for a page. The caller follows a redirect, or does not.
    pub async fn get(&self, url: &Url) -> Result<Answer, Failure> {
        let response = self.client(url)?.get(url.clone()).send().await.map_err(failure)?;
        match response.status().as_u16() {
            200..=299 | 301 | 302 | 303 | 307 | 308 => Ok(Answer { response, left: usize::MAX }),
            status => Err(Failure::Status(status, None)),
        }
    }

    /// Whether it would be refused by its scheme or its number alone: a name is judged when it is looked up.
    pub fn refuses(&self, url: &Url) -> bool {
        self.judge(url).is_err()
    }

    fn client(&self, url: &Url) -> Result<&Client, Failure> {
        match self.judge(url)? {
            Side::Own => made(&self.own, builder),
            Side::Public => made(&self.public, || builder().dns_resolver(Arc::new(PublicOnly))),
        }
    }

    fn judge(&self, url: &Url) -> Result<Side, Failure> {
        let host = url.host_str().ok_or(Failure::Refused)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::Refused);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if self.allowed.contains(&format!("{host}:{port}")) {
            return Ok(Side::Own);
        }
        // A number is not looked up, so that the resolver would not see it.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(number) if !address::is_public(number) => Err(Failure::Refused),
            _ => Ok(Side::Public),
        }
    }
}

/// Which of the two clients asks.
enum Side {
    Own,
    Public,
}

fn made(client: &OnceLock<Client>, builder: impl FnOnce() -> ClientBuilder) -> Result<&Client, Failure> {
    if let Some(client) = client.get() {
        return Ok(client);
    }
    tls::install();
    let new = builder().build().map_err(|error| {
        tracing::error!(%error, "no HTTP client could be made");
        Failure::Unreachable
    })?;
    Ok(client.get_or_init(|| new))
}

fn builder() -> ClientBuilder {
    let agent = format!("{PRODUCT}/{}", env!("CARGO_PKG_VERSION"));
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
        .user_agent(agent)
}

/// As a URL writes it, so that `LOCALHOST:80` is what was meant.
fn authority(host: &str) -> anyhow::Result<String> {
    let url = Url::parse(&format!("http://{host}/")).with_context(|| format!("{host}: no host:port"))?;
    let explicit = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    match (url.host_str(), explicit) {
        (Some(name), Some(port)) if url.path() == "/" && url.username().is_empty() => Ok(format!("{name}:{port}")),
        _ => bail!("{host}: expected host:port, as in 127.0.0.1:11434"),
    }
}

async fn send(mut request: reqwest::RequestBuilder, headers: &[(&'static str, String)]) -> Result<Answer, Failure> {
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.send().await.map_err(failure)?;
    match response.status().as_u16() {
        200..300 => Ok(Answer { response, left: usize::MAX }),
        status => {
            let wait = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
            Err(Failure::Status(status, wait))
        }
    }
}

/// What came back, piece by piece.
pub struct Answer {
    response: Response,
    left: usize,
}

impl Answer {
    /// No more than so many bytes are read of it.
    pub fn up_to(mut self, bytes: usize) -> Self {
        self.left = bytes;
        self
    }

    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub fn is_json(&self) -> bool {
        self.is_of_type("application/json")
    }

    pub fn is_of_type(&self, kind: &str) -> bool {
        self.header("content-type").is_some_and(|found| found.starts_with(kind))
    }

    /// How its text is written, as its type says.
    pub fn charset(&self) -> Option<String> {
        let parameters = self.header("content-type")?.split(';').skip(1);
        let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
        let (_, charset) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
        Some(charset.trim().trim_matches('"').to_owned())
    }

    /// Where it sends to, if it is one that sends elsewhere.
    pub fn redirect(&self) -> Option<String> {
        self.response.status().is_redirection().then(|| self.header("location").unwrap_or_default().to_owned())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// None: it has ended.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(piece) = self.response.chunk().await.map_err(|_| Failure::Broken)? else { return Ok(None) };
        self.left = self.left.checked_sub(piece.len()).ok_or(Failure::TooLong)?;
        Ok(Some(piece))
    }

    /// The first so many bytes, where there are more.
    pub async fn first(mut self, bytes: usize) -> Result<Bytes, Failure> {
        let mut all = BytesMut::new();
        while all.len() < bytes
            && let Some(piece) = self.piece().await?
        {
            all.extend_from_slice(&piece[..piece.len().min(bytes - all.len())]);
        }
        Ok(all.freeze())
    }

    pub async fn whole(mut self) -> Result<Bytes, Failure> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

fn failure(error: reqwest::Error) -> Failure {
    let refused = |error: &(dyn std::error::Error + 'static)| error.is::<NotPublic>();
    let mut causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    match error {
        _ if causes.any(refused) => Failure::Nowhere,
        error if error.is_timeout() => Failure::TimedOut,
        error if error.is_connect() => Failure::Unreachable,
        _ => Failure::Broken,
    }
}

struct PublicOnly;

#[derive(Debug, thiserror::Error)]
#[error("this name stands for no public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<_> = found.map(Iterator::collect).unwrap_or_default();
            // One that is not public condemns the name: nobody needs both.
            match !found.is_empty() && found.iter().all(|found| address::is_public(found.ip())) {
                true => Ok(Box::new(found.into_iter()) as Addrs),
                false => Err(NotPublic.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(outbound: &Outbound, url: &str) -> Failure {
        let url = Url::parse(url).expect("a URL");
        outbound.post(&url, &[], String::new()).await.err().expect("a failure")
    }

    #[tokio::test]
    async fn what_only_the_server_can_reach_is_refused_by_number_and_by_name() {
        let outbound = Outbound::new("").expect("a client");
        for url in ["http://127.0.0.1:9/", "http://[::1]:9/", "http://2130706433/", "http://0x7f.1/"] {
            assert_eq!(asked(&outbound, url).await, Failure::Refused, "{url}");
        }
        // A name of ours and one that is nobody's (RFC 2606) are told apart by nothing.
        for url in ["http://localhost:9/", "http://nobody.invalid:9/"] {
            assert_eq!(asked(&outbound, url).await, Failure::Nowhere, "{url}");
        }
        assert_eq!(asked(&outbound, "ftp://example.com/").await, Failure::Refused);
        // Port 9 of this machine, which nobody serves.
        let outbound = Outbound::new(" LOCALHOST:9, 127.0.0.1:9").expect("a client");
        for url in ["http://127.0.0.1:9/", "http://localhost:9/"] {
            assert_eq!(asked(&outbound, url).await, Failure::Unreachable, "{url}");
        }
        assert_eq!(asked(&outbound, "http://127.0.0.1:10/").await, Failure::Refused);
        for bad in ["localhost", "http://x:1", "a b:1", "x:99999"] {
            assert!(Outbound::new(bad).is_err(), "{bad}");
        }
    }
}
