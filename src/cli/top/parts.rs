//! The parts of a frame below its state. A line is there or not for as long as a server runs as it does: what came and went
//! from one look to the next would move all that stands below.

use super::figures::{Measured, View};
use super::line::{Line, Style};
use super::numbers::{bytes, decimal, duration, per_second, seconds, span, time, whole};

/// What is more is red. In a queue; bytes of the write-ahead log; seconds in which nothing left a queue.
const MOST_QUEUED: f64 = 1000.0;
const LARGE_LOG: f64 = 1e9;
const STALLED: f64 = 5.0;

pub fn load(view: &View<'_>) -> Vec<Line> {
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
        Line::rate("requests", per_second(requests.per_second), false)
            .percentiles("answer", requests)
            .told("5xx", per_second(failed), failed > 0.0)
            .figure("in flight", whole(view.gauge("smilechat_http_requests_in_flight"))),
        Line::rate("messages", per_second(messages), false).percentiles("ack   ", acked).percentiles("shown", shown),
        Line::rate("errors", per_second(all_errors), errors.iter().any(|(code, _)| *code == "internal"))
            .add(Style::Faint, format!("   {}", named.join(", "))),
    ]
}

pub fn people(view: &View<'_>) -> Vec<Line> {
    let sockets = |transport| view.labelled("smilechat_sockets", "transport", transport);
    let online = |side| whole(view.labelled("smilechat_users_online", "side", side));
    let per_minute = |rate: f64| format!("{}/min", decimal(rate * 60.0));
    let refused = view.rate("smilechat_sign_ins_total", |one| one.label("outcome") != Some("ok"));
    vec![
        Line::default()
            .figure("sockets ", whole(sockets("websocket") + sockets("polling")))
            .figure("polling", whole(sockets("polling")))
            .figure("customers", online("customer"))
            .figure("staff", online("staff"))
            .figure("outbox", whole(view.gauge("smilechat_outbox_packets")))
            .figure("rooms", whole(view.gauge("smilechat_rooms"))),
        Line::about("tickets")
            .figure("opened", per_minute(view.rate("smilechat_tickets_opened_total", |_| true)))
            .figure("closed", per_minute(view.rate("smilechat_tickets_closed_total", |_| true)))
            .figure("sign-ins", per_minute(view.rate("smilechat_sign_ins_total", |_| true)))
            .told("failed", per_minute(refused), refused > 1.0),
    ]
}

/// What people do takes minutes and hours: between two looks it hardly ever happens. Only what has happened is there.
pub fn since_start(view: &View<'_>) -> Vec<Line> {
    let all = view.since_start();
    let seen = |side| all.measured("smilechat_message_seen_seconds", |one| one.label("side") == Some(side));
    let tickets = [
        ("first reply", all.measured("smilechat_ticket_first_reply_seconds", |_| true)),
        ("resolution  ", all.measured("smilechat_ticket_resolution_seconds", |_| true)),
    ];
    let seen = [("by staff   ", seen("staff")), ("by customers", seen("customer"))];
    let told = |time: Option<f64>, finest: Option<f64>| match (time, finest) {
        (Some(time), Some(finest)) if time < finest => format!("<{}", span(Some(finest))),
        _ => span(time),
    };
    let spans = |line: Line, (name, measured): (&str, Measured)| {
        line.pair(name, told(measured.p50, measured.finest), "p90", told(measured.p90, measured.finest))
    };
    let lines = [("tickets", tickets), ("seen", seen)].into_iter();
    let happened = lines.filter(|(_, pairs)| pairs.iter().any(|(_, measured)| measured.p50.is_some()));
    happened.map(|(name, pairs)| pairs.into_iter().fold(Line::about(name), spans)).chain(webhooks(view)).collect()
}

/// None where no webhook was told anything.
fn webhooks(view: &View<'_>) -> Option<Line> {
    const NAME: &str = "smilechat_webhook_deliveries_total";
    let count = |result| view.labelled(NAME, "result", result);
    let now = |result| view.rate(NAME, |one| one.label("result") == Some(result));
    let took = view.since_start().measured("smilechat_webhook_seconds", |_| true);
    (view.gauge(NAME) > 0.0).then(|| {
        Line::about("webhooks")
            .figure("delivered", whole(count("delivered")))
            .told("retried", whole(count("retried")), now("retried") > now("delivered"))
            .told("failed", whole(count("failed")), now("failed") > 0.0)
            .figure("took", duration(took.p50))
            .figure("p90", duration(took.p90))
    })
}

