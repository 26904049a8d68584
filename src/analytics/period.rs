//! Which days a report is about, in whose zone, and how they are cut.
//!
//! Days are whole days of the zone, from the first to the last; a day of 23 or 25 hours is one. Everything is kept by
//! quarters of an hour in UTC, of which each day of each zone is a whole number.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::analytics::figures::slot_of;
use crate::error::{Error, Result};
use crate::platform::clock::Timestamp;

const DEFAULT_DAYS: i64 = 30;
const MOST_DAYS: i32 = 366;
/// By the hour: more points than this are no chart.
const MOST_DAYS_BY_HOUR: i32 = 31;
const FIRST_DAY: Date = date(2000, 1, 1);
const LAST_DAY: Date = date(2199, 12, 31);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// The first day, as in 2026-01-31. By default 29 days before the last.
    from: Option<String>,
    /// The last day, which is counted. By default today.
    to: Option<String>,
    /// Whose days: an IANA name such as Europe/Berlin. By default UTC.
    tz: Option<String>,
}

/// How a period is cut. Weeks begin on Monday; the first and the last of them may be parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    Hour,
    #[default]
    Day,
    Week,
    Month,
}

#[derive(Clone, Debug)]
pub struct Period {
    pub from: Date,
    pub to: Date,
    zone: TimeZone,
    tz: String,
}

/// A period as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportPeriod {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    pub tz: String,
}

impl PeriodQuery {
    pub fn read(&self, now: Timestamp) -> Result<Period> {
        let tz = self.tz.as_deref().unwrap_or("UTC");
        let unknown = Error::invalid("tz", "unknown_value", "An IANA name of a time zone, such as Europe/Berlin.");
        let zone = TimeZone::get(tz).map_err(|_| unknown)?;
        let to = match &self.to {
            Some(day) => read_day("to", day)?,
            None => zone.to_datetime(instant(now.0)?).date(),
        };
        let from = match &self.from {
            Some(day) => read_day("from", day)?,
            None => back(to, DEFAULT_DAYS - 1)?,
        };
        if to < from {
            return Err(Error::invalid("to", "before_from", "The last day cannot be before the first."));
        }
        let period = Period { from, to, tz: zone.iana_name().unwrap_or("UTC").to_owned(), zone };
        match period.days() <= MOST_DAYS {
            true => Ok(period),
            false => Err(Error::invalid("from", "too_long", "At most 366 days.")),
        }
    }
}

impl Period {
    pub fn days(&self) -> i32 {
        (self.to - self.from).get_days() + 1
    }

    /// As many days, right before.
    pub fn before(&self) -> Result<Self> {
        let days = i64::from(self.days());
        Ok(Self { from: back(self.from, days)?, to: back(self.from, 1)?, ..self.clone() })
    }

    /// From the first slot up to, but not, the last.
    pub fn slots(&self) -> Result<(i64, i64)> {
        Ok((slot_of(self.start_of(self.from)?), slot_of(self.start_of(next(self.to)?)?)))
    }

    /// When each part begins, and how that is written in the zone.
    pub fn cut(&self, interval: Interval) -> Result<Vec<(Timestamp, String)>> {
        if interval == Interval::Hour {
            return self.hours();
        }
        let mut parts = Vec::new();
        let mut day = self.from;
        while day <= self.to {
            let begins = match interval {
                Interval::Week => day.weekday().to_monday_zero_offset() == 0,
                Interval::Month => day.day() == 1,
                _ => true,
            };
            if begins || day == self.from {
                parts.push((Timestamp(self.start_of(day)?), day.to_string()));
            }
            day = next(day)?;
        }
        Ok(parts)
    }

    fn hours(&self) -> Result<Vec<(Timestamp, String)>> {
        const HOUR_MS: usize = 3_600_000;
        if self.days() > MOST_DAYS_BY_HOUR {
            return Err(Error::invalid("interval", "too_fine", "At most 31 days by the hour."));
        }
        let (start, end) = (self.start_of(self.from)?, self.start_of(next(self.to)?)?);
        let label = |ms| Ok(self.zone.to_datetime(instant(ms)?).strftime("%Y-%m-%d %H:%M").to_string());
        (start..end).step_by(HOUR_MS).map(|ms| Ok((Timestamp(ms), label(ms)?))).collect()
    }

    pub fn shown(&self) -> ReportPeriod {
        ReportPeriod { from: self.from.to_string(), to: self.to.to_string(), tz: self.tz.clone() }
    }

    fn start_of(&self, day: Date) -> Result<i64> {
        let start = day.to_zoned(self.zone.clone()).map_err(Error::internal)?;
        Ok(start.timestamp().as_millisecond())
    }
}

