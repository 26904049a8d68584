//! What a site is asked for: each address through `platform/outbound`, redirects step by step and within the site, and no page that
//! its robots.txt disallows.

use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use reqwest::Url;
use tokio::time::timeout;

use super::robots::{self, Robots};
use crate::platform::outbound::{Answer, Failure, Outbound};

const MOST_REDIRECTS: usize = 3;
/// The protocol's limit of site maps, which an index of PostgreSQL bears.
pub const LONGEST_ADDRESS: usize = 2048;
/// Of one address, with its redirects.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same for an address that is not public and one that is not there: names of our network are nobody's to find out.
const ALLOWING: &str = "not a public address; the operator can allow a host of the own network, as host:port in \
    outbound.own_hosts (SMILECHAT_OUTBOUND__OWN_HOSTS)";

pub struct Found {
    /// Where it was in the end.
    pub url: Url,
    pub is_html: bool,
    pub charset: Option<String>,
    pub body: Bytes,
}

/// Why there is nothing.
pub enum Missing {
    Failed(Failure),
    Disallowed,
    TooLong,
    /// It sends to another site, of this origin, which one may want to name instead.
    Elsewhere(String),
}

impl Missing {
    /// Whoever may have pages imported may know which status it was: a page itself would tell more.
    pub fn in_words(self) -> String {
        match self {
            Self::Failed(Failure::Status(status, _)) => format!("status {status}"),
            Self::Failed(refused @ (Failure::Refused | Failure::Nowhere)) => {
                format!("{}: {ALLOWING}", refused.as_str())
            }
            Self::Failed(other) => other.as_str().to_owned(),
            Self::Disallowed => "robots.txt disallows it".to_owned(),
            Self::TooLong => "its address is too long".to_owned(),
            Self::Elsewhere(origin) => format!("it sends elsewhere, to {origin}"),
        }
    }
}

impl From<Failure> for Missing {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

pub async fn fetch(outbound: &Outbound, url: &Url, longest: usize, robots: &Robots) -> Result<Found, Missing> {
    in_time(async {
        let (url, answer) = follow(outbound, url, robots).await?;
        let is_html = answer.is_of_type("text/html") || answer.is_of_type("application/xhtml+xml");
        let charset = answer.charset();
        Ok(Found { url, is_html, charset, body: answer.up_to(longest).whole().await? })
    })
    .await
}

/// The rules of a site, and where they were found. A site without any allows all; one that cannot say what it allows, nothing.
pub async fn robots(outbound: &Outbound, site: &Url) -> anyhow::Result<(Robots, Url)> {
    let place = site.join("/robots.txt")?;
    let read = in_time(async {
        let (url, answer) = follow(outbound, &place, &Robots::default()).await?;
        Ok((robots::read(&answer.first(robots::LONGEST).await?), url))
    });
    match read.await {
        Ok(found) => Ok(found),
        Err(Missing::Failed(Failure::Status(400..500, _))) => Ok((Robots::default(), place)),
        Err(why @ Missing::Failed(Failure::Refused | Failure::Nowhere)) => bail!("{place}: {}", why.in_words()),
        Err(why) => bail!("{place}: {}; while it does not say what may be asked for, nothing is", why.in_words()),
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Missing>>) -> Result<T, Missing> {
    timeout(PATIENCE, asking).await.unwrap_or(Err(Missing::Failed(Failure::TimedOut)))
}

/// Follows redirects within the origin.
async fn follow(outbound: &Outbound, url: &Url, robots: &Robots) -> Result<(Url, Answer), Missing> {
    let mut url = url.clone();
    for _ in 0..=MOST_REDIRECTS {
        // Before the rules: each of them is tried on all of it.
        if url.as_str().len() > LONGEST_ADDRESS {
            return Err(Missing::TooLong);
        }
        if !robots.allows(&url) {
            return Err(Missing::Disallowed);
        }
        let answer = outbound.get(&url).await?;
        let Some(place) = answer.redirect() else { return Ok((url, answer)) };
        let next = url.join(&place).map_err(|_| Failure::Broken)?;
        // From http to https of the same host is where most sites send.
        let is_secured = url.scheme() == "http" && next.scheme() == "https" && next.host_str() == url.host_str();
        if next.origin() != url.origin() && !(is_secured && next.port().is_none()) {
            return Err(Missing::Elsewhere(next.origin().ascii_serialization()));
        }
        url = next;
    }
    Err(Failure::Broken.into())
}
