//! Public ids: UUIDv7 as text, so that ids made later sort later and a new row lands at the end of its index.

use uuid::Builder;

use super::clock::Timestamp;
use super::random::Random;

/// Lower-case, hyphenated, 36 characters. Ids of the same millisecond are in no order.
pub fn new_id(now: Timestamp, random: &Random) -> String {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let milliseconds = u64::try_from(now.0).unwrap_or(0);
    Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_7_that_tells_its_time() {
        let id = new_id(Timestamp(1_700_000_000_123), &Random::System);
        let uuid = uuid::Uuid::parse_str(&id).expect("a uuid");
        assert_eq!((id.len(), uuid.get_version_num()), (36, 7));
        assert_eq!(id, id.to_lowercase());
        let (seconds, nanoseconds) = uuid.get_timestamp().expect("version 7 has a time").to_unix();
        assert_eq!((seconds, nanoseconds), (1_700_000_000, 123_000_000));
    }

    #[test]
    fn later_ids_sort_later_and_equal_times_differ() {
        let random = Random::seeded(1);
        let start = Timestamp(1_700_000_000_000);
        let ids: Vec<_> = (0..1000).map(|ms| new_id(start.plus(Duration::from_millis(ms)), &random)).collect();
        assert!(ids.is_sorted());
        assert_ne!(new_id(start, &random), new_id(start, &random));
    }
}
