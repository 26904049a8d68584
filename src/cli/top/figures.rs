//! What a frame shows, computed from two scrapes: rates, and percentiles of what was measured between them.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::platform::metrics::text::{self, Sample};

pub struct Scrape {
    at: Instant,
    samples: Vec<Sample>,
    /// Where each of them is.
    places: HashMap<Key, usize>,
}

/// Name and labels.
type Key = (String, Vec<(String, String)>);

fn key(sample: &Sample) -> Key {
    (sample.name.clone(), sample.labels.clone())
}

impl Scrape {
    /// None if it is not from a server of ours.
    pub fn of(text: &str, at: Instant) -> Option<Self> {
        let samples = text::parse(text);
        let places = samples.iter().enumerate().map(|(place, sample)| (key(sample), place)).collect();
        samples.iter().any(|sample| sample.name == "smilechat_build_info").then_some(Self { at, samples, places })
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }
}

/// The last scrape beside what came before it.
pub struct View<'a> {
    before: Before<'a>,
    last: &'a Scrape,
    seconds: f64,
}

#[derive(Clone, Copy)]
enum Before<'a> {
    /// Nothing has a rate yet.
    Unknown,
    Scrape(&'a Scrape),
    /// Where all counters begin at zero.
    Start,
}

/// What was measured in the time between.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    pub per_second: f64,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
    /// What is less than this is not told apart.
    pub finest: Option<f64>,
}

pub struct Route {
    pub name: String,
    pub measured: Measured,
    /// Answers of 500 and above, per second.
    pub failures: f64,
}

impl<'a> View<'a> {
    pub fn between(before: Option<&'a Scrape>, last: &'a Scrape) -> Self {
        let seconds = before.map_or(0.0, |before| last.at.duration_since(before.at).as_secs_f64());
        Self { before: before.map_or(Before::Unknown, Before::Scrape), last, seconds }
    }

    /// For what happens too seldom for the time between two scrapes: all since the server's start.
    pub fn since_start(&self) -> Self {
        Self { before: Before::Start, last: self.last, seconds: self.uptime().as_secs_f64() }
    }

    /// The sum over all label sets that fit.
    pub fn value(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> f64 {
        self.last.all(name).filter(|sample| fits(sample)).map(|sample| sample.value).sum()
    }

    pub fn gauge(&self, name: &str) -> f64 {
        self.value(name, |_| true)
    }

    /// None where the server does not know, or has not, what it is about.
    pub fn known(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> Option<f64> {
        self.last.all(name).find(|sample| fits(sample)).map(|sample| sample.value)
    }

    pub fn labelled(&self, name: &str, label: &str, value: &str) -> f64 {
        self.value(name, |sample| sample.label(label) == Some(value))
    }

    pub fn text(&self, name: &str, label: &str) -> &str {
        let found = self.last.samples.iter().find(|sample| sample.name == name);
        found.and_then(|sample| sample.label(label)).unwrap_or("?")
    }

    /// Per second.
    pub fn rate(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> f64 {
        let grown: f64 = self.last.all(name).filter(|sample| fits(sample)).map(|sample| self.grown(sample)).sum();
        self.per_second(grown)
    }

    pub fn measured(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> Measured {
        let (buckets, count) = (format!("{name}_bucket"), format!("{name}_count"));
        let mut below: Vec<(f64, f64)> = Vec::new();
        for sample in self.last.all(&buckets).filter(|sample| fits(sample)) {
            let Some(bound) = sample.label("le").and_then(|bound| bound.parse().ok()) else { continue };
            let grown = self.grown(sample);
            match below.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, sum)) => *sum += grown,
                None => below.push((bound, grown)),
            }
        }
        below.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| quantile(&below, share));
        let finest = below.first().map(|(bound, _)| *bound);
        Measured { per_second: self.rate(&count, fits), p50, p90, p99, finest }
    }

    /// The mean of what a histogram measured in between.
    pub fn mean(&self, name: &str) -> Option<f64> {
        let grown =
            |suffix: &str| -> f64 { self.last.all(&format!("{name}{suffix}")).map(|one| self.grown(one)).sum() };
        let (sum, count) = (grown("_sum"), grown("_count"));
        (count > 0.0).then(|| sum / count)
    }

