//! The one error that a request can end in, for REST and for socket acks alike.
//!
//! The variants say what the *client* can do about it, not where it happened. Each has a stable `code`, documented in
//! docs/ERRORS.md. What went wrong inside stays inside: `Internal` carries its place and cause for the log, is logged
//! once where it leaves the server, and is never sent.

use std::fmt;
use std::panic::Location;

use http::StatusCode;
use serde::Serialize;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Send other bytes: this is no JSON.
    #[error("the body is not JSON: {0}")]
    BadJson(String),
    /// Send other values: the shape is readable, the content is not acceptable.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// Sign in, or sign in again.
    #[error("unauthorized: {0}")]
    Unauthorized(&'static str),
    /// Do not repeat: this caller may not do this.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// Do not repeat: it is absent, or not the caller's to see, and which of the two is not told.
    #[error("not found")]
    NotFound,
    /// Look at the present state, then decide.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// Mend the request itself: its method, its content type, its size, its headers.
    #[error("rejected: {1}")]
    Rejected(StatusCode, &'static str),
    /// Wait this many seconds.
    #[error("rate limited")]
    RateLimited { retry_after: u64 },
    /// Try again soon: something the server needs is down. Nothing was stored, or a repeat is harmless.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Nothing to do for the client: the fault is ours.
    #[error("internal error at {place}: {cause}")]
    Internal { place: &'static Location<'static>, cause: Cause },
}

/// What went wrong inside.
#[derive(Debug)]
pub enum Cause {
    /// Costs nothing to make, so that `ok_or(Error::bug(…))` may stand beside each row that is read.
    Bug(&'static str),
    Failure(anyhow::Error),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bug(what) => f.write_str(what),
            Self::Failure(error) => write!(f, "{error:#}"),
        }
    }
}

/// One fault of the input: which field, which rule, and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    pub field: String,
    pub code: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

impl Error {
    pub fn invalid(field: &str, code: &str, message: &str) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }

    #[track_caller]
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal { place: Location::caller(), cause: Cause::Failure(cause.into()) }
    }

    /// A state that the code holds to be impossible.
    #[track_caller]
    pub const fn bug(what: &'static str) -> Self {
        Self::Internal { place: Location::caller(), cause: Cause::Bug(what) }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadJson(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Rejected(status, _) => *status,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable word that a program may act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadJson(_) => "bad_json",
            Self::Invalid(_) => "invalid",
            Self::NotFound => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Internal { .. } => "internal",
            Self::Unauthorized(code) | Self::Forbidden(code) | Self::Conflict(code) | Self::Rejected(_, code) => code,
        }
    }

    /// A sentence for a person, free of anything internal.
    pub fn message(&self) -> String {
        match self {
            Self::BadJson(why) => format!("The body is not valid JSON: {why}."),
            Self::Invalid(errors) => match errors.as_slice() {
                [one] => format!("{}: {}", one.field, one.message),
                _ => "Some fields are not acceptable; see errors.".into(),
            },
            Self::NotFound => "There is no such thing, or it is not yours to see.".into(),
            Self::RateLimited { retry_after } => format!("Too many requests. Try again in {retry_after} s."),
            Self::Unavailable(_) => "The server cannot do this just now. Nothing was lost; try again shortly.".into(),
            Self::Internal { .. } => {
                "Something went wrong on our side. It has been logged under this request id.".into()
            }
            Self::Unauthorized(code) | Self::Forbidden(code) | Self::Conflict(code) | Self::Rejected(_, code) => {
                sentence(code).into()
            }
        }
    }

    /// Seconds after which a repeat makes sense, where the server knows.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Unavailable(_) | Self::Rejected(StatusCode::SERVICE_UNAVAILABLE, _) => Some(1),
            _ => None,
        }
    }

    pub fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Invalid(errors) => errors,
            _ => &[],
        }
    }
}

/// The sentence that goes with a code. A code that is missing here is caught by a unit test over docs/ERRORS.md.
fn sentence(code: &str) -> &'static str {
    match code {
        "unauthorized" => "A valid access token is needed.",
        "invalid_credentials" => "The username or the password is wrong.",
        "totp_required" => "This account asks for a one-time code as well.",
        "slug_taken" => "Another one has this slug.",
        "import_running" => "An import is under way.",
        "bot_off" => "The bot is switched off.",
        "no_model" => "This takes a model, and none is set up.",
        "budget_spent" => "What models may take today is used up.",
        "not_set_up" => "There is no webhook and no tool that would be signed.",
        "token_reused" => "This refresh token was used before; the session has been ended.",
        "delivery_under_way" => "It is being sent just now.",
        "too_many_webhooks" => "The tenant has as many webhooks as it may have.",
        "forbidden" => "You may not do this.",
        "wrong_password" => "The current password is wrong.",
        "origin_not_allowed" => "This API key does not serve this origin.",
        "username_taken" => "This username is taken.",
        "tenant_exists" => "Another tenant has this name.",
        "invalid_transition" => "A ticket cannot go from its present status to that one.",
        "not_closed" => "The ticket is not closed.",
        "rating_final" => "The rating cannot be changed any more.",
        "conflict" => "Somebody else changed this first. Read it again.",
        "client_id_reused" => "This client_id was used for another content.",
        "idempotency_in_progress" => "The first request with this Idempotency-Key is still under way.",
        "idempotency_key_reused" => "This Idempotency-Key was used with another body.",
        "invite_used" => "This invite was used before.",
        "last_admin" => "The tenant would be left without an admin.",
        "totp_active" => "Two-factor sign-in is on already.",
        "too_large" => "The request is larger than the server takes.",
        "unsupported_media_type" => "The body is not of the type that this call takes.",
        "unsupported_coding" => "The body is coded in a way that the server does not undo.",
        "method_not_allowed" => "This path has no such method.",
        "timeout" => "The request took too long to arrive or to answer.",
        "bad_request" => "The request is malformed.",
        _ => "The request was refused.",
    }
}
