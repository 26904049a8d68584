//! Numbers for people.

use std::time::Duration;

pub fn per_second(rate: f64) -> String {
    format!("{}/s", decimal(rate))
}

/// Three digits that matter are enough.
pub fn decimal(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// With commas between the thousands.
pub fn whole(value: f64) -> String {
    // A sum of nothing is minus zero.
    let digits = format!("{:.0}", value.abs());
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

pub fn bytes(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{:.1} GB", value / 1e9),
        value => format!("{:.0} MB", value / 1e6),
    }
}

/// What a request takes.
pub fn duration(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".into(),
        Some(seconds) if seconds >= 10.0 => format!("{seconds:.0} s"),
        Some(seconds) if seconds >= 1.0 => format!("{seconds:.1} s"),
        Some(seconds) if seconds >= 0.01 => format!("{:.0} ms", seconds * 1e3),
        Some(seconds) => format!("{:.1} ms", seconds * 1e3),
    }
}

/// What people take: coarse, as the buckets are that it comes from.
pub fn span(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) if seconds >= 172_800.0 => format!("{:.1} d", seconds / 86_400.0),
        Some(seconds) if seconds >= 3600.0 => format!("{:.1} h", seconds / 3600.0),
        Some(seconds) if seconds >= 60.0 => format!("{:.0} min", seconds / 60.0),
        shorter => duration(shorter),
    }
}

/// What people wait.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

pub fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0.0, 999.0, 1000.0, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [None, Some(0.0004), Some(0.25), Some(1.5), Some(75.0)].map(duration),
            ["-", "0.4 ms", "250 ms", "1.5 s", "75 s"]
        );
        assert_eq!(
            [Some(2.04), Some(300.0), Some(5400.0), Some(180_000.0)].map(span),
            ["2.0 s", "5 min", "1.5 h", "2.1 d"]
        );
        assert_eq!(
            [5, 65, 3700, 90_000].map(|s| time(Duration::from_secs(s))),
            ["5 s", "1 min", "1 h 1 min", "1 d 1 h"]
        );
    }
}
