//! From a ticket's history to figures: a machine that is fed events and messages in their order, and can be stopped and
//! gone on with at any place. Pure: it asks nobody.
//!
//! What the figures mean:
//! - First reply: from the customer's asking (opening the ticket, or the first message in one that staff opened) to the first
//!   message of a person of the staff after it. Once a ticket, with whoever replied.
//! - Resolution: from opening, or the last reopening, to closing. Once each closing, with whoever had the ticket then.
//! - Each lies in the quarter in which it ended. Tags are those that the ticket has now.

use serde_json::{Map, Value as Json};

use crate::analytics::figures::{Count, Figures, Rows, Values, slot_of};
use crate::auth::model::UserKey;

/// What has to be remembered between two readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub customer: UserKey,
    /// The last event and the last message that were read.
    pub event_key: i64,
    pub seq: i64,
    pub opened_at: i64,
    pub is_closed: bool,
    pub support_id: Option<String>,
    pub asked_at: Option<i64>,
    pub is_replied: bool,
}

pub struct EventRow {
    pub key: i64,
    pub kind: String,
    pub actor_id: Option<String>,
    pub data: Map<String, Json>,
    pub at: i64,
}

pub struct MessageRow {
    pub seq: i64,
    pub sender: UserKey,
    pub sender_id: String,
    /// Not a server that acts by a secret key.
    pub is_person: bool,
    pub kind: String,
    pub at: i64,
}

pub struct RatingRow {
    pub score: i64,
    pub support_id: Option<String>,
    pub at: i64,
}

impl State {
    /// A ticket that nothing is known of yet: it was opened.
    pub fn begin(customer: UserKey, created_at: i64, rows: &mut Rows) -> Self {
        note(rows, created_at, None, Count::Opened, 1);
        let (opened_at, is_closed, is_replied) = (created_at, false, false);
        Self { customer, event_key: 0, seq: 0, opened_at, is_closed, support_id: None, asked_at: None, is_replied }
    }

    pub fn read_event(&mut self, event: &EventRow, rows: &mut Rows) {
        self.event_key = event.key;
        match event.kind.as_str() {
            "ticket_created" => {
                let customer = event.data.get("customer_id").and_then(Json::as_str);
                if customer.is_some() && customer == event.actor_id.as_deref() {
                    self.asked_at = Some(event.at);
                }
            }
            "ticket_updated" => {
                if let Some(support_id) = event.data.get("support_id") {
                    self.give(support_id.as_str(), event.at, rows);
                }
                if let Some(status) = event.data.get("status").and_then(Json::as_str) {
                    self.turn(status == "closed", event.at, rows);
                }
            }
            _ => {}
        }
    }

    fn give(&mut self, support_id: Option<&str>, at: i64, rows: &mut Rows) {
        if support_id.is_some() && support_id != self.support_id.as_deref() {
            note(rows, at, support_id, Count::Assigned, 1);
        }
        self.support_id = support_id.map(str::to_owned);
    }

    fn turn(&mut self, is_closed: bool, at: i64, rows: &mut Rows) {
        if is_closed == self.is_closed {
            return;
        }
        self.is_closed = is_closed;
        let agent = self.support_id.as_deref();
        if is_closed {
            note(rows, at, agent, Count::Closed, 1);
            figures(rows, at, agent).histograms[Values::Resolutions as usize].note(at - self.opened_at);
        } else {
            note(rows, at, agent, Count::Reopened, 1);
            self.opened_at = at;
        }
    }

    pub fn read_message(&mut self, message: &MessageRow, rows: &mut Rows) {
        self.seq = message.seq;
        let sender = Some(message.sender_id.as_str());
        match message.kind.as_str() {
            "bot" => note(rows, message.at, None, Count::BotMessages, 1),
            "text" if message.sender == self.customer => {
                note(rows, message.at, None, Count::CustomerMessages, 1);
                self.asked_at.get_or_insert(message.at);
            }
            // Said by the staff's side, and by nobody.
            "text" if !message.is_person => note(rows, message.at, None, Count::StaffMessages, 1),
            "text" => {
                note(rows, message.at, sender, Count::StaffMessages, 1);
                if let Some(asked_at) = self.asked_at.filter(|_| !self.is_replied) {
                    self.is_replied = true;
                    figures(rows, message.at, sender).histograms[Values::FirstReplies as usize]
                        .note(message.at - asked_at);
                }
            }
            _ => {}
        }
    }
}

