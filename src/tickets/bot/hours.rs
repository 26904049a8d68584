//! Whether people are there, by the tenant's own hours.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::settings::BotSettings;
use super::settings::opening::{Day, Opening, minutes};
use crate::platform::clock::Timestamp;

#[derive(Debug, PartialEq, Eq)]
pub enum Hours {
    /// No hours are told.
    Unsaid,
    Open,
    /// When they begin again.
    Closed {
        until: Moment,
    },
}

/// A day and a time of it, by the tenant's own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub day: Date,
    pub time: String,
    zone: String,
}

impl Moment {
    /// For programs, as in `2026-01-31 09:00 (Europe/Berlin)`.
    pub fn exact(&self) -> String {
        format!("{} {} ({})", self.day, self.time, self.zone)
    }
}

pub fn at(settings: &BotSettings, now: Timestamp) -> Hours {
    let (Ok(zone), Ok(now)) = (TimeZone::get(&settings.timezone), jiff::Timestamp::from_millisecond(now.0)) else {
        return Hours::Unsaid;
    };
    if settings.hours.is_empty() {
        return Hours::Unsaid;
    }
    let now = now.to_zoned(zone);
    let minute = i64::from(now.hour()) * 60 + i64::from(now.minute());
    for ahead in 0..=7 {
        let Ok(date) = now.date().checked_add(ahead.days()) else { break };
        let mut of_day: Vec<(i64, i64, &Opening)> = settings
            .hours
            .iter()
            .filter(|opening| weekday(opening.day) == date.weekday())
            .filter_map(|opening| Some((minutes(&opening.from)?, minutes(&opening.to)?, opening)))
            .collect();
        of_day.sort_by_key(|(from, ..)| *from);
        for (from, to, opening) in of_day {
            if ahead == 0 && from <= minute && minute < to {
                return Hours::Open;
            }
            if ahead > 0 || from > minute {
                let (time, zone) = (opening.from.clone(), settings.timezone.clone());
                return Hours::Closed { until: Moment { day: date, time, zone } };
            }
        }
    }
    Hours::Unsaid
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_the_tenants_own_clock() {
        let opening = |day, from: &str, to: &str| Opening { day, from: from.into(), to: to.into() };
        let hours = vec![
            opening(Day::Mon, "13:00", "17:00"),
            opening(Day::Mon, "09:00", "12:00"),
            opening(Day::Fri, "09:00", "24:00"),
        ];
        let settings = BotSettings { timezone: "Europe/Berlin".into(), hours, ..BotSettings::default() };
        let at = |instant: &str| {
            let instant: jiff::Timestamp = instant.parse().expect("an instant");
            super::at(&settings, Timestamp(instant.as_millisecond()))
        };
        let closed = |until: &str| {
            let (day, time) = until.split_once(' ').expect("a day and a time");
            let zone = "Europe/Berlin".to_owned();
            Hours::Closed { until: Moment { day: day.parse().expect("a day"), time: time.into(), zone } }
        };
        // A Monday in winter: one hour ahead of UTC.
        assert_eq!(at("2026-01-26T07:59:00Z"), closed("2026-01-26 09:00"));
        assert_eq!(at("2026-01-26T08:00:00Z"), Hours::Open);
        assert_eq!(at("2026-01-26T11:00:00Z"), closed("2026-01-26 13:00"));
        assert_eq!(at("2026-01-26T16:00:00Z"), closed("2026-01-30 09:00"));
        // In summer it is two.
        assert_eq!(at("2026-07-27T07:00:00Z"), Hours::Open);
        assert_eq!(at("2026-01-30T22:59:00Z"), Hours::Open);
        assert_eq!(at("2026-01-30T23:00:00Z"), closed("2026-02-02 09:00"));
        assert_eq!(super::at(&BotSettings::default(), Timestamp(0)), Hours::Unsaid);
    }
}
