//! A line of a frame: pieces of text, each in its style.

use super::figures::Measured;
use super::numbers::duration;
use crate::cli::quoted;

/// Nothing that stands on a frame is wider.
const WIDEST: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    Plain,
    Faint,
    Bold,
    Alarm,
}

#[derive(Clone, Debug, Default)]
pub struct Line(pub Vec<(Style, String)>);

impl Line {
    /// What its figures are about.
    pub fn about(name: &str) -> Self {
        Self::default().add(Style::Faint, format!("  {name:<8}"))
    }

    /// One that begins with a rate.
    pub fn rate(name: &str, rate: impl Into<String>, is_alarming: bool) -> Self {
        Self::default().told(&format!("{name:<8}"), format!("{:>9}", rate.into()), is_alarming)
    }

    pub fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    pub fn add(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, quoted(&text.into(), WIDEST)));
        self
    }

    /// A name and its value.
    pub fn figure(self, name: &str, value: impl Into<String>) -> Self {
        self.told(name, value, false)
    }

    pub fn told(self, name: &str, value: impl Into<String>, is_alarming: bool) -> Self {
        let style = if is_alarming { Style::Alarm } else { Style::Plain };
        self.add(Style::Faint, format!("  {name} ")).add(style, value)
    }

    /// In columns, so that one line can be held against the next.
    pub fn percentiles(self, name: &str, measured: Measured) -> Self {
        self.pair(name, duration(measured.p50), "p99", duration(measured.p99))
    }

    pub fn pair(self, name: &str, value: String, other: &str, other_value: String) -> Self {
        self.figure(name, format!("{value:>7}")).figure(other, format!("{other_value:>7}"))
    }

    /// Cut to the width of the terminal, and says so: half a number would be another one.
    pub fn within(mut self, columns: usize) -> Self {
        let is_cut = self.width() > columns;
        let mut left = columns.saturating_sub(usize::from(is_cut));
        for (_, text) in &mut self.0 {
            *text = text.chars().take(left).collect();
            left -= text.chars().count();
        }
        if is_cut && columns > 0 { self.add(Style::Faint, "…") } else { self }
    }
}
