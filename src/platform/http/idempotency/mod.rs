//! `Idempotency-Key` on the POSTs under /api: the first answer is kept for a day and given again.
//!
//! The key's row is inserted before the handler runs, so that of two requests at once one runs and the other is told to
//! wait. The handler runs in a task of its own: a client that hangs up neither stops it half-way nor leaves the row behind.
//!
//! The answer is kept after the handler's own transaction, not in it. A process that dies in between leaves the work done
//! and the key under way; half a minute after the request's time is up the key is free again, and a repeat does the work a
//! second time. Where that must not be, the row itself carries the client's key, as messages do with `client_id`.
//!
//! Invariants:
//! - A key belongs to a tenant, to a caller in a role (or an address, while nobody is signed in) and to a path.
//! - Answers are kept sealed with a key made of the server's secret and the Idempotency-Key, because they may hold tokens.
//! - The body of an upload is a stream that nobody holds whole. Its contents (`multipart::Contents`) and the query are what
//!   a repeat is held against; they are known when it has been read, and only what succeeded is kept: an upload that broke
//!   off is to be tried again. It has its time, also when nobody waits for it any more.
//! - Answers that may turn out otherwise next time (401, 429, 5xx) are not kept.
//! - An answer is given again to whoever might still get it (`Rules::may_see`): not what was said in a ticket that is gone,
//!   or that the caller has no right to any more.
//! - A refresh and a logout may come from a caller whom their headers do not name any more. Whose key it is then,
//!   `Rules::holder` says: it knows what a refresh token and an ended session are good for.

mod store;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use self::store::{Claim, Row};
use super::client_address::ClientAddress;
use super::identity::Identity;
use super::multipart::{self, Arriving, Contents};
use super::{body, request_id};
use crate::error::{Error, Result};
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::db::{self, Db, in_batches};
use crate::platform::limits::address_key;
use crate::platform::random::Random;
use crate::platform::secret::{Secret, open, seal};

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Answers are given again for this long.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// For what a request still does when its time is up.
const MARGIN: Duration = Duration::from_secs(30);
/// The headers of an answer that are given again with it.
const KEPT_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, LOCATION];

/// Of the files of a repeated upload, together.
const MAX_REPEATED: usize = 256 * 1024 * 1024;

/// What the floor cannot know, because it knows no user and no ticket.
pub trait Rules: Send + Sync {
    /// Whose key it is, where `request` and its body say more of it than the credentials in the headers. None: nobody's.
    fn holder<'a>(&'a self, request: &'a Parts, body: &'a [u8]) -> BoxFuture<'a, Option<Identity>>;

    /// An error if the caller could not get this answer any more.
    fn may_see<'a>(&'a self, request: &'a Parts, answer: &'a [u8]) -> BoxFuture<'a, Result<()>>;
}

pub(super) struct Keeper {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub secret: Secret,
    /// The paths that files are sent to.
    pub uploads: &'static [&'static str],
    /// How long a request may take, and how long an upload.
    pub request_time: Duration,
    pub upload_time: Duration,
    pub rules: Arc<dyn Rules>,
}

impl Keeper {
    /// A claim older than this was left by a process that died: whoever comes next takes it over.
    fn claim_holds(&self, path: &str) -> Duration {
        let time = if self.uploads.contains(&path) { self.upload_time } else { self.request_time };
        time + MARGIN
    }
}

/// Forgets what is older than a day; the number of rows that went.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<u64> {
    in_batches(db, move |tx, limit| store::delete_older(tx, now.minus(KEPT), limit)).await
}

pub(super) async fn layer(State(keeper): State<Arc<Keeper>>, request: Request, next: Next) -> Result<Response> {
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY).filter(|_| applies(&request)) else {
        return Ok(next.run(request).await);
    };
    let key = checked(key)?;
    let now = keeper.clock.now();
    let is_upload = keeper.uploads.contains(&request.uri().path());
    let (parts, body) = request.into_parts();
    let (holder, body_hash, body) = match is_upload {
        true => (parts.extensions.get().cloned(), hash_of_upload(&parts.uri, &[]), body),
        false => {
            let body = body::read(body).await?;
            (keeper.rules.holder(&parts, &body).await, Sha256::digest(&body).into(), Body::from(body))
        }
    };
    let Some((tenant, scope)) = holder.and_then(|holder| scope(&holder, &parts, &key)) else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let row = Row { tenant, scope, body_hash, claimed_at: now };
    let abandoned = now.minus(keeper.claim_holds(parts.uri.path()));
    let refusal = match keeper.db.write(move |tx| store::claim(tx, &row, abandoned, now.minus(KEPT))).await? {
        Claim::Ours => {
            let work = run(keeper, row, key, Request::from_parts(parts, body), next).in_current_span();
            let work = tokio::spawn(db::carried(request_id::within(request_id::current(), work)));
            return work.await.map_err(|panic| Error::internal(anyhow::anyhow!("the handler panicked: {panic}")));
        }
        Claim::UnderWay => Error::Conflict("idempotency_in_progress"),
        Claim::OtherBody => reused(),
        Claim::Answered { body_hash, status, sealed } => {
            // Sealed under a secret that the server has no longer: a new key is what helps.
            let answer = open(&key_material(&keeper, &row, &key), &sealed).ok_or_else(reused)?;
            let (headers, answer) = unframed(&answer)?;
            keeper.rules.may_see(&parts, answer).await?;
            let given = match is_upload {
                true => hash_of_upload(&parts.uri, &multipart::contents(&parts.headers, body, MAX_REPEATED).await?),
                false => row.body_hash,
            };
            return if body_hash == given { replay(status, headers, answer) } else { Err(reused()) };
        }
    };
    if is_upload {
        Arriving::new(body).drain().await;
    }
    Err(refusal)
}

