//! A model as somebody who is told something and says something: over HTTP, by one of two dialects.
//!
//! `openai` and `anthropic` write a request and read the pieces of its answer, `stream` reads server-sent events. What is said
//! counts up to a length, in a time, and only if it came whole.
//! Invariants: what a model says is text of a stranger; nothing of its errors reaches a customer or the log but a code.

mod anthropic;
pub mod embed;
mod openai;
mod stream;

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use self::stream::Events;
use super::settings::models::{ModelSettings, Provider};
use crate::platform::outbound::{Failure, Outbound};
use crate::platform::random::Random;

/// Characters of one answer, and bytes of all that carries it.
const MOST_CHARS: usize = 8000;
const MOST_BYTES: usize = 1024 * 1024;
const MOST_CALLS: usize = 8;
/// Of one call, as a server may claim.
const MOST_TOKENS: i64 = 10_000_000;
const MOST_TRIES: u32 = 3;
/// Before the second try, and twice that before the third: half of it, and a random part of the other half.
const PAUSE: Duration = Duration::from_millis(600);

/// What a model is told.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub system: String,
    pub turns: Vec<Turn>,
    pub tools: Vec<Offer>,
    /// What was called so far has to do. The tools are named all the same: an answer of before that calls one is no good
    /// history without them, for some.
    pub is_last: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    Customer(String),
    Model {
        text: String,
        calls: Vec<Call>,
    },
    /// What became of a call.
    Result {
        call_id: String,
        text: String,
    },
}

