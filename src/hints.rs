//! What nodes tell one another: that something happened, by its ids. What it was, a node reads from the database, if
//! anybody on it wants to know.
//!
//! Most that happens has a row in `events`, and the hint says no more than that there is a new one
//! (`services/follow.rs`). What has none, a message and its marks, is named; what lives in memory alone, typing and presence,
//! is carried whole.
//!
//! Nodes of two versions hear each other while an update rolls: a field that is new is one that the older ones pass over and
//! that the newer ones can do without, and a new kind of hint is junk to the older ones.

use serde::{Deserialize, Serialize};
use tracing::Span;

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::events::{Act, Event, What};
use crate::platform::clock::Timestamp;
use crate::platform::telemetry::spans;
use crate::platform::telemetry::traceparent::Traceparent;
use crate::realtime::presence::News;
use crate::tickets::model::Side;

/// Stretches of `seq` in one hint, and `seq`s that are made of them again, at most: the newest ones.
const MOST_STRETCHES: usize = 200;
const MOST_SEQS: usize = 1000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// There is something new in `events`.
    Recorded,
    /// Said before that, for those who go on with its trace: which row it is.
    Traced(Traced),
    Message(NewMessage),
    Read(Marks),
    Delivered(Marks),
    Typing(Typing),
    Draft(Draft),
    Presence(News),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMessage {
    tenant: i64,
    pub ticket_id: String,
    pub seq: i64,
    /// Where in a trace it was said, if somebody keeps that trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traced {
    pub key: i64,
    trace: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    tenant: i64,
    ticket_id: String,
    /// Who has read; absent for what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reader: Option<(String, Reader)>,
    up_to_seq: i64,
    /// First and last of each stretch.
    seqs: Vec<(i64, i64)>,
    at: i64,
    /// As with a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reader {
    Customer,
    Staff,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Typing {
    pub ticket_id: String,
    user: i64,
    pub user_id: String,
    pub name: String,
    pub is_typing: bool,
    /// As with a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

/// What a bot is writing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub ticket_id: String,
    pub message_id: String,
    pub text: String,
    /// As with a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
}

/// Says it to the other nodes, if there are any.
pub fn tell(app: &App, hint: impl FnOnce() -> Hint) {
    if app.bus.has_listeners() {
        let hint = hint();
        say(app, hint.name(), hint, None);
    }
}

/// Says to the other nodes, if there are any, what they have to hear of an event.
pub fn tell_of(app: &App, event: &Event) {
    if app.bus.has_listeners()
        && let Some(hint) = of(event)
    {
        say(app, event.what.name(), hint, event.key);
    }
}

fn say(app: &App, name: &'static str, mut hint: Hint, key: Option<i64>) {
    let line = |hint: &Hint| serde_json::to_string(hint).expect("a hint is numbers and texts");
    let followed = spans::said(name);
    if let Some((_, place)) = &followed {
        match (hint.trace(), key) {
            (Some(trace), _) => *trace = Some(place.to_string()),
            // A line of its own, because nodes of the version before know `Recorded` as it is.
            (None, Some(key)) => app.bus.say(line(&Hint::Traced(Traced { key, trace: place.to_string() }))),
            (None, None) => {}
        }
    }
    app.bus.say(line(&hint));
}

/// None for what nobody elsewhere has to hear.
fn of(event: &Event) -> Option<Hint> {
    let tenant = event.act.tenant.0;
    let marks = |ticket_id: &String, reader, up_to_seq: &i64, seqs: &[i64]| Marks {
        tenant,
        ticket_id: ticket_id.clone(),
        reader,
        up_to_seq: *up_to_seq,
        seqs: stretches(seqs),
        at: event.act.at.0,
        trace: None,
    };
    match &event.what {
        What::MessageSent { message, .. } => {
            let ticket_id = message.ticket_id.clone();
            Some(Hint::Message(NewMessage { tenant, ticket_id, seq: message.seq, trace: None }))
        }
        What::MessagesRead { ticket_id, reader_id, side, up_to_seq, seqs, .. } => {
            let side = if *side == Side::Customer { Reader::Customer } else { Reader::Staff };
            Some(Hint::Read(marks(ticket_id, Some((reader_id.clone(), side)), up_to_seq, seqs)))
        }
        What::MessagesDelivered { ticket_id, up_to_seq, seqs } => {
            Some(Hint::Delivered(marks(ticket_id, None, up_to_seq, seqs)))
        }
        _ => event.key.map(|_| Hint::Recorded),
    }
}

impl Hint {
    /// The span in which to hear it. None where nobody keeps one.
    pub fn span(&mut self) -> Option<Span> {
        let name = self.name();
        spans::heard(name, Traceparent::parse(self.trace()?.as_deref()?)?)
    }

    /// As the event's, where there is one.
    fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message_sent",
            Self::Read(_) => "messages_read",
            Self::Delivered(_) => "messages_delivered",
            Self::Typing(_) => "typing",
            Self::Draft(_) => "bot_delta",
            Self::Recorded | Self::Traced(_) => "recorded",
            Self::Presence(_) => "presence",
        }
    }

    /// None where there is no place for one: of a row it comes by itself, and presence goes by the clock.
    fn trace(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::Message(new) => Some(&mut new.trace),
            Self::Read(marks) | Self::Delivered(marks) => Some(&mut marks.trace),
            Self::Typing(typing) => Some(&mut typing.trace),
            Self::Draft(draft) => Some(&mut draft.trace),
            Self::Recorded | Self::Traced(_) | Self::Presence(_) => None,
        }
    }
}