/// Runs the handler and keeps its answer, or gives the key back.
async fn run(keeper: Arc<Keeper>, mut row: Row, key: String, mut request: Request, next: Next) -> Response {
    let (is_upload, contents) = (keeper.uploads.contains(&request.uri().path()), Contents::default());
    let uri = request.uri().clone();
    let answered = if is_upload {
        request.extensions_mut().insert(contents.clone());
        tokio::time::timeout(keeper.upload_time, next.run(request))
            .await
            .unwrap_or_else(|_| timed_out().into_response())
    } else {
        next.run(request).await
    };
    let (mut parts, body) = answered.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            parts.status = StatusCode::INTERNAL_SERVER_ERROR;
            Bytes::new()
        }
    };
    let status = parts.status;
    let mut may_turn_out_otherwise =
        status.is_server_error() || [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if is_upload {
        may_turn_out_otherwise |= !status.is_success();
        match contents.get() {
            Some(contents) => row.body_hash = hash_of_upload(&uri, &contents),
            None => may_turn_out_otherwise = true,
        }
    }
    let kept = if may_turn_out_otherwise {
        keeper.db.write(move |tx| store::release(tx, &row)).await
    } else {
        let sealed = seal(&key_material(&keeper, &row, &key), &keeper.random, &frame(&parts.headers, &body));
        keeper.db.write(move |tx| store::answer(tx, &row, status.as_u16().into(), &sealed)).await
    };
    // The work is done and the caller gets its answer; only a repeat will have to wait until the claim is void.
    if let Err(error) = kept {
        tracing::warn!("an idempotent answer was not kept: {error}");
    }
    Response::from_parts(parts, Body::from(body))
}

/// What the server has not is not worth a row: anybody can ask for it.
fn applies(request: &Request) -> bool {
    request.method() == Method::POST
        && request.uri().path().starts_with("/api/")
        && request.extensions().get::<MatchedPath>().is_some()
}

fn hash_of_upload(uri: &Uri, contents: &[u8]) -> [u8; 32] {
    let query = uri.query().unwrap_or_default();
    Sha256::new().chain_update(contents).chain_update(b"\n").chain_update(query).finalize().into()
}

fn timed_out() -> Error {
    Error::Rejected(StatusCode::SERVICE_UNAVAILABLE, "timeout")
}

fn checked(key: &HeaderValue) -> Result<String> {
    let is_good = (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    key.to_str()
        .ok()
        .filter(|_| is_good)
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("Idempotency-Key", "invalid_value", "1 to 255 visible ASCII characters."))
}

/// None where nobody knows who calls: the handler will refuse.
fn scope(holder: &Identity, request: &Parts, key: &str) -> Option<(i64, [u8; 32])> {
    let Identity { tenant, caller, role } = holder;
    let who = match caller {
        Some(caller) => format!("caller {caller} as {}", role.unwrap_or_default()),
        None => format!("address {}", address_key(request.extensions.get::<ClientAddress>()?.0)),
    };
    // None of the four can hold a line break, so that no two scopes are the same text. The row has the tenant too, but the
    // seal has only this.
    let scope = format!("{tenant}\n{who}\n{}\n{key}", request.uri.path());
    Some((*tenant, Sha256::digest(scope).into()))
}

fn key_material<'a>(keeper: &'a Keeper, row: &'a Row, key: &'a str) -> [&'a [u8]; 3] {
    [keeper.secret.expose().as_bytes(), &row.scope, key.as_bytes()]
}

fn reused() -> Error {
    Error::Rejected(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
}

/// Of an answer that is kept: names and values.
type Headers = Vec<(String, String)>;

/// The headers as one line of JSON, then the body as it was.
fn frame(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let kept: Vec<(&str, &str)> =
        KEPT_HEADERS.iter().filter_map(|name| Some((name.as_str(), headers.get(name)?.to_str().ok()?))).collect();
    let mut framed = serde_json::to_vec(&kept).expect("pairs of strings are JSON");
    framed.push(b'\n');
    framed.extend(body);
    framed
}

fn unframed(framed: &[u8]) -> Result<(Headers, &[u8])> {
    let end = framed.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| Error::bug("an answer that was kept cannot be read"))?;
    let headers = serde_json::from_slice(&framed[..end]).map_err(|error| Error::internal(error))?;
    Ok((headers, &framed[end + 1..]))
}

fn replay(status: i64, headers: Headers, body: &[u8]) -> Result<Response> {
    let status = u16::try_from(status).map_err(|error| Error::internal(error))?;
    let mut response = Response::builder().status(status).header(IDEMPOTENCY_REPLAYED, "true");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body.to_vec())).map_err(|error| Error::internal(error))
}

#[cfg(test)]
mod tests;
