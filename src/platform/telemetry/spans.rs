//! The spans of a trace: a request, a socket's events, the work of a job, a transaction (its wait and its run), the telling of
//! an event, here and on another node.
//!
//! A trace begins where something happens. What is in none begins none: a job that looks whether there is anything to do, once a
//! second perhaps, looks outside of any span.
//!
//! They stand under a target of their own that no log shows, so that without a collector each of these calls is a test of
//! one flag. Spans for the log (the request id, the trace's id) are others, which are there without a collector too: they are
//! made where they are needed, by `tracing` itself, and at the level of errors, so that whatever is logged within has them.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Context;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::instrument::Instrumented;
use tracing::span::EnteredSpan;
use tracing::{Instrument, Span, error_span, trace_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::traceparent::{self, Traceparent};

pub(super) const TARGET: &str = "spans";

static ARE_ON: AtomicBool = AtomicBool::new(false);

pub(super) fn switch_on() {
    ARE_ON.store(true, Ordering::Relaxed);
}

pub fn are_on() -> bool {
    ARE_ON.load(Ordering::Relaxed)
}

/// A request, under the caller's span if the caller named one.
pub fn request(method: &'static str, route: &str, parent: Option<Traceparent>) -> Span {
    let span = trace_span!(
        target: TARGET, parent: None, "request", otel.name = format!("{method} {route}"), otel.kind = "server",
        otel.status_code = tracing::field::Empty, http.request.method = method, http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    place_under(&span, parent, true);
    span
}

/// Says how a request ended.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Events of a socket that are handled together: one, or messages that share a transaction.
pub fn socket_event(event: &'static str, count: usize) -> Span {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    trace_span!(target: TARGET, parent: None, "socket event", otel.name = event, otel.kind = "server", events = count)
}

/// What is done about events of a socket: in a trace that begins with it, for the log too.
pub fn in_event<F: Future>(event: &'static str, count: usize, work: F) -> Instrumented<Instrumented<F>> {
    let traced = socket_event(event, count);
    let line = error_span!("socket event", trace_id = trace_id(&traced));
    work.instrument(line).instrument(traced)
}

/// The id of the trace that a span begins, for the log. Without a collector nobody has given it one: it is drawn.
pub fn trace_id(begun: &Span) -> String {
    begun.in_scope(here).map_or_else(traceparent::drawn, |place| place.trace_id())
}

/// For lines of the log about what stands in no trace: they are one of their own, until it is dropped.
pub fn ensure_trace() -> Option<EnteredSpan> {
    Span::current().is_none().then(|| error_span!("trace", trace_id = traceparent::drawn()).entered())
}

/// A transaction from its being queued to its answer.
pub fn transaction(engine: &'static str, kind: &'static str) -> Span {
    trace_span!(target: TARGET, "transaction", otel.name = kind, otel.kind = "client", db.system.name = engine)
}

/// Its waiting for a turn.
pub fn queued(transaction: &Span) -> Span {
    trace_span!(target: TARGET, parent: transaction, "queued")
}

/// Its statements.
pub fn run(transaction: &Span) -> Span {
    trace_span!(target: TARGET, parent: transaction, "run")
}

/// The telling of an event, under the transaction that it happened in.
pub fn announcement(event: &'static str, origin: Option<Traceparent>) -> Span {
    let span = trace_span!(target: TARGET, parent: None, "announce", event);
    place_under(&span, origin, false);
    span
}

/// The saying of a hint to the other nodes, and where in the trace it is, for them to go on there. None where nobody keeps it.
pub fn said(event: &'static str) -> Option<(Span, Traceparent)> {
    here().filter(|around| around.is_sampled)?;
    let span = trace_span!(target: TARGET, "say hint", otel.kind = "producer", event);
    let place = span.in_scope(here)?;
    Some((span, place))
}

/// What another node has said, under its saying there; None without a collector here.
pub fn heard(event: &'static str, origin: Traceparent) -> Option<Span> {
    if !are_on() {
        return None;
    }
    let span = trace_span!(target: TARGET, parent: None, "hear hint", otel.kind = "consumer", event);
    place_under(&span, Some(origin), true);
    Some(span)
}

/// Work that nobody waits for: in the trace of whoever began it, or as one of its own.
pub fn in_job<F: Future>(job: &'static str, work: F) -> Instrumented<F> {
    let span = trace_span!(target: TARGET, parent: None, "job", otel.name = job);
    // Not as a part of the span that this thread is in: that one would end with the work, and its caller waits no longer.
    place_under(&span, here(), false);
    work.instrument(span)
}

/// Where somebody is in the log and in a trace, for what is done for them in another task.
pub struct Whereabouts {
    span: Span,
    trace: Option<Context>,
}

impl Whereabouts {
    pub fn now() -> Self {
        Self { span: Span::current(), trace: are_on().then(Context::current) }
    }

    pub fn carried<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.with_context(self.trace.clone().unwrap_or_default()).instrument(self.span.clone())
    }
}

/// The span that this thread is in; None without a collector, and where no trace has begun.
pub fn here() -> Option<Traceparent> {
    if !are_on() {
        return None;
    }
    Context::map_current(|context| {
        let span = context.span().span_context().clone();
        span.is_valid().then(|| Traceparent {
            trace: u128::from_be_bytes(span.trace_id().to_bytes()),
            span: u64::from_be_bytes(span.span_id().to_bytes()),
            is_sampled: span.is_sampled(),
        })
    })
}

fn place_under(span: &Span, parent: Option<Traceparent>, is_remote: bool) {
    let Some(parent) = parent.filter(|_| are_on()) else { return };
    let flags = if parent.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span_id) = (TraceId::from(parent.trace), SpanId::from(parent.span));
    let parent = SpanContext::new(trace, span_id, flags, is_remote, TraceState::default());
    // It fails for a span that nobody records, which has no use for a parent.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}