impl Traced {
    pub fn origin(&self) -> Option<Traceparent> {
        Traceparent::parse(&self.trace)
    }
}

impl Draft {
    pub fn new(ticket_id: &str, message_id: &str, text: &str) -> Self {
        let (ticket_id, message_id, text) = (ticket_id.to_owned(), message_id.to_owned(), text.to_owned());
        Self { ticket_id, message_id, text, trace: None }
    }
}

impl NewMessage {
    pub fn tenant(&self) -> TenantKey {
        TenantKey(self.tenant)
    }
}

impl Marks {
    /// As the node told it where it happened.
    pub fn into_event(self) -> Event {
        let act = Act { tenant: TenantKey(self.tenant), actor_id: None, at: Timestamp(self.at) };
        let (ticket_id, up_to_seq, seqs) = (self.ticket_id, self.up_to_seq, seqs_of(&self.seqs));
        let what = match self.reader {
            Some((reader_id, side)) => {
                let side = if side == Reader::Customer { Side::Customer } else { Side::Staff };
                What::MessagesRead { ticket_id, reader_id, side, up_to_seq, seqs, after: Vec::new() }
            }
            None => What::MessagesDelivered { ticket_id, up_to_seq, seqs },
        };
        Event { act, what, key: None, origin: None }
    }
}

impl Typing {
    pub fn new(ticket_id: &str, user: UserKey, user_id: &str, name: &str, is_typing: bool) -> Self {
        let (ticket_id, user_id, name) = (ticket_id.to_owned(), user_id.to_owned(), name.to_owned());
        Self { ticket_id, user: user.0, user_id, name, is_typing, trace: None }
    }

    pub fn user(&self) -> UserKey {
        UserKey(self.user)
    }
}

/// The newest of them.
fn stretches(seqs: &[i64]) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = Vec::new();
    for seq in seqs {
        match all.last_mut() {
            Some((_, last)) if *last + 1 == *seq => *last = *seq,
            _ => all.push((*seq, *seq)),
        }
    }
    all.split_off(all.len().saturating_sub(MOST_STRETCHES))
}

