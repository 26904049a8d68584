//! Reports as clients see them. Every report says its figures in the same shape, `Totals`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::analytics::figures::{Count, Figures, Values};
use crate::analytics::histogram::Histogram;
use crate::analytics::period::ReportPeriod;
use crate::auth::model::Status;
use crate::platform::clock::Timestamp;

/// What happened, summed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Totals {
    pub opened: i64,
    pub closed: i64,
    pub reopened: i64,
    /// Given to or taken by somebody.
    pub assigned: i64,
    pub customer_messages: i64,
    pub staff_messages: i64,
    pub bot_messages: i64,
    /// Closed by opened and reopened; above 1 while old ones are worked off. Null where nothing was opened, and of agents.
    #[schema(required)]
    pub resolution_rate: Option<f64>,
    /// From the customer's asking to the first message of staff.
    pub first_reply: Durations,
    /// From opening, or the last reopening, to closing.
    pub resolution: Durations,
    pub satisfaction: Satisfaction,
}

/// Durations are at most 1.6 % off.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Durations {
    pub count: i64,
    #[schema(required)]
    pub median_seconds: Option<f64>,
    /// Nine of ten took no longer.
    #[schema(required)]
    pub p90_seconds: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Satisfaction {
    pub count: i64,
    #[schema(required)]
    pub average: Option<f64>,
    /// The part of 4 and 5.
    #[schema(required)]
    pub satisfied_rate: Option<f64>,
    /// How many of each: of 1 first, of 5 last.
    #[schema(min_items = 5, max_items = 5)]
    pub scores: Vec<i64>,
}

impl Totals {
    pub fn of(figures: &Figures) -> Self {
        let count = |which| figures.count(which);
        Self {
            opened: count(Count::Opened),
            closed: count(Count::Closed),
            reopened: count(Count::Reopened),
            assigned: count(Count::Assigned),
            customer_messages: count(Count::CustomerMessages),
            staff_messages: count(Count::StaffMessages),
            bot_messages: count(Count::BotMessages),
            resolution_rate: match count(Count::Opened) {
                0 => None,
                opened => rate(count(Count::Closed), opened + count(Count::Reopened)),
            },
            first_reply: Durations::of(figures.values(Values::FirstReplies)),
            resolution: Durations::of(figures.values(Values::Resolutions)),
            satisfaction: Satisfaction::of(figures.values(Values::Ratings)),
        }
    }
}

impl Durations {
    fn of(histogram: &Histogram) -> Self {
        let seconds = |percent| histogram.quantile(percent).map(|ms| ms as f64 / 1000.0);
        Self { count: histogram.count(), median_seconds: seconds(50), p90_seconds: seconds(90) }
    }
}

impl Satisfaction {
    fn of(histogram: &Histogram) -> Self {
        let scores: Vec<i64> = (1..=5).map(|score| histogram.count_of(score)).collect();
        let count = scores.iter().sum();
        let sum: i64 = scores.iter().zip(1..).map(|(count, score)| count * score).sum();
        Self { count, average: rate(sum, count), satisfied_rate: rate(scores[3] + scores[4], count), scores }
    }
}

/// To four digits; None of nothing.
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

/// A period in one row, and the period of as many days right before it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    pub period: ReportPeriod,
    pub totals: Totals,
    pub before: Before,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Before {
    pub period: ReportPeriod,
    pub totals: Totals,
}

/// A period in parts, each of which is there, empty or not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Series {
    pub period: ReportPeriod,
    pub data: Vec<Point>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Point {
    pub start: Timestamp,
    /// The same in the zone: a day, as in 2026-01-31, or an hour, as in 2026-01-31 14:00.
    pub label: String,
    pub totals: Totals,
}

/// A period by agents, tags or channels: the hundred busiest, the busiest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Breakdown {
    pub period: ReportPeriod,
    #[schema(max_items = 100)]
    pub data: Vec<Group>,
    /// All others together; null where there are none.
    #[schema(required)]
    pub others: Option<Totals>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    /// An agent's id, a tag or a channel.
    pub id: String,
    /// What to show: an agent's name.
    pub name: String,
    pub totals: Totals,
}

/// A rating in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatedTicket {
    #[serde(skip)]
    pub key: i64,
    pub ticket_id: String,
    pub number: i64,
    pub subject: String,
    pub score: i64,
    pub comment: String,
    #[schema(required)]
    pub support_id: Option<String>,
    #[schema(required)]
    pub support_name: Option<String>,
    pub created_at: Timestamp,
}

/// How it is just now.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveBoard {
    pub now: Timestamp,
    /// Counted to 10,000 at most, like the next three.
    #[schema(maximum = 10000)]
    pub open: i64,
    #[schema(maximum = 10000)]
    pub in_progress: i64,
    /// Not closed, and with nobody, not the bot either.
    #[schema(maximum = 10000)]
    pub unassigned: i64,
    /// Not closed, not with the bot, and the customer has no reply of a person yet to what they asked last; assigned or not.
    #[schema(maximum = 10000)]
    pub waiting: i64,
    /// Since when the longest of those waits; null where none does.
    #[schema(required)]
    pub waiting_since: Option<Timestamp>,
    /// Of the last five minutes, in the 1,000 tickets that changed last.
    pub recent_messages: i64,
    /// Who is there first.
    pub staff: Vec<LiveStaff>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LiveStaff {
    pub user_id: String,
    pub name: String,
    #[schema(required)]
    pub avatar_url: Option<String>,
    pub status: Status,
    /// Tickets of theirs that are not closed.
    pub load: i64,
}

/// What billing by use would read: a month of UTC in each row, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    pub data: Vec<MonthOfUse>,
}

/// Deleted tickets are counted along, but for the bytes of their files.
#[derive(Debug, Serialize, ToSchema)]
pub struct MonthOfUse {
    /// As in 2026-01.
    pub month: String,
    pub tickets: i64,
    pub customer_messages: i64,
    pub staff_messages: i64,
    pub bot_messages: i64,
    /// Staff who wrote or closed something.
    pub active_staff: i64,
    /// Of the files that messages carried at the month's end.
    pub storage_bytes: i64,
}
