//! When something is sent again that was not taken.

use std::time::Duration;

use crate::platform::random::Random;

/// After the first attempt, the second, … : three days in all, as Standard Webhooks advises.
const PAUSES: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// A receiver that asks for more does not get it.
const LONGEST: u64 = 86_400;

/// How long to wait after so many attempts, at most a tenth longer than the table says, so that what failed together does not
/// come again together; and no less than the receiver asked for. None: that was the last one.
pub fn pause(attempts: i64, asked_for: Option<u64>, random: &Random) -> Option<Duration> {
    let after = usize::try_from(attempts - 1).ok()?;
    let seconds = *PAUSES.get(after)?;
    let mut draw = [0; 2];
    random.fill(&mut draw);
    let jitter = seconds * 100 * u64::from(u16::from_be_bytes(draw)) / u64::from(u16::MAX);
    let asked_for = asked_for.unwrap_or_default().min(LONGEST);
    Some(Duration::from_millis(seconds * 1000 + jitter).max(Duration::from_secs(asked_for)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_end_and_are_no_shorter_than_asked_for() {
        let random = Random::seeded(1);
        for (attempts, seconds) in (1..).zip(PAUSES) {
            for _ in 0..100 {
                let pause = pause(attempts, None, &random).expect("there is another attempt");
                let (least, most) = (Duration::from_secs(seconds), Duration::from_millis(seconds * 1100));
                assert!((least..=most).contains(&pause), "{attempts}: {pause:?}");
            }
        }
        assert_eq!(pause(10, None, &random), None);
        assert_eq!(pause(1, Some(60), &random), Some(Duration::from_secs(60)));
        assert_eq!(pause(1, Some(u64::MAX), &random), Some(Duration::from_secs(LONGEST)));
        assert!(pause(2, Some(60), &random) >= Some(Duration::from_secs(300)));
    }
}
