//! One frame as lines: what to look at first stands on top, what is wrong is red.

use std::time::Duration;

use super::figures::{Measured, View};
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

/// Pieces of text, each in its style.
#[derive(Clone, Debug, Default)]
pub struct Line(pub Vec<(Style, String)>);

impl Line {
    pub fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    fn add(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, quoted(&text.into(), WIDEST)));
        self
    }

    /// A name and its value, in columns.
    fn figure(self, name: &str, value: impl Into<String>) -> Self {
        self.told(name, value, false)
    }

    fn told(self, name: &str, value: impl Into<String>, is_alarming: bool) -> Self {
        let style = if is_alarming { Style::Alarm } else { Style::Plain };
        self.add(Style::Faint, format!("  {name} ")).add(style, value)
    }

    /// Cut to the width of the terminal.
    fn within(mut self, columns: usize) -> Self {
        let mut left = columns;
        for (_, text) in &mut self.0 {
            *text = text.chars().take(left).collect();
            left -= text.chars().count();
        }
        self
    }
}

/// All lines that fit. `view` is None until a scrape came; `trouble` says why the last one did not, and for how long.
pub fn compose(
    url: &str,
    view: Option<&View<'_>>,
    trouble: Option<(&str, Duration)>,
    columns: usize,
    rows: usize,
) -> Vec<Line> {
    let mut lines = vec![head(url, view, columns)];
    match (trouble, view) {
        (Some((why, since)), _) => {
            let shown = if view.is_some() { "; the last figures:" } else { "" };
            lines.push(Line::default().add(Style::Alarm, format!("  no answer for {}: {why}{shown}", time(since))));
        }
        (None, None) => lines.push(Line::default().add(Style::Faint, "  asking …")),
        (None, Some(_)) => lines.push(Line::default()),
    }
    if let Some(view) = view {
        for (name, part) in
            [("Load", load(view)), ("People", people(view)), ("Database", database(view)), ("Process", process(view))]
        {
            lines.push(heading(name, columns));
            lines.extend(part);
        }
        lines.push(heading("Busiest routes", columns));
        lines.extend(routes(view, columns, rows.saturating_sub(lines.len() + 1)));
    }
    lines.truncate(rows.saturating_sub(1));
    lines.resize_with(rows.saturating_sub(1), Line::default);
    lines.push(Line::default().add(Style::Faint, "q or Ctrl-C ends"));
    lines.into_iter().map(|line| line.within(columns)).collect()
}

fn head(url: &str, view: Option<&View<'_>>, columns: usize) -> Line {
    let version = view.map(|view| view.text("smilechat_build_info", "version").to_owned()).unwrap_or_default();
    let left = format!("SmileChat {version}  {url}");
    let right = view.map(|view| format!("up {}", time(view.uptime()))).unwrap_or_default();
    let gap = columns.saturating_sub(left.chars().count() + right.chars().count()).max(2);
    Line::default().add(Style::Bold, left).add(Style::Faint, format!("{}{right}", " ".repeat(gap)))
}

fn heading(name: &str, columns: usize) -> Line {
    let rule = "─".repeat(columns.saturating_sub(name.chars().count() + 4));
    Line::default().add(Style::Faint, "─ ").add(Style::Bold, name).add(Style::Faint, format!(" {rule}"))
}

fn load(view: &View<'_>) -> Vec<Line> {
    let requests = view.measured("smilechat_http_request_seconds", |_| true);
    let failed = view.rate("smilechat_http_request_seconds_count", |one| {
        one.label("status").is_some_and(|status| status.starts_with('5'))
    });
    let acked = view.measured("smilechat_message_ack_seconds", |_| true);
    let shown = view.measured("smilechat_message_delivery_seconds", |_| true);
    let messages = view.rate("smilechat_messages_total", |_| true);
    let errors = view.rates_by("smilechat_errors_total", "code");
    let all_errors: f64 = errors.iter().map(|(_, rate)| rate).sum();
    let named: Vec<_> = errors.iter().take(4).map(|(code, rate)| format!("{code} {}", per_second(*rate))).collect();
    vec![
        percentiles(Line::default().figure("requests", cell(per_second(requests.per_second), 9)), "answer", requests)
            .told("5xx", per_second(failed), failed > 0.0)
            .figure("in flight", whole(view.gauge("smilechat_http_requests_in_flight"))),
        percentiles(
            percentiles(Line::default().figure("messages", cell(per_second(messages), 9)), "ack", acked),
            "shown",
            shown,
        ),
        Line::default()
            .told("errors  ", cell(per_second(all_errors), 9), errors.iter().any(|(code, _)| *code == "internal"))
            .add(Style::Faint, format!("   {}", named.join(", "))),
    ]
}