/// Ratings and files can change and go, so that they are not read on from a place but replaced.
pub fn replace(rows: &mut Rows, ratings: &[RatingRow], bytes: &[(i64, i64)]) {
    for figures in rows.values_mut() {
        figures.counts[Count::Bytes as usize] = 0;
        figures.histograms[Values::Ratings as usize] = Default::default();
    }
    for rating in ratings {
        figures(rows, rating.at, rating.support_id.as_deref()).histograms[Values::Ratings as usize].note(rating.score);
    }
    for (at, size) in bytes {
        note(rows, *at, None, Count::Bytes, *size);
    }
    rows.retain(|_, figures| !figures.is_zero());
}

fn figures<'r>(rows: &'r mut Rows, at: i64, agent: Option<&str>) -> &'r mut Figures {
    rows.entry((slot_of(at), agent.unwrap_or_default().to_owned())).or_default()
}

fn note(rows: &mut Rows, at: i64, agent: Option<&str>, which: Count, many: i64) {
    figures(rows, at, agent).counts[which as usize] += many;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CUSTOMER: UserKey = UserKey(1);
    /// The account of a secret key.
    const KEY: i64 = 8;

    fn event(key: i64, at: i64, kind: &str, actor_id: &str, data: Json) -> EventRow {
        let Json::Object(data) = data else { panic!("an object") };
        EventRow { key, kind: kind.into(), actor_id: Some(actor_id.into()), data, at }
    }

    fn message(seq: i64, at: i64, sender: i64, kind: &str) -> MessageRow {
        let is_person = sender != KEY;
        MessageRow { seq, sender: UserKey(sender), sender_id: format!("u{sender}"), is_person, kind: kind.into(), at }
    }

    fn sum(rows: &Rows) -> Figures {
        let mut sum = Figures::default();
        rows.values().for_each(|row| sum.add(row, 1));
        sum
    }

    #[test]
    fn a_ticket_is_answered_once_and_resolved_at_each_closing() {
        let mut rows = Rows::new();
        let mut state = State::begin(CUSTOMER, 0, &mut rows);
        state.read_event(&event(1, 0, "ticket_created", "u1", json!({"customer_id": "u1"})), &mut rows);
        state.read_event(
            &event(2, 5, "ticket_updated", "u2", json!({"support_id": "u2", "status": "in_progress"})),
            &mut rows,
        );
        state.read_event(
            &event(3, 60, "ticket_updated", "u2", json!({"status": "closed", "closed_at": "x"})),
            &mut rows,
        );
        state.read_event(&event(4, 100, "ticket_updated", "u1", json!({"status": "open"})), &mut rows);
        state.read_event(
            &event(5, 130, "ticket_updated", "u3", json!({"status": "closed", "support_id": "u3"})),
            &mut rows,
        );
        let said = [(1, 1, 1, "text"), (2, 3, 9, "bot"), (3, 5, KEY, "text"), (4, 20, 2, "text"), (5, 40, 2, "text")];
        for (seq, at, sender, kind) in said {
            state.read_message(&message(seq, at, sender, kind), &mut rows);
        }
        let all = sum(&rows);
        let counts = [Count::Opened, Count::Closed, Count::Reopened, Count::Assigned].map(|which| all.count(which));
        assert_eq!(counts, [1, 2, 1, 2]);
        assert_eq!(all.values(Values::FirstReplies).quantile(100), Some(20), "from opening, by a person");
        let resolutions = all.values(Values::Resolutions);
        assert_eq!((resolutions.count_of(60), resolutions.count_of(30)), (1, 1));
        assert_eq!(rows[&(0, "u3".into())].count(Count::Closed), 1, "of whoever had it then");
        assert_eq!(all.count(Count::CustomerMessages) + all.count(Count::BotMessages), 2);
        assert_eq!(all.count(Count::StaffMessages), 3);
        assert!(rows.keys().all(|(_, agent)| *agent != format!("u{KEY}")), "a key is nobody of the staff");
    }

    #[test]
    fn a_ticket_that_staff_opened_waits_for_nothing_until_its_customer_writes() {
        let mut rows = Rows::new();
        let mut state = State::begin(CUSTOMER, 0, &mut rows);
        state.read_event(&event(1, 0, "ticket_created", "u2", json!({"customer_id": "u1"})), &mut rows);
        state.read_message(&message(1, 1, 2, "text"), &mut rows);
        assert!(sum(&rows).values(Values::FirstReplies).is_empty());
        state.read_message(&message(2, 30, 1, "text"), &mut rows);
        state.read_message(&message(3, 40, 2, "text"), &mut rows);
        assert_eq!(sum(&rows).values(Values::FirstReplies).quantile(50), Some(10));
    }
}
