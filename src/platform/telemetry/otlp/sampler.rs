//! Which traces are sent: a share of all, drawn from the trace's id, so that other services that draw the same share send
//! the same traces. What a caller's header says of sampling is not believed: it would let strangers have everything sent.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

#[derive(Clone, Debug)]
pub struct Share(Sampler);

impl Share {
    pub fn of_percent(percent: u8) -> Self {
        Self(Sampler::TraceIdRatioBased(f64::from(percent) / 100.0))
    }
}

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let ours = parent.map(|context| context.span().span_context().clone());
        match ours.filter(|span| span.is_valid() && !span.is_remote()) {
            // Within the process a trace is whole or not there.
            Some(span) => SamplingResult {
                decision: if span.is_sampled() { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            },
            None => self.0.should_sample(None, trace_id, name, kind, attributes, links),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    fn is_sampled(percent: u8, trace: u128, parent: Option<(bool, bool)>) -> bool {
        let trace_id = TraceId::from(trace);
        let parent = parent.map(|(is_remote, is_sampled)| {
            let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let span = SpanContext::new(trace_id, SpanId::from(1), flags, is_remote, TraceState::default());
            Context::new().with_remote_span_context(span)
        });
        let share = Share::of_percent(percent);
        let result = share.should_sample(parent.as_ref(), trace_id, "", &SpanKind::Server, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_share_of_the_traces_is_taken_whatever_a_stranger_asks_for() {
        let taken = |percent, parent| {
            (1..=1000_u128).filter(|n| is_sampled(percent, n.wrapping_mul(0x9e37_79b9_7f4a_7c15), parent)).count()
        };
        assert_eq!((taken(100, None), taken(0, None)), (1000, 0));
        assert!((50..150).contains(&taken(10, None)), "{}", taken(10, None));
        assert_eq!(taken(0, Some((true, true))), 0, "a stranger asks for it");
        assert_eq!(taken(10, Some((true, false))), taken(10, None));
        assert_eq!((taken(0, Some((false, true))), taken(100, Some((false, false)))), (1000, 0), "our own spans agree");
    }
}