fn people(view: &View<'_>) -> Vec<Line> {
    let sockets = |transport| view.labelled("smilechat_sockets", "transport", transport);
    let online = |side| whole(view.labelled("smilechat_users_online", "side", side));
    let oldest = view.gauge("smilechat_tickets_waiting_oldest_seconds");
    let waiting = view.gauge("smilechat_tickets_waiting");
    let per_minute = |name: &str| format!("{}/min", decimal(view.rate(name, |_| true) * 60.0));
    vec![
        Line::default()
            .figure("sockets ", whole(sockets("websocket") + sockets("polling")))
            .figure("polling", whole(sockets("polling")))
            .figure("customers", online("customer"))
            .figure("staff", online("staff"))
            .figure("rooms", whole(view.gauge("smilechat_rooms")))
            .figure("outbox", whole(view.gauge("smilechat_outbox_packets"))),
        Line::default()
            .figure("waiting ", format!("{} tickets", whole(waiting)))
            .figure("oldest", if waiting > 0.0 { time(seconds(oldest)) } else { "-".into() })
            .figure("opened", per_minute("smilechat_tickets_opened_total"))
            .figure("closed", per_minute("smilechat_tickets_closed_total")),
        Line::default()
            .figure("sign-ins", format!("{}/min", decimal(view.rate("smilechat_sign_ins_total", |_| true) * 60.0)))
            .figure(
                "failed",
                format!(
                    "{}/min",
                    decimal(view.rate("smilechat_sign_ins_total", |one| one.label("outcome") != Some("ok")) * 60.0)
                ),
            ),
    ]
}

fn database(view: &View<'_>) -> Vec<Line> {
    let is_up = view.labelled("smilechat_dependency_up", "dependency", "database") > 0.0;
    let files_are_up = view.labelled("smilechat_dependency_up", "dependency", "files") > 0.0;
    let ping = view.labelled("smilechat_dependency_ping_seconds", "dependency", "database");
    let failures = view.rate("smilechat_db_failures_total", |_| true);
    let queued = |kind| view.labelled("smilechat_db_queue_length", "kind", kind);
    let of = |name: &str, kind: &str| view.measured(name, |one| one.label("kind") == Some(kind));
    let write = of("smilechat_db_wait_seconds", "write");
    let commit = view.measured("smilechat_db_commit_seconds", |_| true);
    let up = |is_up: bool| if is_up { "up" } else { "DOWN" };
    vec![
        Line::default()
            .told("database", up(is_up), !is_up)
            .figure("ping", duration(Some(ping)))
            .told("files", up(files_are_up), !files_are_up)
            .told(
                "queue",
                format!("{} read, {} write", whole(queued("read")), whole(queued("write"))),
                queued("write") > 1000.0,
            )
            .told("failures", per_second(failures), failures > 0.0),
        percentiles(
            percentiles(Line::default().figure("writes  ", cell(per_second(write.per_second), 9)), "wait", write),
            "commit",
            commit,
        ),
        percentiles(
            Line::default().figure("reads   ", cell(per_second(of("smilechat_db_wait_seconds", "read").per_second), 9)),
            "wait",
            of("smilechat_db_wait_seconds", "read"),
        )
        .figure("group", view.mean("smilechat_db_group_size").map_or_else(|| "-".into(), decimal))
        .figure("slow", per_second(view.rate("smilechat_db_slow_statements_total", |_| true))),
    ]
}

fn process(view: &View<'_>) -> Vec<Line> {
    let cpu = view.rate("process_cpu_seconds_total", |_| true) * 100.0;
    let (open, most) = (view.gauge("process_open_fds"), view.gauge("process_max_fds"));
    vec![
        Line::default()
            .figure("cpu     ", format!("{cpu:.0} %"))
            .figure("memory", bytes(view.gauge("process_resident_memory_bytes")))
            .told("files", format!("{} of {}", whole(open), whole(most)), most > 0.0 && open > most * 0.9)
            .figure("threads", whole(view.gauge("process_threads")))
            .figure("events waiting", whole(view.gauge("smilechat_events_waiting"))),
    ]
}

