//! When people are there.

use std::collections::HashSet;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Some hours of each week. Those that pass midnight are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub day: Day,
    /// As in `09:00`.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    pub from: String,
    /// Later than `from`; `24:00` is the end of the day.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    pub to: String,
}

pub fn is_zone<T: AsRef<str>>(name: &T, _: &()) -> garde::Result {
    match TimeZone::get(name.as_ref()) {
        Ok(_) => Ok(()),
        Err(_) => Err(garde::Error::new("unknown_value: A time zone such as Europe/Berlin.")),
    }
}

pub fn are_hours<T: AsRef<[Opening]>>(hours: &T, _: &()) -> garde::Result {
    let hours = hours.as_ref();
    let is_good = |opening: &Opening| match (minutes(&opening.from), minutes(&opening.to)) {
        (Some(from), Some(to)) => from < to,
        _ => false,
    };
    let distinct: HashSet<_> = hours.iter().map(|opening| (opening.day, &opening.from)).collect();
    match hours.len() <= 50 && hours.iter().all(is_good) && distinct.len() == hours.len() {
        true => Ok(()),
        false => Err(garde::Error::new(
            "invalid_value: At most 50, each from an earlier to a later time of a day, as in 09:00 and 17:30.",
        )),
    }
}

/// Of a time of day; 24:00 is its end.
pub fn minutes(time: &str) -> Option<i64> {
    if time == "24:00" {
        return Some(24 * 60);
    }
    let is_written_so = time.len() == 5 && time.as_bytes()[2] == b':';
    let time: Time = is_written_so.then(|| format!("{time}:00").parse().ok()).flatten()?;
    Some(i64::from(time.hour()) * 60 + i64::from(time.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_of_one_day_and_a_zone_is_known() {
        let hours = |from: &str, to: &str| vec![Opening { day: Day::Mon, from: from.into(), to: to.into() }];
        assert!(are_hours(&hours("09:00", "24:00"), &()).is_ok());
        for (from, to) in [("9:00", "17:00"), ("17:00", "09:00"), ("09:00", "24:01"), ("09:60", "10:00"), ("", "")] {
            assert!(are_hours(&hours(from, to), &()).is_err(), "{from} {to}");
        }
        assert!(is_zone(&"Europe/Berlin", &()).is_ok() && is_zone(&"Berlin", &()).is_err());
    }
}
