//! Time is handed in: whoever needs the time has a `Clock`, and a test can turn it.

use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970 in UTC; RFC 3339 with milliseconds on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_millis() as i64))
    }

    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_millis() as i64))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Calls `use_it` with the time as RFC 3339.
    fn written<T>(self, use_it: impl FnOnce(&str) -> T) -> T {
        match rfc3339(self.0) {
            Some(text) => use_it(str::from_utf8(&text).expect("digits and signs are ASCII")),
            None => use_it(OUT_OF_RANGE),
        }
    }
}

const OUT_OF_RANGE: &str = "9999-12-31T23:59:59.999Z";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// By hand, because a page of tickets has sixty of them. None for a time that is not within the years 0 to 9999.
fn rfc3339(millis: i64) -> Option<[u8; 24]> {
    let (days, of_day) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    // Years begin in March here, so that a leap day is a year's last; an era is 400 of them, 146,097 days.
    let since_march_of_0 = days + 719_468;
    let (era, day_of_era) = (since_march_of_0.div_euclid(146_097), since_march_of_0.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let parts = [(0, 4, year), (5, 2, month), (8, 2, day), (11, 2, of_day / 3_600_000), (14, 2, of_day / 60_000 % 60)];
    for (from, digits, number) in parts.into_iter().chain([(17, 2, of_day / 1000 % 60), (20, 3, of_day % 1000)]) {
        let mut rest = number;
        for place in (from..from + digits).rev() {
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    Some(text)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written(|text| f.write_str(text))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(|_| serde::de::Error::custom("not an RFC 3339 time"))?;
        Ok(Self(time.as_millisecond()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, with milliseconds"))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Stands still until a test turns it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(since_epoch.as_millis() as i64)
            }
            Self::Manual(now) => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// For what asks how much time has passed since: it goes on evenly, whoever puts the clock right meanwhile.
    pub fn uptime(&self) -> Duration {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Self::System => BEGUN.elapsed(),
            Self::Manual(_) => Duration::from_millis(self.now().0.max(0) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_the_library(millis: i64) -> String {
        format!("{:.3}", jiff::Timestamp::from_millisecond(millis).expect("within its years"))
    }

    #[test]
    fn leap_days_and_turns_of_years_are_written_as_they_are() {
        for text in [
            "2000-02-29T23:59:59.999Z",
            "1900-03-01T00:00:00.000Z",
            "1970-01-01T00:00:00.000Z",
            "2100-02-28T12:00:00.001Z",
            "9999-12-30T21:59:59.998Z",
        ] {
            let millis = text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
            assert_eq!(Timestamp(millis).to_string(), text);
            assert_eq!(serde_json::to_string(&Timestamp(millis)).expect("a string"), format!("\"{text}\""));
        }
        for millis in [i64::MAX, i64::MIN] {
            assert_eq!(Timestamp(millis).to_string(), OUT_OF_RANGE);
        }
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_the_library_does(millis in -62_167_219_200_000_i64..253_402_207_200_000) {
            prop_assert_eq!(Timestamp(millis).to_string(), by_the_library(millis));
        }
    }
}
