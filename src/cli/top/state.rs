//! What to look at first: whether all is there that the server needs, and whether work is left lying.

use super::figures::View;
use super::line::Line;
use super::numbers::{duration, seconds, time, whole};

struct Queue {
    label: &'static str,
    name: &'static str,
    /// Seconds. Below it, it is not shown.
    usual: f64,
    /// Seconds. What is older is red: as in deploy/prometheus/alerts.yml, where that has it.
    late: f64,
}

const QUEUES: &[Queue] = &[
    Queue { label: "webhooks", name: "webhooks", usual: 0.0, late: 120.0 },
    Queue { label: "bot", name: "bot", usual: 0.0, late: 120.0 },
    Queue { label: "imports", name: "imports", usual: 0.0, late: 600.0 },
    // What could not be removed is tried again after an hour.
    Queue { label: "file_removals", name: "file removals", usual: 0.0, late: 7200.0 },
    // A gap in the events may be filled for a minute.
    Queue { label: "analytics", name: "reports", usual: 60.0, late: 600.0 },
];
/// Of tickets: see above.
const LATE: f64 = 900.0;
/// The server counts no further.
const MOST_COUNTED: f64 = 10_000.0;
/// Seconds. What a standby says that has never carried out anything is far beyond.
const LONGEST_LAG: f64 = 1e9;

/// One line. What the server has not takes no room.
pub fn dependencies(view: &View<'_>) -> Line {
    let up = |name| view.known("smilechat_dependency_up", |one| one.label("dependency") == Some(name));
    let mut line = word(Line::default(), "database", up("database"));
    if let Some(ping) =
        view.known("smilechat_dependency_ping_seconds", |one| one.label("dependency") == Some("database"))
    {
        line = line.figure("ping", duration(Some(ping)));
    }
    line = word(line, "files", up("files"));
    line = word(line, "bus", view.known("smilechat_bus_up", |_| true));
    let replica = up("replica");
    line = word(line, "replica", replica);
    match view.known("smilechat_replica_lag_seconds", |_| true).filter(|_| replica.is_some()) {
        Some(lag) if lag < LONGEST_LAG => line.figure("behind", time(seconds(lag))),
        _ => line,
    }
}

fn word(line: Line, name: &str, up: Option<f64>) -> Line {
    match up {
        Some(up) => line.told(name, if up > 0.0 { "up" } else { "DOWN" }, up <= 0.0),
        None => line,
    }
}

/// Tickets always, so that the lines below stand still; of the queues those in which something waits.
pub fn waiting(view: &View<'_>, columns: usize) -> Vec<Line> {
    let tickets = view.gauge("smilechat_tickets_waiting");
    let oldest = view.gauge("smilechat_tickets_waiting_oldest_seconds");
    let mut lines = vec![match tickets > 0.0 {
        true => Line::about("waiting").told("tickets", for_so_long(&whole(tickets), oldest), oldest > LATE),
        false => Line::about("waiting").figure("tickets", "0"),
    }];
    for (queue, text, is_late) in QUEUES.iter().filter_map(|queue| in_queue(view, queue)) {
        let piece = Line::default().told(queue.name, text, is_late);
        match lines.last_mut() {
            Some(line) if line.width() + piece.width() <= columns => line.0.extend(piece.0),
            _ => lines.push(Line(Line::about("").0.into_iter().chain(piece.0).collect())),
        }
    }
    lines
}

/// None if nothing waits in it. What waits for reports is not counted, and has only an age.
fn in_queue<'a>(view: &View<'_>, queue: &'a Queue) -> Option<(&'a Queue, String, bool)> {
    let of = |name| view.known(name, |one| one.label("queue") == Some(queue.label));
    let (length, age) = (of("smilechat_backlog_length"), of("smilechat_backlog_oldest_seconds").unwrap_or_default());
    let counted = match length {
        Some(0.0) => return None,
        None if age <= queue.usual => return None,
        Some(most) if most >= MOST_COUNTED => format!("{}+", whole(most)),
        Some(length) => whole(length),
        None => String::new(),
    };
    Some((queue, for_so_long(&counted, age), age > queue.late))
}

fn for_so_long(counted: &str, age: f64) -> String {
    format!("{counted} for {}", time(seconds(age))).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::QUEUES;
    use crate::platform::metrics::table;

    #[test]
    fn no_queue_is_left_out() {
        let metric = table::all().find(|metric| metric.name == "smilechat_backlog_oldest_seconds").expect("listed");
        let mut all: Vec<_> = QUEUES.iter().map(|queue| queue.label).collect();
        let mut wanted = metric.labels[0].values.to_vec();
        all.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(all, wanted);
    }
}
