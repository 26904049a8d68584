//! What is counted: one row of figures, of a ticket or of many, for a quarter of an hour.
//!
//! Figures are sums and nothing else: added and taken out in any order, they come to the same.

use std::collections::BTreeMap;

use crate::analytics::histogram::Histogram;

/// A quarter of an hour in UTC, counted from 1970. Every zone of today is a multiple of it away from UTC, so that the days of
/// all of them are whole slots.
pub const SLOT_MS: i64 = 15 * 60 * 1000;

pub fn slot_of(ms: i64) -> i64 {
    ms.div_euclid(SLOT_MS)
}

/// Places in `Figures::counts`, in the order of the columns.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    Opened,
    Closed,
    Reopened,
    /// Given to or taken by somebody of the staff.
    Assigned,
    CustomerMessages,
    StaffMessages,
    BotMessages,
    /// Of files that messages carry.
    Bytes,
}

/// Places in `Figures::histograms`.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Milliseconds from the customer's asking to the first answer of staff.
    FirstReplies,
    /// Milliseconds from opening or reopening to closing.
    Resolutions,
    /// Scores.
    Ratings,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub counts: [i64; 8],
    pub histograms: [Histogram; 3],
}

impl Figures {
    pub fn add(&mut self, other: &Self, sign: i64) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum += more * sign;
        }
        for (sum, more) in self.histograms.iter_mut().zip(&other.histograms) {
            sum.merge(more, sign);
        }
    }

    pub fn is_zero(&self) -> bool {
        self.counts.iter().all(|count| *count == 0) && self.histograms.iter().all(Histogram::is_empty)
    }

    pub fn count(&self, which: Count) -> i64 {
        self.counts[which as usize]
    }

    pub fn values(&self, which: Values) -> &Histogram {
        &self.histograms[which as usize]
    }
}

/// What one ticket adds, by slot and by who of the staff did it; the empty id where nobody of them did.
pub type Rows = BTreeMap<(i64, String), Figures>;

/// By what figures are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    All,
    Agent,
    Tag,
    Channel,
    /// What tickets that were deleted had added; the other sums have lost it.
    Deleted,
}

impl Dimension {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Agent => "agent",
            Self::Tag => "tag",
            Self::Channel => "channel",
            Self::Deleted => "deleted",
        }
    }
}

/// Which sum: the dimension, the slot, and the agent's id, the tag or the channel.
pub type Place = (Dimension, i64, String);

/// A ticket's part in each sum that it counts in.
pub fn spread(rows: &Rows, channel: &str, tags: &[String]) -> BTreeMap<Place, Figures> {
    let mut sums: BTreeMap<Place, Figures> = BTreeMap::new();
    for ((slot, agent), figures) in rows {
        let mut add = |dimension, name: &str| {
            sums.entry((dimension, *slot, name.to_owned())).or_default().add(figures, 1);
        };
        add(Dimension::All, "");
        add(Dimension::Channel, channel);
        if !agent.is_empty() {
            add(Dimension::Agent, agent);
        }
        for tag in tags {
            add(Dimension::Tag, tag);
        }
    }
    sums
}