pub fn server(view: &View<'_>) -> Vec<Line> {
    let mut lines = database(view);
    lines.extend(replica(view));
    lines.extend(bus(view));
    lines.push(process(view));
    lines
}

fn database(view: &View<'_>) -> Vec<Line> {
    let waited = |kind| view.measured("smilechat_db_wait_seconds", |one| one.label("kind") == Some(kind));
    let (read, write) = (waited("read"), waited("write"));
    let slow = view.rate("smilechat_db_slow_statements_total", |_| true);
    let mut reads = Line::rate("reads", per_second(read.per_second), false)
        .percentiles("wait  ", read)
        .figure("slow", per_second(slow));
    // Nothing was written together yet.
    if view.gauge("smilechat_db_group_size_count") > 0.0 {
        reads = reads.figure("group", view.mean("smilechat_db_group_size").map_or_else(|| "-".into(), decimal));
    }
    let log = view.gauge("smilechat_db_wal_bytes");
    if log > LARGE_LOG {
        reads = reads.told("log", bytes(log), true);
    }
    vec![
        Line::rate("writes", per_second(write.per_second), false)
            .percentiles("wait  ", write)
            .percentiles("commit", view.measured("smilechat_db_commit_seconds", |_| true)),
        reads,
        queues(view),
    ]
}

fn queues(view: &View<'_>) -> Line {
    let queued = |kind| view.labelled("smilechat_db_queue_length", "kind", kind);
    let events = view.gauge("smilechat_events_waiting");
    let failures = view.rate("smilechat_db_failures_total", |_| true);
    let stalled = ["read", "write"].map(|kind| view.labelled("smilechat_db_queue_stalled_seconds", "kind", kind));
    let stalled = stalled[0].max(stalled[1]);
    let line = Line::about("queues")
        .figure("read", whole(queued("read")))
        .told("write", whole(queued("write")), queued("write") > MOST_QUEUED)
        .told("events", whole(events), events > MOST_QUEUED)
        .told("failures", per_second(failures), failures > 0.0);
    if stalled > STALLED { line.told("stalled", time(seconds(stalled)), true) } else { line }
}

fn replica(view: &View<'_>) -> Option<Line> {
    let reads =
        |outcome| per_second(view.rate("smilechat_replica_reads_total", |one| one.label("outcome") == Some(outcome)));
    view.known("smilechat_dependency_up", |one| one.label("dependency") == Some("replica"))?;
    Some(Line::about("replica").figure("answered", reads("answered")).figure("passed on", reads("passed_on")))
}

/// None on a server that is alone.
fn bus(view: &View<'_>) -> Option<Line> {
    let rate = |name| view.rate(name, |_| true);
    view.known("smilechat_bus_up", |_| true)?;
    let (dropped, off) = (rate("smilechat_bus_dropped_total"), rate("smilechat_bus_clock_off_total"));
    let line = Line::about("bus")
        .figure("published", per_second(rate("smilechat_bus_published_total")))
        .figure("received", per_second(rate("smilechat_bus_received_total")))
        .told("dropped", per_second(dropped), dropped > 0.0);
    Some(if off > 0.0 { line.told("clocks", "OFF", true) } else { line })
}

fn process(view: &View<'_>) -> Line {
    let cpu = view.rate("process_cpu_seconds_total", |_| true) * 100.0;
    let (open, most) = (view.gauge("process_open_fds"), view.gauge("process_max_fds"));
    Line::about("process")
        .figure("cpu", format!("{cpu:.0} %"))
        .figure("memory", bytes(view.gauge("process_resident_memory_bytes")))
        .told("files", format!("{} of {}", whole(open), whole(most)), most > 0.0 && open > most * 0.85)
        .figure("threads", whole(view.gauge("process_threads")))
}
