//! Brings one kind of batches to the collector, and notes how that went.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::pairs;
use crate::platform::config::TelemetryConfig;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
/// A collector has little to say.
const MOST_ANSWERED: u64 = 64 * 1024;

#[derive(Clone, Debug)]
pub struct Courier {
    client: Client,
    signal: &'static str,
    is_failing: Arc<AtomicBool>,
}

/// With the headers that the collector wants. Redirects are not followed: they would carry the key elsewhere.
pub fn client(config: &TelemetryConfig) -> anyhow::Result<Client> {
    // One provider for the process; it may be chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
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
        let answer = self.send(request);
        let fault = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(in_words(&**error)),
        };
        self.note(fault);
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

    fn note(&self, fault: Option<String>) {
        let (signal, outcome) = (self.signal, if fault.is_none() { "ok" } else { "failed" });
        metrics::counter!("smilechat_telemetry_exports_total", "signal" => signal, "outcome" => outcome).increment(1);
        let was_failing = self.is_failing.swap(fault.is_some(), Ordering::Relaxed);
        match fault {
            Some(error) if !was_failing => {
                tracing::warn!(signal, error, "the collector does not take telemetry; it is dropped until it does");
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
fn in_words(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
