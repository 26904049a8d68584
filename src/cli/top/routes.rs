//! The busiest routes, in what room is left.

use super::figures::{Measured, Route, View};
use super::line::{Line, Style};
use super::numbers::{duration, per_second};

/// Under their titles, which stand in the heading.
pub fn routes(view: &View<'_>, columns: usize, room: usize) -> Vec<Line> {
    // Four columns of figures stand to the right of the name.
    let width = columns.saturating_sub(42).max(20);
    let rows = view.routes(room);
    let nothing = || vec![Line::default().add(Style::Faint, "  none was asked for just now")];
    let rows = if rows.is_empty() { nothing() } else { rows.iter().map(|route| row(route, width)).collect() };
    [titles(width)].into_iter().chain(rows).collect()
}

fn titles(width: usize) -> Line {
    const NAME: &str = "Busiest routes";
    let rule = "─".repeat((width + 2).saturating_sub(NAME.len() + 3));
    let titles = format!(" {rule} {:>9} {:>9} {:>9}{:>9}", "rate", "p50", "p99", "5xx");
    Line::default().add(Style::Faint, "─ ").add(Style::Bold, NAME).add(Style::Faint, titles)
}

fn row(route: &Route, width: usize) -> Line {
    let Measured { per_second: rate, p50, p99, .. } = route.measured;
    let name: String = route.name.chars().take(width).collect();
    let figures = format!("{:>10} {:>9} {:>9}", per_second(rate), duration(p50), duration(p99));
    let failures = if route.failures > 0.0 { per_second(route.failures) } else { String::new() };
    let style = if route.failures > 0.0 { Style::Alarm } else { Style::Plain };
    Line::default().add(Style::Plain, format!("  {name:<width$}{figures}")).add(style, format!("{failures:>9}"))
}
