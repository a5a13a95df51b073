//! Patterns, and random instants through every form.

use super::super::{Instant, Shown, StampError, Stamps, pattern};

#[test]
fn patterns_are_read_and_written_back() {
    let patterns = [
        "%Y-%m-%d %H:%M:%S",
        "%-d/%-m/%Y %-H:%M",
        "%^b-%y",
        "%A, %d %B %Y %I:%M %p",
        "%Y%m%dT%H%M%S%.3f%Zw",
        "%d.%m.%Y\u{1f}%04t",
        "%Y年%-m月%-d日",
        "%Y-%m-%dT%H:%M%?:%S%.f%Z:z",
        "%6.3s",
        "100%% %Y",
    ];
    for text in patterns {
        let stamps = Stamps::from_pattern(text, Some("Europe/Paris")).unwrap();
        assert_eq!(stamps.pattern(), text);
        assert_eq!(stamps, Stamps::from_pattern(&stamps.pattern(), Some("Europe/Paris")).unwrap());
    }
    for text in ["%Q", "%", "", "year"] {
        assert!(matches!(Stamps::from_pattern(text, None), Err(StampError::Pattern { .. })), "{text}");
    }
    assert_eq!(Stamps::from_pattern("%Y-%m-%d", None).unwrap().example(), "2021-11-30");
}

#[test]
fn forms_are_described_in_letters() {
    let forms = [
        ("%Y-%m-%d%? %H:%M%?:%S%.f", "YYYY-MM-DD hh:mm:ss"),
        ("%Y-%m-%dT%H:%M:%S%.3f%:z", "YYYY-MM-DDThh:mm:ss.fffOFFSET"),
        ("%-d/%-m/%y %-I:%M %p", "D/M/YY h:mm AM/PM"),
        ("%a, %d %b %Y", "WEEKDAY, DD MON YYYY"),
        ("%YQ%q", "YYYYQq"),
        ("%Y-W%V-%u", "YYYY-Www-D"),
        ("%3.0s", "milliseconds since 1970"),
    ];
    for (pattern, form) in forms {
        assert_eq!(Stamps::from_pattern(pattern, None).unwrap().form(), form);
    }
}

#[test]
fn every_part_of_a_pattern_has_its_own_spelling() {
    let items = pattern::every();
    for (code, item) in &items {
        assert_eq!(pattern::items(&format!("%{code}")).as_deref(), Some(&[*item][..]), "{code}");
    }
}

/// Numbers of a linear congruence (Knuth's MMIX).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 11
}

#[test]
fn random_instants_survive_being_written_and_read() {
    let mut state = 7;
    let forms = [
        ("%Y-%m-%dT%H:%M:%S%.f%Z:z", 1),
        ("%a, %d %b %Y %H:%M:%S%.9f %z", 1),
        ("%-m/%-d/%Y %-I:%M:%S%.6f %p %:z", 1_000),
        ("%Y%m%d%H%M%S %Uw", 1_000_000_000),
        ("%Y-W%V-%u %6t %z", 1_000_000_000),
        ("%0.0s", 1),
        ("%3.3s", 1_000),
        ("%9.0s", 1),
    ];
    for zone in [None, Some("America/New_York"), Some("Australia/Lord_Howe"), Some("Asia/Kathmandu")] {
        for (text, unit) in forms {
            let stamps = Stamps::from_pattern(text, zone).unwrap();
            for _ in 0..500 {
                // 1970 to 2200; offsets are whole minutes from 1973 on in all of these zones.
                let seconds = 94_694_400 + (random(&mut state) % 7_000_000_000) as i64;
                let nanos = (random(&mut state) % 1_000_000_000) as u32 / unit as u32 * unit as u32;
                let nanos = if unit == 1_000_000_000 { 0 } else { nanos };
                let instant = Instant::new(seconds, nanos, 0, Shown::Once);
                let written = stamps.format(&instant);
                assert_eq!(stamps.parse(&written).unwrap(), instant, "{text}: {written}");
                let again = stamps.parse(&written).unwrap();
                assert_eq!(stamps.parse(&stamps.format(&again)).unwrap(), instant, "{text}: {written}");
            }
        }
    }
}