fn routes(view: &View<'_>, columns: usize, room: usize) -> Vec<Line> {
    // Four columns of figures stand to the right of the name.
    let width = columns.saturating_sub(42).max(20);
    let routes = view.routes(room);
    if routes.is_empty() {
        return vec![Line::default().add(Style::Faint, "  none was asked for just now")];
    }
    let row = |route: &super::figures::Route| {
        let Measured { per_second: rate, p50, p99 } = route.measured;
        let name: String = route.name.chars().take(width).collect();
        let figures = format!("{:>10} {:>9} {:>9}", per_second(rate), duration(p50), duration(p99));
        Line::default().add(Style::Plain, format!("  {name:<width$}{figures}")).add(
            if route.failures > 0.0 { Style::Alarm } else { Style::Plain },
            format!("{:>9}", if route.failures > 0.0 { per_second(route.failures) } else { String::new() }),
        )
    };
    let titles = format!("  {:<width$}{:>10} {:>9} {:>9}{:>9}", "", "rate", "p50", "p99", "5xx");
    let titles = Line::default().add(Style::Faint, titles);
    [titles].into_iter().chain(routes.iter().map(row)).take(room).collect()
}

fn percentiles(line: Line, name: &str, measured: Measured) -> Line {
    line.figure(name, format!("{:>7}", duration(measured.p50))).figure("p99", format!("{:>7}", duration(measured.p99)))
}

fn cell(text: String, width: usize) -> String {
    format!("{text:>width$}")
}

fn per_second(rate: f64) -> String {
    format!("{}/s", decimal(rate))
}

/// Three digits that matter are enough.
fn decimal(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// With commas between the thousands.
fn whole(value: f64) -> String {
    // A sum of nothing is minus zero.
    let digits = format!("{:.0}", value.abs());
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

fn bytes(value: f64) -> String {
    match value {
        value if value >= 10e9 => format!("{:.1} GB", value / 1e9),
        value => format!("{:.0} MB", value / 1e6),
    }
}

/// What a request takes.
fn duration(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".into(),
        Some(seconds) if seconds >= 10.0 => format!("{seconds:.0} s"),
        Some(seconds) if seconds >= 1.0 => format!("{seconds:.1} s"),
        Some(seconds) if seconds >= 0.01 => format!("{:.0} ms", seconds * 1e3),
        Some(seconds) => format!("{:.1} ms", seconds * 1e3),
    }
}

/// What people wait.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::figures::Scrape;
    use super::*;

    #[test]
    fn a_frame_fits_its_terminal_whatever_is_shown() {
        let text = "smilechat_build_info{version=\"1.2.3\"} 1\nsmilechat_http_request_seconds_count{method=\"GET\",route=\"/a\",status=\"500\"} 5\n";
        let start = Instant::now();
        let one = Scrape::of("smilechat_build_info{version=\"1.2.3\"} 1\n", start).expect("ours");
        let two = Scrape::of(text, start + Duration::from_secs(1)).expect("ours");
        let view = View::between(Some(&one), &two);
        for (columns, rows) in [(80, 24), (20, 5), (1, 1), (300, 100), (0, 0)] {
            for view in [None, Some(&view)] {
                let trouble = view.is_none().then_some(("connection refused", Duration::from_secs(61)));
                let lines = compose("http://localhost:3100", view, trouble, columns, rows);
                assert!(lines.len() == rows.max(1), "{} lines in {rows} rows", lines.len());
                assert!(lines.iter().all(|line| line.plain().chars().count() <= columns), "{columns}: {lines:?}");
            }
        }
        let shown: Vec<_> = compose("x", Some(&view), None, 80, 24).iter().map(Line::plain).collect();
        assert!(shown.iter().any(|line| line.contains("GET /a") && line.trim_end().ends_with("5.0/s")), "{shown:#?}");
    }

    #[test]
    fn what_a_server_calls_itself_is_nothing_that_a_terminal_obeys() {
        let hostile = "smilechat_build_info{version=\"\u{1b}]0;mine\u{7}\u{9b}31m\u{202e}1.2.3\"} 1\n";
        let scrape = Scrape::of(hostile, Instant::now()).expect("ours");
        let lines = compose("http://localhost:3100", Some(&View::between(None, &scrape)), None, 80, 24);
        let shown: String = lines.iter().map(Line::plain).collect();
        assert!(shown.contains("1.2.3") && !shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown}");
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0.0, 999.0, 1000.0, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [None, Some(0.0004), Some(0.25), Some(1.5), Some(75.0)].map(duration),
            ["-", "0.4 ms", "250 ms", "1.5 s", "75 s"]
        );
        assert_eq!(
            [5, 65, 3700, 90_000].map(|s| time(Duration::from_secs(s))),
            ["5 s", "1 min", "1 h 1 min", "1 d 1 h"]
        );
    }
}
