//! An import as clients see it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::clock::Timestamp;
use crate::tickets::knowledge::model::ArticleStatus;
use crate::tickets::knowledge::site::Outcome;

/// Addresses of a list that are named, and characters of each; the others are counted.
const MOST_NAMED: usize = 100;
const LONGEST_NAMED: usize = 300;
/// A node that runs one tells so every two seconds.
pub const SILENCE: Duration = Duration::from_secs(60);
pub const ENDED: &str = "An admin ended it. What it has stored is there.";
pub const OURS: &str = "It could not go on: something went wrong on our side. What it has stored is there.";
pub const TOO_SLOW: &str = "It took longer than half an hour. What it has stored is there.";
pub const INTERRUPTED: &str = "The server that ran it was stopped. Begin it again: what it has stored is there.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// For a node that has room for it. Stored as one that runs, without a sign of life.
    Waiting,
    Running,
    Done,
    Failed,
}

impl ImportState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SiteImport {
    pub import_id: String,
    pub url: String,
    /// Pages that it reads at most.
    pub limit: i64,
    /// Of articles that it makes; those that are there keep theirs.
    pub status: ArticleStatus,
    pub state: ImportState,
    /// Why it failed, in words.
    #[schema(required)]
    pub failure: Option<String>,
    pub pages_done: i64,
    /// Null until it is known.
    #[schema(required)]
    pub pages_all: Option<i64>,
    #[serde(flatten)]
    pub tally: Tally,
    pub created_at: Timestamp,
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
}

/// What became of its pages, once it is done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    pub created: i64,
    pub changed: i64,
    pub unchanged: i64,
    /// Pages that made no article, each with the reason: the first hundred.
    pub left_out: Vec<String>,
    pub left_out_count: i64,
    /// Pages that are articles and that the site does not list: the first hundred.
    pub unlisted: Vec<String>,
    pub unlisted_count: i64,
}

impl Tally {
    pub fn of(outcome: Outcome) -> Self {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let Outcome { imported, left_out, unlisted } = outcome;
        Self {
            created: number(imported.created),
            changed: number(imported.changed),
            unchanged: number(imported.unchanged),
            left_out_count: number(left_out.len()),
            left_out: named(left_out),
            unlisted_count: number(unlisted.len()),
            unlisted: named(unlisted),
        }
    }
}

fn named(list: Vec<String>) -> Vec<String> {
    list.iter().take(MOST_NAMED).map(|what| in_short(what)).collect()
}

/// One line, of bounded length.
pub fn in_short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_NAMED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::knowledge::import::Imported;

    #[test]
    fn what_is_named_is_bounded_and_what_is_more_is_counted() {
        let outcome = Outcome {
            imported: Imported { created: 1, changed: 2, unchanged: 3 },
            left_out: vec![format!("https://a.example/{}:\n status 404", "ä".repeat(1000)); 150],
            unlisted: vec!["https://a.example/".into()],
        };
        let tally = Tally::of(outcome);
        assert_eq!((tally.created, tally.changed, tally.unchanged), (1, 2, 3));
        assert_eq!((tally.left_out.len(), tally.left_out_count), (100, 150));
        assert_eq!((tally.unlisted.len(), tally.unlisted_count), (1, 1));
        assert!(tally.left_out.iter().all(|one| one.chars().count() == 301 && one.ends_with('…')));
        assert_eq!(in_short("one\n  two"), "one two");
    }
}
