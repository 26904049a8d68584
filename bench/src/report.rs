//! What was measured, as a table: the product beside the peer, and how many times the one is the other.

use std::fmt::Write;
use std::fs;
use std::iter;
use std::path::Path;

use anyhow::{Context, Result};

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    limits: Vec<Limit>,
}

/// A part by itself, and what the product reaches with all the rest around it.
struct Limit {
    what: String,
    alone: f64,
    reached: Option<f64>,
}

struct Row {
    group: String,
    what: String,
    unit: Unit,
    ours: Vec<f64>,
    peers: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Unit {
    PerSecond,
    Millis,
    Bytes,
    /// Of one core.
    Share,
}

impl Report {
    /// One round's figure of one server. One that is no number stays out: there was nothing to measure.
    pub fn note(&mut self, group: &str, what: &str, unit: Unit, is_ours: bool, figure: f64) {
        let place = self.rows.iter().position(|row| row.group == group && row.what == what);
        let place = place.unwrap_or_else(|| {
            let (ours, peers) = (Vec::new(), Vec::new());
            self.rows.push(Row { group: group.into(), what: what.into(), unit, ours, peers });
            self.rows.len() - 1
        });
        if figure.is_nan() {
            return;
        }
        let row = &mut self.rows[place];
        if is_ours { row.ours.push(figure) } else { row.peers.push(figure) }
    }

    #[cfg(feature = "limits")]
    pub fn note_limit(&mut self, what: &str, alone: f64, reached: Option<f64>) {
        self.limits.push(Limit { what: what.into(), alone, reached });
    }

    /// The product's figure, of all rounds together.
    #[cfg(feature = "limits")]
    pub fn ours(&self, group: &str, what: &str) -> Option<f64> {
        mean(&self.rows.iter().find(|row| row.group == group && row.what == what)?.ours)
    }

    pub fn markdown(&self) -> String {
        let mut text = String::from("| | SmileChat | peer | |\n|---|---:|---:|---:|\n");
        let mut group = "";
        for row in &self.rows {
            if row.group != group {
                group = &row.group;
                let _ = writeln!(text, "| **{group}** | | | |");
            }
            let (ours, peers) = (mean(&row.ours), mean(&row.peers));
            let show = |figure: Option<f64>| figure.map_or_else(String::new, |figure| row.unit.show(figure));
            let _ =
                writeln!(text, "| {} | {} | {} | {} |", row.what, show(ours), show(peers), row.compare(ours, peers));
        }
        if !self.limits.is_empty() {
            text += "\n| what the parts do alone | alone | SmileChat, above | of it |\n|---|---:|---:|---:|\n";
        }
        for Limit { what, alone, reached } in &self.limits {
            let alone_shown = Unit::PerSecond.show(*alone);
            let (reached, share) = match reached {
                Some(reached) => (Unit::PerSecond.show(*reached), part(reached / alone)),
                None => Default::default(),
            };
            let _ = writeln!(text, "| {what} | {alone_shown} | {reached} | {share} |");
        }
        text
    }
}

impl Row {
    /// The least and the most of its rounds, where they differ.
    fn spread(&self) -> String {
        let rounds = iter::zip(&self.ours, &self.peers).filter(|(_, peers)| **peers > 0.0);
        let mut ratios: Vec<_> = rounds.map(|(ours, peers)| ours / peers).collect();
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios.first(), ratios.last());
        match (least.map(|least| format!("{least:.1}")), most.map(|most| format!("{most:.1}"))) {
            (Some(least), Some(most)) if least != most => format!(", {least} to {most}"),
            _ => String::new(),
        }
    }

    fn compare(&self, ours: Option<f64>, peers: Option<f64>) -> String {
        let (Some(ours), Some(peers)) = (ours, peers) else { return String::new() };
        match self.unit {
            Unit::Share => String::new(),
            // Nothing that can be measured is no measure of the other.
            _ if peers == 0.0 => String::new(),
            Unit::PerSecond => format!("**{:.1} times**{}", ours / peers, self.spread()),
            Unit::Millis | Unit::Bytes if ours <= peers => format!("1/{:.1}", peers / ours),
            Unit::Millis | Unit::Bytes => format!("{:.1} times", ours / peers),
        }
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Unit::PerSecond => format!("{} /s", thousands(figure)),
            Unit::Millis if figure < 10.0 => format!("{figure:.2} ms"),
            Unit::Millis => format!("{} ms", thousands(figure)),
            Unit::Bytes if figure < 1e6 => format!("{:.1} kB", figure / 1e3),
            Unit::Bytes => format!("{:.1} MB", figure / 1e6),
            Unit::Share => format!("{:.0} %", figure * 100.0),
        }
    }
}

/// Puts `text` between two lines of a file, `<!-- NAME -->` and `<!-- /NAME -->`.
pub fn write_between(file: &Path, name: &str, text: &str) -> Result<()> {
    let page = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("{}: no {begin}", file.display()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{}: no {end}", file.display()))?;
    Ok(fs::write(file, format!("{before}{begin}\n{text}\n{end}{after}"))?)
}

fn part(share: f64) -> String {
    if share < 1.0 { format!("**{:.0} %**", share * 100.0) } else { format!("**{share:.1} times**") }
}

fn mean(figures: &[f64]) -> Option<f64> {
    (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
}

pub fn thousands(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
