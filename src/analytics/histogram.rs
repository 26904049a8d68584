//! Counts of values in fixed buckets, so that the histograms of quarters, days and weeks add up to exactly the one that
//! all their values would have made, in whatever order they came.
//!
//! Error bound: a value below 64 has a bucket of its own. Above, each power of two has 32 buckets, and a quantile answers
//! the middle of one: it is at most 1/64 (1.6 %) away from the value that has that rank.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::error::{Error, Result};

/// Below this, a bucket holds one value; from here on, half as many buckets for each power of two.
const EXACT: u64 = 64;
const PER_POWER: u64 = EXACT / 2;
/// 34 years in milliseconds. What is longer counts as this.
const LONGEST: i64 = 1 << 40;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<u32, i64>);

impl Histogram {
    pub fn note(&mut self, value: i64) {
        self.add_to(bucket_of(value), 1);
    }

    /// `sign` is 1 or -1: what was added can be taken out again.
    pub fn merge(&mut self, other: &Self, sign: i64) {
        for (bucket, count) in &other.0 {
            self.add_to(*bucket, count * sign);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn count(&self) -> i64 {
        self.0.values().sum()
    }

    /// How many values of the bucket that `value` falls into there are.
    pub fn count_of(&self, value: i64) -> i64 {
        self.0.get(&bucket_of(value)).copied().unwrap_or(0)
    }

    /// The value that so many percent of all are not above, by nearest rank; None of nothing.
    pub fn quantile(&self, percent: i64) -> Option<i64> {
        let rank = (self.count() * percent + 99) / 100;
        let mut seen = 0;
        for (bucket, count) in &self.0 {
            seen += count;
            if seen >= rank {
                return Some(middle_of(*bucket));
            }
        }
        None
    }

    /// As it is stored: `bucket:count bucket:count`.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (bucket, count) in &self.0 {
            let gap = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{gap}{bucket}:{count}");
        }
        text
    }

    pub fn parse(text: &str) -> Result<Self> {
        let entry = |entry: &str| {
            let (bucket, count) = entry.split_once(':')?;
            Some((bucket.parse().ok()?, count.parse().ok()?))
        };
        let entries = text.split_whitespace().map(entry).collect::<Option<_>>();
        entries.map(Self).ok_or(Error::bug("a histogram that is stored cannot be read"))
    }

    fn add_to(&mut self, bucket: u32, count: i64) {
        let sum = self.0.entry(bucket).or_default();
        *sum += count;
        if *sum == 0 {
            self.0.remove(&bucket);
        }
    }
}

fn bucket_of(value: i64) -> u32 {
    let value = value.clamp(0, LONGEST).unsigned_abs();
    if value < EXACT {
        return value as u32;
    }
    // From 6 on, since 2^6 is the first that is not exact.
    let power = u64::from(value.ilog2());
    let place = (value >> (power - 5)) - PER_POWER;
    (EXACT + (power - 6) * PER_POWER + place) as u32
}

fn middle_of(bucket: u32) -> i64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT {
        return bucket as i64;
    }
    let (power, place) = ((bucket - EXACT) / PER_POWER + 6, (bucket - EXACT) % PER_POWER);
    let width = 1 << (power - 5);
    ((place + PER_POWER) * width + width / 2) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.note(*value));
        histogram
    }

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        let mut last = 0;
        for value in (0..100_000).chain([LONGEST - 1, LONGEST, LONGEST + 1, i64::MAX]) {
            let bucket = bucket_of(value);
            assert!(bucket >= last && (bucket - last <= 1 || value > 100_000), "{value}");
            last = bucket;
        }
        assert_eq!((bucket_of(-5), bucket_of(LONGEST)), (0, bucket_of(i64::MAX)));
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_its_bound(mut values in prop::collection::vec(0..LONGEST, 1..200), percent in 1i64..=100) {
            let answer = of(&values).quantile(percent).expect("there are values");
            values.sort_unstable();
            let exact = values[((values.len() as i64 * percent + 99) / 100 - 1) as usize];
            prop_assert!((answer - exact).abs() * 64 <= exact, "{answer} for {exact}");
        }

        #[test]
        fn parts_add_up_to_the_whole_and_can_be_taken_out(a in prop::collection::vec(any::<i64>(), 0..50), b in prop::collection::vec(any::<i64>(), 0..50)) {
            let mut sum = of(&a);
            sum.merge(&of(&b), 1);
            prop_assert_eq!(&sum, &of(&[a.clone(), b.clone()].concat()));
            prop_assert_eq!(&Histogram::parse(&sum.to_text()).expect("our own"), &sum);
            sum.merge(&of(&b), -1);
            prop_assert_eq!(sum, of(&a));
        }
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one_and_of_none_nothing() {
        assert_eq!(of(&[1, 2, 3, 60]).quantile(50), Some(2));
        assert_eq!(of(&[1, 2, 3, 60]).quantile(90), Some(60));
        assert_eq!(of(&[]).quantile(50), None);
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for text in ["x", "1", "1:", ":1", "1:2:3", "-1:2"] {
            assert!(Histogram::parse(text).is_err(), "{text}");
        }
    }
}
