//! What nodes tell one another: that something happened, by its ids. What it was, a node reads from the database, if
//! anybody on it wants to know.
//!
//! Most that happens has a row in `events`, and the hint says no more than that there is a new one
//! (`services/follow.rs`). What has none, a message and its marks, is named; what lives in memory alone, typing and presence,
//! is carried whole.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::model::{TenantKey, UserKey};
use crate::events::{Act, Event, What};
use crate::platform::clock::Timestamp;
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
}

/// What a bot is writing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub ticket_id: String,
    pub message_id: String,
    pub text: String,
}

/// Says it to the other nodes, if there are any.
pub fn tell(app: &App, hint: impl FnOnce() -> Hint) {
    if app.bus.has_listeners() {
        let line = serde_json::to_string(&hint()).expect("a hint is numbers and texts");
        app.bus.say(line);
    }
}

/// None for what nobody elsewhere has to hear.
pub fn of(event: &Event) -> Option<Hint> {
    let tenant = event.act.tenant.0;
    let marks = |ticket_id: &String, reader, up_to_seq: &i64, seqs: &[i64]| Marks {
        tenant,
        ticket_id: ticket_id.clone(),
        reader,
        up_to_seq: *up_to_seq,
        seqs: stretches(seqs),
        at: event.act.at.0,
    };
    match &event.what {
        What::MessageSent { message, .. } => {
            Some(Hint::Message(NewMessage { tenant, ticket_id: message.ticket_id.clone(), seq: message.seq }))
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
        Self { ticket_id, user: user.0, user_id, name, is_typing }
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
