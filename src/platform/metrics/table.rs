//! Every metric there is: its name, its labels, and what it says. Whoever measures writes the name once more, as a
//! literal, in a macro of `metrics`; a test holds both against each other, and docs/METRICS.md is made of this.
//!
//! The unit is the end of a name. Counters end in `_total`.

use super::buckets::{LATENCY, LONG, SEEN, SIZE};

pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [Label],
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Counter,
    Gauge,
    /// With the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

pub struct Label {
    pub name: &'static str,
    /// All that it can be. Empty where the server's own lists (routes, codes of errors) say so.
    pub values: &'static [&'static str],
}

const fn counter(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, bounds: &'static [f64], labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), labels, help }
}

const fn one_of(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values }
}

const fn listed(name: &'static str) -> Label {
    Label { name, values: &[] }
}

/// By what they are about, in the order of the page.
pub const TABLE: &[(&str, &[Metric])] = &[
    ("Requests", REQUESTS),
    ("Connections and sockets", SOCKETS),
    ("Messages", MESSAGES),
    ("Tickets and people", TICKETS),
    ("What waits to be done", BACKLOGS),
    ("The database", DATABASE),
    ("Other nodes", NODES),
    ("The process", PROCESS),
];

const REQUESTS: &[Metric] = &[
    histogram(
        "smilechat_http_request_seconds",
        LATENCY,
        &[listed("method"), listed("route"), listed("status")],
        "How long a request took, from its head to the head of its answer. `route` is the path's template, or `other` for \
         a path that the server has not; what goes to /socket.io/ is not among them.",
    ),
    gauge("smilechat_http_requests_in_flight", &[], "Requests that are being answered."),
    counter(
        "smilechat_errors_total",
        &[one_of("transport", &["http", "socket"]), listed("code")],
        "Refusals and failures by their stable code (docs/ERRORS.md). `internal` is a fault of the server.",
    ),
    counter(
        "smilechat_sign_ins_total",
        &[one_of("outcome", &["ok", "failed", "limited"])],
        "Sign-ins by password: `failed` is a wrong name, password or second factor, `limited` one too many of those.",
    ),
];

/// Why a socket ended, in the words of `realtime::gateway`.
pub const REASONS: &[&str] = &[
    "client namespace disconnect",
    "server namespace disconnect",
    "server shutting down",
    "transport close",
    "transport error",
    "ping timeout",
    "connect timeout",
    "parse error",
    "slow reader",
    "too many events",
    "internal error",
];

/// What a client may send, messages aside, and what it made up.
pub const EVENTS: &[&str] =
    &["join_ticket", "leave_ticket", "typing", "message_read", "user_status", "reauth", "other"];

const SOCKETS: &[Metric] = &[
    gauge("smilechat_connections", &[], "Open TCP connections."),
    counter(
        "smilechat_connections_refused_total",
        &[one_of("why", &["full", "address"])],
        "Connections closed unanswered: the server is `full`, or one `address` has its share.",
    ),
    gauge("smilechat_sockets", &[one_of("transport", &["websocket", "polling"])], "Sockets that have joined."),
    counter(
        "smilechat_sockets_closed_total",
        &[one_of("reason", REASONS)],
        "Sockets that ended, by the first cause. `slow reader`, `too many events` and `internal error` are the server's doing.",
    ),
    gauge(
        "smilechat_users_online",
        &[one_of("side", &["customer", "staff"])],
        "People with a socket at least; three tabs are one.",
    ),
    gauge("smilechat_rooms", &[], "Tickets that at least one socket follows."),
    histogram(
        "smilechat_socket_event_seconds",
        LATENCY,
        &[one_of("event", EVENTS)],
        "From the arrival of a socket's event to its answer. Messages have a histogram of their own.",
    ),
    histogram(
        "smilechat_inbox_wait_seconds",
        LATENCY,
        &[],
        "How long the oldest of a socket's waiting events had waited when its turn came.",
    ),
    histogram("smilechat_inbox_size", SIZE, &[], "How many events of a socket waited when its turn came."),
    gauge("smilechat_outbox_packets", &[], "Packets that wait to be written, of all sockets."),
    gauge("smilechat_outbox_longest_packets", &[], "The same of the socket that is furthest behind."),
];

