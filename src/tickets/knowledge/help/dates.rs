//! A day as people of a language write it.

use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;

use super::words::Words;
use crate::platform::clock::Timestamp;

pub fn day(at: Timestamp, words: &Words) -> String {
    let date = Moment::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let month = super::month_name(words.code, date.month());
    let day = words.date.replace("{d}", &date.day().to_string()).replace("{m}", month);
    day.replace("{y}", &date.year().to_string())
}

/// As in `2026-11-28`, for programs.
pub fn iso(at: Timestamp) -> String {
    Moment::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn a_day_is_written_as_the_language_does() {
        let at = Timestamp(1_795_900_000_000);
        assert_eq!((iso(at).as_str(), day(at, &words::ENGLISH)), ("2026-11-28", "28 November 2026".into()));
        assert_eq!(day(at, words::of("de").expect("German")), "28. November 2026");
        assert_eq!(day(at, words::of("es").expect("Spanish")), "28 de noviembre de 2026");
    }
}