/// A tool that it may call; `parameters` is JSON Schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub name: String,
    pub description: String,
    pub parameters: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub id: String,
    pub name: String,
    /// JSON, if the model kept to it.
    pub arguments: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spoken {
    pub text: String,
    pub calls: Vec<Call>,
    pub tokens: Tokens,
    /// It came to its own end.
    is_whole: bool,
    /// Of the text, what was measured: bytes and characters.
    measured: (usize, usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: i64,
    pub output: i64,
}

/// Told of the text so far, each time that there is more.
pub type Listener<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Says it, and hears the answer out. Tries again what may be better a moment later; the caller bounds the time of it all.
pub async fn speak(
    outbound: &Outbound,
    random: &Random,
    settings: &ModelSettings,
    key: Option<&str>,
    ask: &Ask,
    listener: Listener<'_>,
) -> Result<Spoken, Failure> {
    let mut tries = 1;
    loop {
        let failure = match once(outbound, settings, key, ask, listener).await {
            Ok(spoken) => return Ok(spoken),
            Err(failure) => failure,
        };
        let Some(pause) = pause(failure, tries, random) else { return Err(failure) };
        tokio::time::sleep(pause).await;
        tries += 1;
    }
}

/// None: no other try.
fn pause(failure: Failure, tries: u32, random: &Random) -> Option<Duration> {
    let may_be_better = match failure {
        // A name may be looked up in vain for a moment.
        Failure::Nowhere | Failure::Unreachable | Failure::Broken | Failure::TimedOut => true,
        Failure::Status(status, _) => matches!(status, 408 | 409 | 429 | 500..),
        Failure::Refused | Failure::TooLong => false,
    };
    if !may_be_better || tries >= MOST_TRIES {
        return None;
    }
    let mut byte = [0];
    random.fill(&mut byte);
    let pause = PAUSE * 2u32.pow(tries - 1);
    let drawn = pause / 2 + pause / 2 * u32::from(byte[0]) / 255;
    match failure {
        Failure::Status(_, Some(wait)) => Some(drawn.max(Duration::from_secs(wait))),
        _ => Some(drawn),
    }
}

async fn once(
    outbound: &Outbound,
    settings: &ModelSettings,
    key: Option<&str>,
    ask: &Ask,
    listener: Listener<'_>,
) -> Result<Spoken, Failure> {
    let (route, headers, body) = match settings.provider {
        Provider::Openai => openai::request(settings, key, ask),
        Provider::Anthropic => anthropic::request(settings, key, ask),
    };
    let url = below(&settings.url, route)?;
    let answer = outbound.post(&url, &headers, body.to_string()).await?.up_to(MOST_BYTES);
    let mut spoken = Spoken::default();
    if answer.is_json() {
        // A server that does not stream.
        let whole = serde_json::from_slice(&answer.whole().await?).map_err(|_| Failure::Broken)?;
        match settings.provider {
            Provider::Openai => openai::hear_whole(whole, &mut spoken)?,
            Provider::Anthropic => anthropic::hear_whole(whole, &mut spoken)?,
        }
        spoken.check()?;
    } else {
        let mut events = Events::new(answer);
        while let Some(event) = events.next().await? {
            let before = spoken.text.len();
            match settings.provider {
                Provider::Openai => openai::hear(&event, &mut spoken)?,
                Provider::Anthropic => anthropic::hear(&event, &mut spoken)?,
            }
            spoken.check()?;
            if spoken.text.len() > before {
                listener(&spoken.text);
            }
        }
    }
    spoken.calls.retain(|call| !call.name.is_empty());
    if !spoken.is_whole || spoken.text.trim().is_empty() && spoken.calls.is_empty() {
        return Err(Failure::Broken);
    }
    spoken.count(ask);
    Ok(spoken)
}

/// `url` is a base with perhaps a query (Azure's `api-version`).
fn below(url: &str, route: &str) -> Result<Url, Failure> {
    let mut url = Url::parse(url).map_err(|_| Failure::Refused)?;
    let path = format!("{}/{route}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

impl Spoken {
    /// After each piece: what was measured is not measured again.
    fn check(&mut self) -> Result<(), Failure> {
        let arguments: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
        let (bytes, chars) = self.measured;
        self.measured = (self.text.len(), chars + self.text[bytes..].chars().count());
        match self.measured.1 <= MOST_CHARS && arguments <= MOST_CHARS && self.calls.len() <= MOST_CALLS {
            true => Ok(()),
            false => Err(Failure::TooLong),
        }
    }

    /// The call at a place in the order that the model tells them in.
    fn call(&mut self, place: usize) -> Result<&mut Call, Failure> {
        if place >= MOST_CALLS {
            return Err(Failure::TooLong);
        }
        if self.calls.len() <= place {
            self.calls.resize(place + 1, Call::default());
        }
        Ok(&mut self.calls[place])
    }

    /// Where it does not say what it took, a token is thought to be four characters.
    fn count(&mut self, ask: &Ask) {
        // What a server says of itself is no more to be believed than the rest.
        self.tokens.input = self.tokens.input.min(MOST_TOKENS);
        self.tokens.output = self.tokens.output.min(MOST_TOKENS);
        if self.tokens.input <= 0 {
            self.tokens.input = ask.chars() / 4 + 1;
        }
        if self.tokens.output <= 0 {
            let arguments: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
            self.tokens.output = ((self.text.chars().count() + arguments) / 4 + 1) as i64;
        }
    }
}

impl Ask {
    pub fn chars(&self) -> i64 {
        let turns = self.turns.iter().map(|turn| match turn {
            Turn::Customer(text) | Turn::Result { text, .. } => text.len(),
            Turn::Model { text, calls } => text.len() + calls.iter().map(|call| call.arguments.len()).sum::<usize>(),
        });
        let tools = self.tools.iter().map(|tool| tool.description.len() + tool.parameters.to_string().len());
        (self.system.len() + turns.sum::<usize>() + tools.sum::<usize>()) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_better_a_moment_later_is_tried_three_times() {
        let random = Random::seeded(7);
        for failure in [Failure::Unreachable, Failure::Broken, Failure::Status(429, None), Failure::Status(503, None)] {
            let first = pause(failure, 1, &random).expect("a second try");
            let second = pause(failure, 2, &random).expect("a third try");
            assert!((PAUSE / 2..=PAUSE).contains(&first) && (PAUSE..=PAUSE * 2).contains(&second), "{failure:?}");
            assert_eq!(pause(failure, 3, &random), None);
        }
        assert_eq!(pause(Failure::Status(429, Some(5)), 1, &random), Some(Duration::from_secs(5)));
        for failure in [Failure::Status(401, None), Failure::Status(404, None), Failure::TooLong, Failure::Refused] {
            assert_eq!(pause(failure, 1, &random), None, "{failure:?}");
        }
    }

    #[test]
    fn a_route_is_put_before_the_query() {
        let below = |url: &str| below(url, "chat/completions").expect("a URL").to_string();
        assert_eq!(below("https://a.example/v1/"), "https://a.example/v1/chat/completions");
        assert_eq!(
            below("https://a.example/openai/deployments/x?api-version=1"),
            "https://a.example/openai/deployments/x/chat/completions?api-version=1"
        );
    }
}
