//! Brings one kind of batches to the collector, and notes how that went.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, Uri};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::pairs;
use crate::platform::config::TelemetryConfig;
use crate::platform::tls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
/// A collector has little to say.
const MOST_ANSWERED: u64 = 64 * 1024;
const GRPC_PORT: u16 = 4317;

#[derive(Clone, Debug)]
pub struct Courier {
    client: Client,
    signal: &'static str,
    is_failing: Arc<AtomicBool>,
}

/// With the headers that the collector wants. Redirects are not followed: they would carry the key elsewhere.
pub fn client(config: &TelemetryConfig) -> anyhow::Result<Client> {
    tls::install();
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(config.otlp_headers.expose()).context("telemetry.otlp_headers")? {
        let name: HeaderName = name.parse().context("telemetry.otlp_headers: a name")?;
        let mut value: HeaderValue = value.parse().context("telemetry.otlp_headers: a value")?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let builder = Client::builder().default_headers(headers).redirect(Policy::none());
    builder.connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build().context("the client for telemetry")
}

impl Courier {
    pub fn new(client: Client, signal: &'static str) -> Self {
        Self { client, signal, is_failing: Arc::default() }
    }

    /// Blocks, for a few seconds at most.
    pub fn bring(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri().clone();
        let answer = self.send(request);
        let fault = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(in_words(&**error, uri.port_u16())),
        };
        self.note(&uri, fault);
        answer
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        use std::io::Read;
        let answer = self.client.execute(request.try_into()?)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        answer.take(MOST_ANSWERED).read_to_end(&mut body)?;
        let mut response = Response::new(Bytes::from(body));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }

    fn note(&self, uri: &Uri, fault: Option<String>) {
        let (signal, outcome) = (self.signal, if fault.is_none() { "ok" } else { "failed" });
        metrics::counter!("smilechat_telemetry_exports_total", "signal" => signal, "outcome" => outcome).increment(1);
        let was_failing = self.is_failing.swap(fault.is_some(), Ordering::Relaxed);
        match fault {
            Some(error) if !was_failing => {
                let address = without_credentials(uri);
                tracing::warn!(
                    signal,
                    address,
                    error,
                    "the collector does not take telemetry; it is dropped until it does"
                );
            }
            None if was_failing => tracing::info!(signal, "the collector takes telemetry again"),
            _ => {}
        }
    }
}

impl HttpClient for Courier {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        // The exporters call from threads of their own, which have nothing else to do.
        Box::pin(async move { self.bring(request) })
    }
}

/// The innermost cause: the layers above it repeat the address.
fn in_words(error: &(dyn std::error::Error + 'static), port: Option<u16>) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let sent = error.downcast_ref::<reqwest::Error>();
    let is_no_http = sent.is_some_and(|error| error.is_request() && !error.is_connect() && !error.is_timeout());
    let is_grpc = is_no_http || port == Some(GRPC_PORT);
    format!("{cause}{}", if is_grpc { "; is that gRPC's port (4317)? HTTP's is 4318" } else { "" })
}

fn without_credentials(uri: &Uri) -> String {
    let (scheme, path) = (uri.scheme_str().unwrap_or_default(), uri.path());
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}{path}", uri.host().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::platform::config;

    /// What is said of a server that takes one request and says this.
    fn said_of(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = thread::spawn(move || {
            let (mut peer, _) = listener.accept().expect("a peer");
            let _ = peer.read(&mut [0; 1024]);
            let _ = peer.write_all(answer);
        });
        let loaded = config::load(&Default::default(), None, Vec::new()).expect("no mistake");
        let courier = Courier::new(client(&loaded.config.telemetry).expect("a client"), "traces");
        let request = Request::post(format!("http://{address}/v1/traces")).body(Bytes::new()).expect("a request");
        let error = courier.send(request).expect_err("no HTTP");
        server.join().expect("no panic");
        in_words(&*error, Some(address.port()))
    }

    #[test]
    fn who_speaks_no_http_is_perhaps_grpcs() {
        // The first frame of HTTP/2, and an end without a word.
        for answer in [&b"\0\0\0\x04\0\0\0\0\0"[..], b""] {
            let words = said_of(answer);
            assert!(words.contains("4318"), "{words}");
        }
    }

    #[test]
    fn an_address_is_told_without_its_password() {
        let uri = "https://key:hunter2@otlp.example:4318/v1/traces".parse().expect("an address");
        assert_eq!(without_credentials(&uri), "https://otlp.example:4318/v1/traces");
    }
}