const MESSAGES: &[Metric] = &[
    counter(
        "smilechat_messages_total",
        &[one_of("role", &["customer", "support", "admin"])],
        "Messages stored, by the role of whoever sent them.",
    ),
    histogram(
        "smilechat_message_ack_seconds",
        LATENCY,
        &[],
        "From the arrival of a socket's `chat_message` to its ack: it is on disk by then.",
    ),
    histogram(
        "smilechat_message_delivery_seconds",
        LATENCY,
        &[],
        "From the sending of a message, however it came, to its being queued for everybody in the ticket's room. On the node \
         that stored it: what another one stored is not among it, since no one clock tells how long that took.",
    ),
    histogram(
        "smilechat_message_seen_seconds",
        SEEN,
        &[one_of("side", &["customer", "staff"])],
        "From the storing of a message to its first being read by the other side; `side` is the one that read. Whoever comes \
         back after days and reads on is in it too. Where another node stored it, it is between the clocks of two.",
    ),
    counter(
        "smilechat_holes_filled_total",
        &[],
        "Reads of messages that were stored but not announced here in their turn: another node has stored them, or the \
         announcement was lost.",
    ),
    gauge("smilechat_events_waiting", &[], "Committed events that have not been told yet."),
    histogram("smilechat_event_lag_seconds", LATENCY, &[], "How long committed events waited to be told."),
];

const TICKETS: &[Metric] = &[
    counter("smilechat_tickets_opened_total", &[], "Tickets opened."),
    counter("smilechat_tickets_closed_total", &[], "Tickets closed, which is to say resolved."),
    counter(
        "smilechat_bot_replies_total",
        &[one_of("outcome", &["answered", "small_talk", "asked_back", "handed_over", "no_reply"])],
        "What the bot made of customers' messages.",
    ),
    counter("smilechat_tickets_reopened_total", &[], "Closed tickets opened again, by a message or by hand."),
    histogram(
        "smilechat_ticket_first_reply_seconds",
        LONG,
        &[],
        "From the opening of a ticket to the first message of staff in it.",
    ),
    histogram(
        "smilechat_ticket_resolution_seconds",
        LONG,
        &[],
        "From the opening of a ticket to its closing. One that was reopened counts at each closing.",
    ),
    gauge("smilechat_tickets_waiting", &[], "Open tickets that nobody has and that staff have not put back."),
    gauge("smilechat_tickets_waiting_oldest_seconds", &[], "The age of the oldest of those; 0 without any."),
];

const QUEUE: Label = one_of("kind", &["read", "write"]);

const BACKLOGS: &[Metric] = &[
    gauge(
        "smilechat_backlog_length",
        &[one_of("queue", &["bot", "imports", "file_removals", "webhooks"])],
        "How much waits, of all tenants and nodes: tickets in which the bot owes an answer, imports of sites that no node has \
         taken, files that have to go and are still there, what webhooks whose receivers answer should have been told by now. \
         Counted to 10,000 at most.",
    ),
    gauge(
        "smilechat_backlog_oldest_seconds",
        &[one_of("queue", &["bot", "imports", "file_removals", "webhooks", "analytics"])],
        "Since when the longest of it waits; 0 where nothing does. The bot's: since the customer's last word. `analytics`: \
         the oldest event that is in no report yet; a minute of it can be a gap in the events that may still be filled.",
    ),
    counter(
        "smilechat_webhook_deliveries_total",
        &[one_of("result", &["delivered", "retried", "failed"])],
        "Attempts to tell a webhook: taken by its receiver, to be made again, or given up after the last one.",
    ),
    histogram("smilechat_webhook_seconds", LATENCY, &[], "How long those took, and those of the test button."),
];

