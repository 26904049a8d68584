//! The demo's key and accounts, told to whoever tries it: in words, and at GET /demo/config.json to the demo shop, which
//! shows the widget and opens the console as one of the staff.
//!
//! Invariant: in production there is no such address, whatever lies in the data folder.

use std::fmt::Write;
use std::fs;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde::Serialize;

use super::stories::PEOPLE;
use super::{PASSWORD, key_file};
use crate::app::App;
use crate::auth::model::Role;
use crate::error::{Error, Result};
use crate::platform::config::{Config, Environment};

#[derive(Debug, Serialize)]
pub struct HandOut {
    /// Null, as is `staff`, until `smilechat demo` has run.
    publishable_key: Option<String>,
    staff: Option<Account>,
}

#[derive(Debug, Serialize)]
struct Account {
    username: &'static str,
    password: &'static str,
    name: &'static str,
}

pub async fn hand_out(State(app): State<App>) -> Result<impl IntoResponse> {
    if app.config.env == Environment::Production {
        return Err(Error::NotFound);
    }
    let publishable_key = publishable_key(&app.config);
    let person = PEOPLE.iter().find(|person| person.role == Role::Support);
    let staff = person.map(|person| Account { username: person.username, password: PASSWORD, name: person.name });
    let staff = staff.filter(|_| publishable_key.is_some());
    Ok(([(CACHE_CONTROL, "no-store")], Json(HandOut { publishable_key, staff })))
}

/// None where `smilechat demo` has not run.
pub fn how_to_sign_in(config: &Config) -> Option<String> {
    publishable_key(config).map(|key| in_words(&key))
}

pub fn in_words(key: &str) -> String {
    let mut text = format!("\n  Demo accounts; the password of each is {PASSWORD}\n\n");
    for person in PEOPLE {
        let _ = writeln!(text, "    {:<10}{:<10}{}", person.username, person.role.as_str(), person.name);
    }
    let _ = writeln!(text, "\n  Its help centre is at /help/default; a bot answers first.");
    let _ = writeln!(text, "\n  Publishable key, for the widget and for apps (X-API-Key):\n\n    {key}");
    text
}

/// The key that `smilechat demo` has kept, if it has run.
pub fn publishable_key(config: &Config) -> Option<String> {
    fs::read_to_string(key_file(config)).ok()
}