/// The month that `now` lies in and those before it, in UTC, newest first: its name and its slots.
pub fn months(now: Timestamp, count: i64) -> Result<Vec<(String, (i64, i64))>> {
    let zone = TimeZone::UTC;
    let this = zone.to_datetime(instant(now.0)?).date().first_of_month();
    let start = |month: Date| {
        let zoned = month.to_zoned(zone.clone()).map_err(Error::internal)?;
        Ok::<_, Error>(slot_of(zoned.timestamp().as_millisecond()))
    };
    let month = |ago: i64| {
        let first = add(this, (-ago).months())?;
        Ok((first.strftime("%Y-%m").to_string(), (start(first)?, start(add(first, 1.month())?)?)))
    };
    (0..count).map(month).collect()
}

fn read_day(field: &str, text: &str) -> Result<Date> {
    let wrong = Error::invalid(field, "invalid_date", "A day from 2000 to 2199, as in 2026-01-31.");
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = text.parse::<Date>().ok().filter(|day| is_plain && (FIRST_DAY..=LAST_DAY).contains(day));
    day.ok_or(wrong)
}

fn instant(ms: i64) -> Result<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(ms).map_err(Error::internal)
}

fn next(day: Date) -> Result<Date> {
    add(day, 1.day())
}

fn back(day: Date, days: i64) -> Result<Date> {
    add(day, (-days).days())
}

fn add(day: Date, span: Span) -> Result<Date> {
    day.checked_add(span).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_780_000_000_000); // 2026-05-28T20:26:40Z

    fn read(from: &str, to: &str, tz: &str) -> Result<Period> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        PeriodQuery { from: text(from), to: text(to), tz: text(tz) }.read(NOW)
    }

    fn hours(period: &Period) -> i64 {
        let (first, last) = period.slots().expect("slots");
        (last - first) / 4
    }

    #[test]
    fn a_day_is_the_zones_own() {
        let berlin = |day: &str| read(day, day, "Europe/Berlin").expect("a day");
        assert_eq!(hours(&berlin("2026-03-29")), 23);
        assert_eq!(hours(&berlin("2026-10-25")), 25);
        assert_eq!(berlin("2026-03-29").cut(Interval::Hour).expect("hours").len(), 23);
        for (tz, minutes) in [("Asia/Kolkata", 330), ("Asia/Kathmandu", 345), ("Asia/Dhaka", 360), ("UTC", 0)] {
            let (first, last) = read("2026-05-01", "2026-05-01", tz).expect("a day").slots().expect("slots");
            assert_eq!((last - first, (first * 15 + minutes) % (24 * 60)), (96, 0), "{tz}");
        }
        // A day that begins at one o'clock, because midnight is skipped.
        assert_eq!(hours(&read("2018-11-04", "2018-11-04", "America/Sao_Paulo").expect("a day")), 23);
    }

    #[test]
    fn today_is_the_zones_too() {
        let last = |tz: &str| read("", "", tz).expect("a period").shown().to;
        assert_eq!((last("UTC").as_str(), last("Asia/Tokyo").as_str()), ("2026-05-28", "2026-05-29"));
        let period = read("", "", "").expect("a period");
        assert_eq!((period.days(), period.shown().from.as_str()), (30, "2026-04-29"));
        assert_eq!(period.before().expect("before").shown().to, "2026-04-28");
        assert_eq!(period.before().expect("before").days(), 30);
    }

    #[test]
    fn parts_cover_the_period_and_begin_where_calendars_say() {
        let period = read("2026-05-06", "2026-06-02", "UTC").expect("a period");
        let labels =
            |interval| period.cut(interval).expect("cut").into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(Interval::Week), ["2026-05-06", "2026-05-11", "2026-05-18", "2026-05-25", "2026-06-01"]);
        assert_eq!(labels(Interval::Month), ["2026-05-06", "2026-06-01"]);
        assert_eq!(labels(Interval::Day).len(), 28);
        assert_eq!(labels(Interval::Hour)[25], "2026-05-07 01:00");
        let months = months(NOW, 6).expect("months");
        assert_eq!((months[0].0.as_str(), months[5].0.as_str()), ("2026-05", "2025-12"));
        assert_eq!(months[4].1.1, months[3].1.0);
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for (from, to, tz, field) in [
            ("2026-13-01", "", "", "from"),
            ("yesterday", "", "", "from"),
            ("2026-1-1", "", "", "from"),
            ("-002026-01-01", "", "", "from"),
            ("", "2026-02-30", "", "to"),
            ("", "2026-02-03T00:00", "", "to"),
            ("", "9999-12-31", "", "to"),
            ("1999-12-31", "2000-01-01", "", "from"),
            ("2026-05-02", "2026-05-01", "", "to"),
            ("2024-01-01", "2026-01-01", "", "from"),
            ("", "", "Mars/Base", "tz"),
            ("", "", "../etc/passwd", "tz"),
            ("", "", "+05:30", "tz"),
        ] {
            let error = read(from, to, tz).expect_err(field);
            assert_eq!(error.field_errors()[0].field, field, "{from} {to} {tz}");
        }
        assert!(read("2026-01-01", "2026-03-01", "").expect("a period").cut(Interval::Hour).is_err());
        assert_eq!(read("2025-01-01", "2025-12-31", "").expect("a year").days(), 365);
    }
}