const DATABASE: &[Metric] = &[
    gauge(
        "smilechat_dependency_up",
        &[one_of("dependency", &["database", "replica", "files"])],
        "1 if it answered when it was last asked, every five seconds; 0 if not.",
    ),
    gauge(
        "smilechat_dependency_ping_seconds",
        &[one_of("dependency", &["database", "replica", "files"])],
        "How long that answer took.",
    ),
    gauge(
        "smilechat_db_queue_length",
        &[QUEUE],
        "Transactions that wait for a database thread. On PostgreSQL there is one queue, under `write`.",
    ),
    gauge(
        "smilechat_db_queue_stalled_seconds",
        &[QUEUE],
        "How long nothing was taken from a queue in which something waits; 0 where nothing does.",
    ),
    histogram("smilechat_db_wait_seconds", LATENCY, &[QUEUE], "How long a transaction waited for its turn."),
    histogram("smilechat_db_run_seconds", LATENCY, &[QUEUE], "How long its statements took, without the commit."),
    histogram(
        "smilechat_db_group_size",
        SIZE,
        &[],
        "What shared a commit: transactions on SQLite, senders of messages on PostgreSQL.",
    ),
    histogram("smilechat_db_group_seconds", LATENCY, &[], "SQLite: from the beginning of a group to its commit."),
    histogram("smilechat_db_commit_seconds", LATENCY, &[], "How long a commit took: the disk's part."),
    gauge("smilechat_replica_lag_seconds", &[], "How far the standby was behind when it was last asked."),
    counter(
        "smilechat_replica_reads_total",
        &[one_of("outcome", &["answered", "passed_on"])],
        "Reads for the standby: answered by it, or passed on to the database because it was behind or could not answer.",
    ),
    counter(
        "smilechat_db_failures_total",
        &[],
        "Transactions that came to nothing although nothing was wrong with them; their callers got `unavailable`.",
    ),
    counter(
        "smilechat_db_errors_total",
        &[one_of("kind", &["unavailable", "conflict", "fault"])],
        "Errors of the database: it is `unavailable`, a unique value was taken (`conflict`, which is no trouble), or the \
         server asked for nonsense (`fault`).",
    ),
    counter("smilechat_db_slow_statements_total", &[], "Statements slower than `database.slow_ms`."),
    gauge("smilechat_db_wal_bytes", &[], "SQLite: the length of the write-ahead log at the last checkpoint."),
];

const NODES: &[Metric] = &[
    gauge(
        "smilechat_bus_up",
        &[],
        "1 while what a node says to the others comes back to itself; 0 while it does not, and the database is read instead. \
         Absent on a node that is alone.",
    ),
    counter("smilechat_bus_published_total", &[], "Payloads that were handed to the bus, beats among them."),
    counter("smilechat_bus_received_total", &[], "Payloads of other nodes."),
    counter("smilechat_bus_dropped_total", &[], "Hints that could not be said: the bus was down, or too much waited."),
    counter(
        "smilechat_bus_clock_off_total",
        &[],
        "Payloads of nodes whose clock is more than 5 s off this one's. Grows while one of the two is.",
    ),
    counter("smilechat_bus_junk_total", &[], "What was on the channel and is not of our nodes, or of a newer version."),
    counter(
        "smilechat_presence_lists_total",
        &[],
        "How often this node has told another one everybody who is here, because that one had missed a piece.",
    ),
    counter(
        "smilechat_events_given_up_total",
        &[],
        "Keys of events that were passed over and are not asked for, because there were too many. Mostly nobody has them; the \
         sessions of all sockets are looked up anew in case somebody had.",
    ),
];

const PROCESS: &[Metric] = &[
    gauge("smilechat_build_info", &[listed("version")], "Always 1; the version is the label."),
    counter(
        "smilechat_telemetry_exports_total",
        &[one_of("signal", &["traces", "metrics", "logs"]), one_of("outcome", &["ok", "failed"])],
        "Batches sent to the OTLP collector.",
    ),
    counter("process_cpu_seconds_total", &[], "Processor time, user and system."),
    gauge("process_resident_memory_bytes", &[], "Memory in RAM."),
    gauge("process_open_fds", &[], "Open files, sockets among them."),
    gauge("process_max_fds", &[], "How many of those the system allows."),
    gauge("process_threads", &[], "Threads."),
    gauge("process_start_time_seconds", &[], "When the process started, in seconds since 1970."),
];

impl Metric {
    /// Whether it is known from the start which sets of labels there are.
    pub fn is_closed(&self) -> bool {
        self.labels.iter().all(|label| !label.values.is_empty())
    }

    /// As OpenTelemetry writes units.
    pub fn unit(&self) -> &'static str {
        match self.name.trim_end_matches("_total") {
            name if name.ends_with("_seconds") => "s",
            name if name.ends_with("_bytes") => "By",
            _ => "1",
        }
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    TABLE.iter().flat_map(|(_, metrics)| *metrics)
}
