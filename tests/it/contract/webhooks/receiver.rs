//! A server of a tenant's that is told things.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use smilechat::platform::secret::hmac_sha256;
use tokio::sync::Notify;

use super::until;

/// One request as it came.
#[derive(Clone)]
pub struct Got {
    pub path: String,
    pub headers: HeaderMap,
    pub raw: String,
    pub body: Value,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("ASCII")
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().expect("a type")
    }

    /// Whether one of its signatures is of this secret, as Standard Webhooks has it.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.raw);
        let signature = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &[signed.as_bytes()])));
        self.header("webhook-signature").split(' ').any(|one| one == signature)
    }
}

/// Each path is answered as it is told, 204 at first; `None` is when it is released.
#[derive(Clone)]
pub struct Receiver {
    pub released: Arc<Notify>,
    pub origin: String,
    pub got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<BTreeMap<String, Option<Response<()>>>>>,
}

impl Receiver {
    pub async fn serve() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let receiver = Self { released: Arc::default(), origin, got: Arc::default(), answers: Arc::default() };
        let served = receiver.clone();
        let answer = move |request: Request<Body>| {
            let served = served.clone();
            async move { served.answer(request).await }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        receiver
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
        let bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
        let raw = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let body = serde_json::from_str(&raw).expect("JSON");
        self.got.lock().expect("no panic").push(Got { path: path.clone(), headers, raw, body });
        let answer = self.answers.lock().expect("no panic").get(&path).cloned();
        match answer {
            Some(Some(answer)) => return answer.map(|()| Body::from("no word of this is read")),
            Some(None) => self.released.notified().await,
            None => {}
        }
        Response::builder().status(204).body(Body::empty()).expect("a response")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub fn say(&self, path: &str, status: u16, headers: &[(&'static str, &str)]) {
        let response = headers
            .iter()
            .fold(Response::builder().status(status), |response, (name, value)| response.header(*name, *value));
        let response = response.body(()).expect("a response");
        self.answers.lock().expect("no panic").insert(path.into(), Some(response));
    }

    pub fn hold(&self, path: &str) {
        self.answers.lock().expect("no panic").insert(path.into(), None);
    }

    pub fn recover(&self, path: &str) {
        self.answers.lock().expect("no panic").remove(path);
    }

    pub fn got(&self, path: &str) -> Vec<Got> {
        self.got.lock().expect("no panic").iter().filter(|got| got.path == path).cloned().collect()
    }

    pub fn kinds(&self, path: &str) -> Vec<String> {
        self.got(path).iter().map(|got| got.kind().to_owned()).collect()
    }

    /// Once there are so many; and there are no more.
    pub async fn until(&self, path: &str, count: usize) -> Vec<Got> {
        until(async || self.got(path).len() >= count).await;
        let got = self.got(path);
        assert_eq!(got.len(), count, "{:?}", self.kinds(path));
        got
    }
}