    /// The rates of a counter by the values of a label, the highest first, without those that stand still.
    pub fn rates_by<'b>(&'b self, name: &str, label: &str) -> Vec<(&'b str, f64)> {
        let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
        for sample in self.last.samples.iter().filter(|sample| sample.name == name) {
            *rates.entry(sample.label(label).unwrap_or_default()).or_default() += self.per_second(self.grown(sample));
        }
        let mut rates: Vec<_> = rates.into_iter().filter(|(_, rate)| *rate > 0.0).collect();
        rates.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        rates
    }

    /// The routes that were asked for most in between, the busiest first.
    pub fn routes(&self, most: usize) -> Vec<Route> {
        const NAME: &str = "smilechat_http_request_seconds";
        let counts = format!("{NAME}_count");
        let mut asked: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for sample in self.last.all(&counts) {
            if let (Some(method), Some(route)) = (sample.label("method"), sample.label("route")) {
                *asked.entry((method, route)).or_default() += self.grown(sample);
            }
        }
        let mut asked: Vec<_> = asked.into_iter().filter(|(_, grown)| *grown > 0.0).collect();
        asked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        asked.truncate(most);
        let route = |((method, route), _): ((&str, &str), f64)| {
            let fits = |sample: &Sample| sample.label("method") == Some(method) && sample.label("route") == Some(route);
            let is_failure = |sample: &Sample| sample.label("status").is_some_and(|status| status.starts_with('5'));
            let failures = self.rate(&counts, |sample| fits(sample) && is_failure(sample));
            Route { name: format!("{method} {route}"), measured: self.measured(NAME, fits), failures }
        };
        asked.into_iter().map(route).collect()
    }

    pub fn uptime(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let start = self.gauge("process_start_time_seconds");
        if start > 0.0 { Duration::try_from_secs_f64(now - start).unwrap_or_default() } else { Duration::ZERO }
    }

    fn per_second(&self, grown: f64) -> f64 {
        if self.seconds > 0.0 { grown / self.seconds } else { 0.0 }
    }

    /// How much a counter has grown. One that is smaller than before belongs to a process that started anew.
    fn grown(&self, sample: &Sample) -> f64 {
        let earlier = match self.before {
            Before::Unknown => return 0.0,
            Before::Start => return sample.value,
            Before::Scrape(before) => before.places.get(&key(sample)).map_or(0.0, |place| before.samples[*place].value),
        };
        if sample.value < earlier { sample.value } else { sample.value - earlier }
    }
}

/// Of buckets that each count what lies at or below their bound, by a straight line within the bucket it falls into.
fn quantile(below: &[(f64, f64)], share: f64) -> Option<f64> {
    let all = below.last().map(|(_, count)| *count).filter(|all| *all > 0.0)?;
    let rank = all * share;
    let place = below.iter().position(|(_, count)| *count >= rank)?;
    let (lower, before) = if place == 0 { (0.0, 0.0) } else { below[place - 1] };
    let (upper, count) = below[place];
    if upper.is_infinite() {
        return Some(lower);
    }
    let within = if count > before { (rank - before) / (count - before) } else { 1.0 };
    Some(lower + (upper - lower) * within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrape(text: &str, at: Instant) -> Scrape {
        Scrape::of(&format!("smilechat_build_info{{version=\"1\"}} 1\n{text}"), at).expect("ours")
    }

    #[test]
    fn rates_and_percentiles_are_of_the_time_between_two_scrapes() {
        let start = Instant::now();
        let text = |count, low, high| {
            format!(
                "smilechat_messages_total{{role=\"customer\"}} {count}\n\
                 smilechat_http_request_seconds_bucket{{method=\"GET\",route=\"/a\",status=\"200\",le=\"0.1\"}} {low}\n\
                 smilechat_http_request_seconds_bucket{{method=\"GET\",route=\"/a\",status=\"200\",le=\"0.2\"}} {high}\n\
                 smilechat_http_request_seconds_bucket{{method=\"GET\",route=\"/a\",status=\"200\",le=\"+Inf\"}} {high}\n\
                 smilechat_http_request_seconds_count{{method=\"GET\",route=\"/a\",status=\"200\"}} {high}\n"
            )
        };
        let (one, two) = (scrape(&text(10, 1, 1), start), scrape(&text(30, 11, 21), start + Duration::from_secs(2)));
        let view = View::between(Some(&one), &two);
        assert_eq!(view.rate("smilechat_messages_total", |_| true), 10.0);
        let [route] = &view.routes(9)[..] else { panic!("one route") };
        assert_eq!((route.name.as_str(), route.measured.per_second), ("GET /a", 10.0));
        let near = |found: Option<f64>, wanted: f64| found.is_some_and(|found| (found - wanted).abs() < 1e-9);
        assert!(near(route.measured.p50, 0.1) && near(route.measured.p99, 0.198), "{:?}", route.measured);
        let restarted = scrape(&text(4, 1, 2), start + Duration::from_secs(4));
        assert_eq!(View::between(Some(&two), &restarted).rate("smilechat_messages_total", |_| true), 2.0);
        assert_eq!(View::between(None, &two).rate("smilechat_messages_total", |_| true), 0.0);
        let all = View::between(None, &two).since_start().measured("smilechat_http_request_seconds", |_| true);
        assert!(near(all.p90, 0.179), "{all:?}");
    }

    #[test]
    fn only_the_busiest_routes_are_looked_into() {
        let text = |times: u64| -> String {
            let one = |route| {
                format!("smilechat_http_request_seconds_count{{method=\"GET\",route=\"/{route}\"}} {}\n", route * times)
            };
            (1..2000).map(one).collect()
        };
        let start = Instant::now();
        let (one, two) = (scrape(&text(1), start), scrape(&text(2), start + Duration::from_secs(1)));
        let names: Vec<_> = View::between(Some(&one), &two).routes(2).into_iter().map(|route| route.name).collect();
        assert_eq!(names, ["GET /1999", "GET /1998"]);
    }

    #[test]
    fn what_is_beyond_the_last_bound_is_shown_as_that() {
        assert_eq!(quantile(&[(1.0, 1.0), (f64::INFINITY, 2.0)], 0.99), Some(1.0));
        assert_eq!(quantile(&[(1.0, 0.0)], 0.5), None);
    }

    #[test]
    fn a_page_of_something_else_is_no_scrape() {
        assert!(Scrape::of("<html>", Instant::now()).is_none());
    }
}
