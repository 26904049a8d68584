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
//! - The body of an upload is a stream that nobody holds whole, and the same files come in other bytes the next time, because
//!   every browser draws a new boundary. Its length and the query stand for it, and only what succeeded is kept: an upload
//!   that broke off is to be tried again.
//! - Answers that may turn out otherwise next time (401, 429, 5xx) are not kept.
//! - Answers of `UNKEPT` are not kept at all. A refresh that is kept for a day would hand out tokens of a session that has
//!   ended since; repeated within its grace it gives the same pair by itself. A repeated logout is a stranger's: its session
//!   is gone and it gets the 401 of every ended session, which is what its sender wanted.

mod store;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use self::store::{Claim, Row};
use super::client_address::ClientAddress;
use super::identity::Identity;
use super::{body, request_id};
use crate::error::{Error, Result};
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::db::{Db, in_batches};
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

const UNKEPT: [&str; 2] = ["/api/auth/refresh", "/api/auth/logout"];

#[derive(Clone)]
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

pub(super) async fn layer(State(keeper): State<Keeper>, request: Request, next: Next) -> Result<Response> {
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY).filter(|_| applies(&request)) else {
        return Ok(next.run(request).await);
    };
    let key = checked(key)?;
    let Some((tenant, scope)) = scope(&request, &key) else { return Ok(next.run(request).await) };
    let now = keeper.clock.now();
    let (request, body_hash) = if keeper.uploads.contains(&request.uri().path()) {
        let hash = hash_of_upload(&request);
        (request, hash)
    } else {
        let (parts, body) = request.into_parts();
        let body = body::read(body).await?;
        let hash = Sha256::digest(&body).into();
        (Request::from_parts(parts, Body::from(body)), hash)
    };
    let row = Row { tenant, scope, body_hash, claimed_at: now };
    let abandoned = now.minus(keeper.claim_holds(request.uri().path()));
    match keeper.db.write(move |tx| store::claim(tx, &row, abandoned, now.minus(KEPT))).await? {
        Claim::Ours => {
            let work = run(keeper, row, key, request, next).in_current_span();
            let work = tokio::spawn(request_id::within(request_id::current(), work));
            work.await.map_err(|panic| Error::internal(anyhow::anyhow!("the handler panicked: {panic}")))
        }
        Claim::UnderWay => Err(Error::Conflict("idempotency_in_progress")),
        Claim::OtherBody => Err(reused()),
        Claim::Answered { status, sealed } => {
            // Sealed under a secret that the server has no longer: a new key is what helps.
            let answer = open(&key_material(&keeper, &row, &key), &sealed).ok_or_else(reused)?;
            replay(status, &answer)
        }
    }
}

/// Runs the handler and keeps its answer, or gives the key back.
async fn run(keeper: Keeper, row: Row, key: String, request: Request, next: Next) -> Response {
    let is_upload = keeper.uploads.contains(&request.uri().path());
    let (mut parts, body) = next.run(request).await.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            parts.status = StatusCode::INTERNAL_SERVER_ERROR;
            Bytes::new()
        }
    };
    let status = parts.status;
    let may_turn_out_otherwise = status.is_server_error()
        || [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS].contains(&status)
        || (is_upload && !status.is_success());
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

fn applies(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::POST && path.starts_with("/api/") && !UNKEPT.contains(&path)
}

fn hash_of_upload(request: &Request) -> [u8; 32] {
    let length = request.headers().get(CONTENT_LENGTH).map(HeaderValue::as_bytes).unwrap_or_default();
    Sha256::new()
        .chain_update(length)
        .chain_update(b"\n")
        .chain_update(request.uri().query().unwrap_or_default())
        .finalize()
        .into()
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
fn scope(request: &Request, key: &str) -> Option<(i64, [u8; 32])> {
    let Identity { tenant, caller, role } = request.extensions().get()?;
    let who = match caller {
        Some(caller) => format!("caller {caller} as {}", role.unwrap_or_default()),
        None => format!("address {}", address_key(request.extensions().get::<ClientAddress>()?.0)),
    };
    // None of the four can hold a line break, so that no two scopes are the same text. The row has the tenant too, but the
    // seal has only this.
    let scope = format!("{tenant}\n{who}\n{}\n{key}", request.uri().path());
    Some((*tenant, Sha256::digest(scope).into()))
}

fn key_material<'a>(keeper: &'a Keeper, row: &'a Row, key: &'a str) -> [&'a [u8]; 3] {
    [keeper.secret.expose().as_bytes(), &row.scope, key.as_bytes()]
}

fn reused() -> Error {
    Error::Rejected(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
}

/// The headers as one line of JSON, then the body as it was.
fn frame(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let kept: Vec<(&str, &str)> =
        KEPT_HEADERS.iter().filter_map(|name| Some((name.as_str(), headers.get(name)?.to_str().ok()?))).collect();
    let mut framed = serde_json::to_vec(&kept).expect("pairs of strings are JSON");
    framed.push(b'\n');
    framed.extend(body);
    framed
}

fn replay(status: i64, framed: &[u8]) -> Result<Response> {
    let broken = || Error::bug("an answer that was kept cannot be read");
    let end = framed.iter().position(|byte| *byte == b'\n').ok_or_else(broken)?;
    let headers: Vec<(String, String)> =
        serde_json::from_slice(&framed[..end]).map_err(|error| Error::internal(error))?;
    let status = u16::try_from(status).map_err(|error| Error::internal(error))?;
    let mut response = Response::builder().status(status).header(IDEMPOTENCY_REPLAYED, "true");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(framed[end + 1..].to_vec())).map_err(|error| Error::internal(error))
}

#[cfg(test)]
mod tests;
