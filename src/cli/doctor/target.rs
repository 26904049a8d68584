//! What is examined, and the requests to it: each on a connection of its own, so that a proxy may send each to another node,
//! and no redirect followed, since clients lose their POST by one.

use std::time::Duration;

use anyhow::{Context, ensure};
use http::{HeaderMap, Method};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use super::report::Finding;
use crate::cli::arguments::Doctor;
use crate::cli::top::innermost;
use crate::platform::tls;

/// More than anything that is asked for here: in bytes.
const LARGEST_ANSWER: usize = 4 << 20;
const TIMEOUT: Duration = Duration::from_secs(15);

pub struct Target {
    pub url: Url,
    pub origin: Option<String>,
    pub api_key: Option<String>,
    client: Client,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Target {
    pub fn new(given: &Doctor) -> anyhow::Result<Self> {
        tls::install();
        let with_scheme = if given.url.contains("://") { given.url.clone() } else { format!("https://{}", given.url) };
        let mut url: Url = with_scheme.parse().with_context(|| format!("{} is no address", given.url))?;
        ensure!(["http", "https"].contains(&url.scheme()), "the address begins with https:// or http://");
        ensure!(url.host_str().is_some(), "{} names no host", given.url);
        url.set_path("/");
        url.set_query(None);
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).pool_max_idle_per_host(0);
        let client = client.no_proxy().build().context("the client of the doctor")?;
        Ok(Self { url, origin: given.origin.clone(), api_key: given.api_key.clone(), client })
    }

    pub fn shown(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// As a name to look up: an IPv6 address without its brackets.
    pub fn name(&self) -> &str {
        self.host().trim_start_matches('[').trim_end_matches(']')
    }

    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub fn is_this_machine(&self) -> bool {
        self.name() == "localhost" || self.name().parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }

    /// Whether pages of this origin come from here, and need no CORS.
    pub fn is_own(&self, origin: &str) -> bool {
        origin.parse().is_ok_and(|page: Url| page.origin() == self.url.origin())
    }

    /// With the page's origin and the key, if they are known.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.shown()));
        if let Some(origin) = &self.origin {
            request = request.header("origin", origin);
        }
        request
    }

    pub async fn get(&self, path: &str) -> Result<Answer, Finding> {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Finding> {
        let lost = |error: reqwest::Error| {
            let what = if error.is_timeout() { "no answer in time".into() } else { innermost(&error) };
            Finding::broken(
                what,
                "The connection was taken and ended without an answer: look into the proxy's log at this moment.",
            )
        };
        let mut answer = request.send().await.map_err(lost)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(lost)? {
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(Finding::broken("the answer has no end in sight", "This is not SmileChat."));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body })
    }

    /// For the client of a request that must tell why it failed.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Who says to have answered, for the reader to know which hop it was.
    pub fn by(&self) -> String {
        self.header("server").map(|server| format!(" by `{server}`")).unwrap_or_default()
    }

    /// Every error of the server itself is a problem with a code; what has none comes from something in front of it.
    pub fn code(&self) -> Option<String> {
        self.json()["code"].as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_server_itself_is_known() {
        let given = |url: &str| Doctor { url: url.into(), api_key: None, origin: None, patience: None, json: false };
        for (url, origin, is_own) in [
            ("https://chat.example", "https://chat.example", true),
            ("chat.example", "https://chat.example:443", true),
            ("http://localhost:3100", "http://localhost:3100", true),
            ("http://localhost:3100", "http://localhost:3200", false),
            ("https://chat.example", "http://chat.example", false),
            ("https://chat.example", "https://shop.example", false),
            ("https://chat.example", "null", false),
        ] {
            assert_eq!(Target::new(&given(url)).expect("an address").is_own(origin), is_own, "{url} {origin}");
        }
    }
}
