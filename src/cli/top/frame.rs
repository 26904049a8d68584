//! One frame as lines: what to look at first stands on top, what is wrong is red.

use std::time::Duration;

use super::figures::View;
use super::line::{Line, Style};
use super::numbers::time;
use super::routes::routes;
use super::{parts, state};

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
        (None, Some(_)) => {}
    }
    if let Some(view) = view {
        lines.push(state::dependencies(view));
        lines.extend(state::waiting(view, columns));
        let parts = [
            ("Load", parts::load(view)),
            ("People", parts::people(view)),
            ("Since the start", parts::since_start(view)),
            ("Server", parts::server(view)),
        ];
        for (name, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            lines.push(heading(name, columns));
            lines.extend(part);
        }
        // But for the titles and the last line.
        let room = rows.saturating_sub(lines.len() + 2);
        lines.extend(if room > 0 { routes(view, columns, room) } else { Vec::new() });
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

    /// Of a server that has all there is, in figures as large as they get.
    fn all_there_is() -> (Scrape, Scrape) {
        let start = Instant::now();
        let gauges: String = [
            ("smilechat_dependency_up{dependency=\"database\"}", 1.0),
            ("smilechat_dependency_ping_seconds{dependency=\"database\"}", 0.0123),
            ("smilechat_dependency_up{dependency=\"files\"}", 0.0),
            ("smilechat_dependency_up{dependency=\"replica\"}", 0.0),
            ("smilechat_replica_lag_seconds", 100_000.0),
            ("smilechat_bus_up", 0.0),
            ("smilechat_tickets_waiting", 12_345.0),
            ("smilechat_tickets_waiting_oldest_seconds", 86_399.0),
            ("smilechat_backlog_length{queue=\"webhooks\"}", 10_000.0),
            ("smilechat_backlog_oldest_seconds{queue=\"webhooks\"}", 86_399.0),
            ("smilechat_backlog_length{queue=\"bot\"}", 3.0),
            ("smilechat_backlog_oldest_seconds{queue=\"bot\"}", 40.0),
            ("smilechat_backlog_length{queue=\"imports\"}", 0.0),
            ("smilechat_backlog_oldest_seconds{queue=\"imports\"}", 0.0),
            ("smilechat_backlog_oldest_seconds{queue=\"analytics\"}", 700.0),
            ("smilechat_sockets{transport=\"websocket\"}", 1234.0),
            ("smilechat_sockets{transport=\"polling\"}", 123.0),
            ("smilechat_users_online{side=\"customer\"}", 1234.0),
            ("smilechat_users_online{side=\"staff\"}", 123.0),
            ("smilechat_rooms", 1234.0),
            ("smilechat_db_queue_length{kind=\"read\"}", 123.0),
            ("smilechat_db_queue_length{kind=\"write\"}", 1234.0),
            ("smilechat_db_queue_stalled_seconds{kind=\"write\"}", 12.0),
            ("smilechat_db_wal_bytes", 1.2e9),
            ("process_resident_memory_bytes", 1.2e9),
            ("process_open_fds", 12_345.0),
            ("process_max_fds", 1_048_576.0),
            ("process_threads", 123.0),
        ]
        .map(|(name, value)| format!("{name} {value}\n"))
        .concat();
        let text = |times: f64| {
            let histograms = [
                ("smilechat_message_ack_seconds", "", 9.0),
                ("smilechat_ticket_first_reply_seconds", "", 86_400.0),
                ("smilechat_ticket_resolution_seconds", "", 604_800.0),
                ("smilechat_message_seen_seconds", "side=\"staff\",", 3600.0),
                ("smilechat_message_seen_seconds", "side=\"customer\",", 2_592_000.0),
                ("smilechat_webhook_seconds", "", 0.25),
                ("smilechat_db_group_size", "", 512.0),
            ];
            let histogram = |(name, labels, bound): (&str, &str, f64)| {
                let count = 1000.0 * times;
                let finer = match name {
                    "smilechat_ticket_first_reply_seconds" => String::new(),
                    _ => format!("{name}_bucket{{{labels}le=\"0\"}} 0\n"),
                };
                finer + &format!("{name}_bucket{{{labels}le=\"{bound}\"}} {count}\n{name}_count{{{labels}}} {count}\n")
            };
            let counters = [
                ("smilechat_webhook_deliveries_total{result=\"delivered\"}", 12_345.0),
                ("smilechat_webhook_deliveries_total{result=\"retried\"}", 23_456.0),
                ("smilechat_webhook_deliveries_total{result=\"failed\"}", 12.0),
                ("smilechat_tickets_opened_total", 2.0),
                ("smilechat_sign_ins_total{outcome=\"failed\"}", 2.0),
                ("smilechat_bus_published_total", 123.0),
                ("smilechat_bus_dropped_total", 1234.0),
                ("smilechat_bus_clock_off_total", 1.0),
            ];
            let counter = |(name, value): (&str, f64)| format!("{name} {}\n", value * times);
            let grown = histograms.map(histogram).concat() + &counters.map(counter).concat();
            format!("smilechat_build_info{{version=\"1.2.3\"}} 1\n{gauges}{grown}")
        };
        let scrape = |times: u32| {
            let at = start + Duration::from_secs(times.into());
            Scrape::of(&text(times.into()), at).expect("ours")
        };
        (scrape(1), scrape(2))
    }

    #[test]
    fn nothing_is_cut_from_what_a_server_has() {
        let (one, two) = all_there_is();
        let view = View::between(Some(&one), &two);
        let parts = [
            vec![state::dependencies(&view)],
            state::waiting(&view, 80),
            parts::load(&view),
            parts::people(&view),
            parts::since_start(&view),
            parts::server(&view),
        ];
        assert!(parts.iter().flatten().all(|line| line.width() <= 80), "{parts:#?}");
        let narrow: Vec<_> = compose("x", Some(&view), None, 80, 24).iter().map(Line::plain).collect();
        for what in
            ["bus DOWN", "replica DOWN  behind 1 d 3 h", "webhooks 10,000+ for 23 h 59 min", "reports for 11 min"]
        {
            assert!(narrow[1..4].iter().any(|line| line.contains(what)), "{what}: {narrow:#?}");
        }
        assert!(!narrow.iter().any(|line| line.contains("imports")), "{narrow:#?}");
        for what in [
            "by staff     30 min  p90  54 min",
            "first reply <24.0 h  p90",
            "resolution     3.5 d  p90",
            "retried 46,912",
            "clocks OFF",
            "q or Ctrl-C ends",
        ] {
            assert!(narrow.iter().any(|line| line.contains(what)), "{what}: {narrow:#?}");
        }
    }

    #[test]
    fn what_is_down_or_late_is_red_and_the_rest_is_not() {
        let (one, two) = all_there_is();
        let lines = compose("x", Some(&View::between(Some(&one), &two)), None, 80, 24);
        let pieces = lines[1..4].iter().flat_map(|line| &line.0);
        let red: Vec<_> = pieces.filter(|(style, _)| *style == Style::Alarm).map(|(_, text)| text.as_str()).collect();
        let late = ["12,345 for 23 h 59 min", "10,000+ for 23 h 59 min", "for 11 min"];
        assert_eq!(red, [&["DOWN"; 3][..], &late].concat());
    }

    #[test]
    fn what_a_server_has_not_takes_no_room() {
        let text = "smilechat_build_info{version=\"1.2.3\"} 1\nsmilechat_dependency_up{dependency=\"database\"} 1\n\
                    smilechat_webhook_deliveries_total{result=\"delivered\"} 0\nsmilechat_bus_published_total 0\n\
                    smilechat_replica_reads_total{outcome=\"answered\"} 0\n\
                    smilechat_backlog_length{queue=\"bot\"} 0\nsmilechat_backlog_oldest_seconds{queue=\"bot\"} 0\n\
                    smilechat_backlog_oldest_seconds{queue=\"analytics\"} 3\n\
                    smilechat_ticket_first_reply_seconds_bucket{le=\"60\"} 0\n";
        let scrape = Scrape::of(text, Instant::now()).expect("ours");
        let lines = compose("x", Some(&View::between(None, &scrape)), None, 80, 24);
        let shown = lines.iter().map(Line::plain).collect::<Vec<_>>().join("\n");
        for absent in ["bus", "replica", "webhooks", "Since", "reports", "bot", "seen"] {
            assert!(!shown.contains(absent), "{absent}: {shown}");
        }
        assert!(lines.iter().all(|line| line.0.iter().all(|(style, _)| *style != Style::Alarm)), "{shown}");
    }
}