/// Ascending, and no more than anybody shows.
fn seqs_of(stretches: &[(i64, i64)]) -> Vec<i64> {
    let newest_first = stretches.iter().rev().flat_map(|(first, last)| (*first..=*last).rev());
    let mut seqs: Vec<i64> = newest_first.take(MOST_SEQS).collect();
    seqs.reverse();
    seqs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_arrive_as_they_were_told() {
        let what = What::MessagesRead {
            ticket_id: "t".into(),
            reader_id: "u".into(),
            side: Side::Staff,
            up_to_seq: 9,
            seqs: vec![1, 2, 3, 5, 9],
            after: Vec::new(),
        };
        let act = Act::of_server(TenantKey(7), Timestamp(3));
        let hint = of(&Event { act, what, key: None, origin: None }).expect("others have to hear of it");
        let text = serde_json::to_string(&hint).expect("JSON");
        assert!(text.contains("[[1,3],[5,5],[9,9]]"), "{text}");
        let Ok(Hint::Read(marks)) = serde_json::from_str(&text) else { panic!("another hint: {text}") };
        let event = marks.into_event();
        assert_eq!((event.act.tenant, event.act.at), (TenantKey(7), Timestamp(3)));
        let What::MessagesRead { seqs, side: Side::Staff, up_to_seq: 9, .. } = event.what else { panic!("another") };
        assert_eq!(seqs, [1, 2, 3, 5, 9]);
    }

    #[test]
    fn a_hint_is_short_whatever_was_read() {
        let all: Vec<i64> = (1..20_000).collect();
        assert_eq!(stretches(&all), [(1, 19_999)]);
        let seqs = seqs_of(&[(1, i64::MAX - 1)]);
        assert_eq!((seqs.len(), seqs.last()), (MOST_SEQS, Some(&(i64::MAX - 1))));
        let every_other: Vec<i64> = (1..20_000).step_by(2).collect();
        let newest = stretches(&every_other);
        assert_eq!((newest.len(), newest.last()), (MOST_STRETCHES, Some(&(19_999, 19_999))));
    }

    #[test]
    fn a_node_of_the_version_before_and_this_one_hear_each_other() {
        // As it was before there were traces.
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Older {
            Message { tenant: i64, ticket_id: String, seq: i64 },
            Delivered { tenant: i64, ticket_id: String, up_to_seq: i64, seqs: Vec<(i64, i64)>, at: i64 },
            Draft { ticket_id: String, message_id: String, text: String },
        }
        const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let message = |trace: Option<&str>| {
            let trace = trace.map(Into::into);
            Hint::Message(NewMessage { tenant: 1, ticket_id: "t".into(), seq: 2, trace })
        };
        let older = r#"{"message":{"tenant":1,"ticket_id":"t","seq":2}}"#;
        assert_eq!(serde_json::from_str::<Hint>(older).expect("an older line"), message(None));
        assert_eq!(serde_json::to_string(&message(None)).expect("JSON"), older, "untraced, nothing is new");
        let newer = serde_json::to_string(&message(Some(TRACE))).expect("JSON");
        assert_ne!(newer, older);
        let heard: Older = serde_json::from_str(&newer).expect("a newer line");
        assert_eq!(heard, Older::Message { tenant: 1, ticket_id: "t".into(), seq: 2 });
        let marks = Marks {
            tenant: 1,
            ticket_id: "t".into(),
            reader: None,
            up_to_seq: 2,
            seqs: vec![(2, 2)],
            at: 3,
            trace: Some(TRACE.into()),
        };
        let draft = Draft { trace: Some(TRACE.into()), ..Draft::new("t", "m", "so far") };
        for hint in [Hint::Delivered(marks), Hint::Draft(draft)] {
            let newer = serde_json::to_string(&hint).expect("JSON");
            assert!(newer.contains(TRACE), "{newer}");
            serde_json::from_str::<Older>(&newer).expect("a newer line");
        }
    }

    #[test]
    fn what_has_a_row_is_told_by_saying_so_and_what_has_none_is_not() {
        let event = |key| Event {
            act: Act::of_server(TenantKey(1), Timestamp(1)),
            what: What::IdentitySecretRotated,
            key,
            origin: None,
        };
        assert_eq!((of(&event(Some(1))), of(&event(None))), (Some(Hint::Recorded), None));
        assert_eq!(serde_json::to_string(&Hint::Recorded).expect("JSON"), "\"recorded\"");
    }
}
