//! Moments as people read them, in UTC.

const SECOND_MS: u64 = 1000;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// `2026-11-21 12:08:01`, from milliseconds since 1970.
pub(crate) fn utc(at_ms: u64) -> String {
    let seconds = at_ms / SECOND_MS;
    let (year, month, day) = date(seconds / DAY_SECONDS);
    let second = seconds % DAY_SECONDS;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `2 h 5 min`: a span of milliseconds in its two greatest units.
pub(crate) fn span(milliseconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    let mut rest = milliseconds;
    let mut parts = Vec::new();
    for (each, unit) in UNITS {
        let number = rest / each;
        rest %= each;
        if number > 0 && parts.len() < 2 {
            parts.push(format!("{number} {unit}"));
        }
    }
    match parts.is_empty() {
        true => format!("{milliseconds} ms"),
        false => parts.join(" "),
    }
}

/// Year, month and day from days since 1970, by the rule of the Gregorian calendar: 400 years have
/// 146,097 days. Years are counted from March, so that the day that comes and goes is the last.
fn date(days: u64) -> (u64, u64, u64) {
    // From 1 March of the year 0.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01 00:00:00"),
            (951_782_399_999, "2000-02-28 23:59:59"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (951_868_800_000, "2000-03-01 00:00:00"),
            (1_767_225_599_000, "2025-12-31 23:59:59"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ];
        for (at_ms, expected) in table {
            assert_eq!(utc(at_ms), expected);
        }
    }

    #[test]
    fn spans_show_their_two_greatest_units() {
        for (milliseconds, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (61_500, "1 min 1 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
        ] {
            assert_eq!(span(milliseconds), expected);
        }
    }

    #[test]
    fn every_day_of_500_years_follows_the_one_before() {
        let mut last = date(0);
        for day in 1..182_000 {
            let next = date(day);
            let divides = |by: u64| last.0.is_multiple_of(by);
            let leap = divides(4) && (!divides(100) || divides(400));
            let length = match last.1 {
                2 => 28 + u64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let expected = match last {
                (year, 12, 31) => (year + 1, 1, 1),
                (year, month, day) if day == length => (year, month + 1, 1),
                (year, month, day) => (year, month, day + 1),
            };
            assert_eq!(next, expected);
            last = next;
        }
    }
}
