//! Patterns, and random instants through every form.

use super::super::{Instant, Options, Recogniser, Shown, StampError, Stamps, pattern};
use super::forms::COLUMNS;

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

#[test]
fn damaged_fields_are_refused_or_read_and_never_panic() {
    let mut state = 11;
    let odd = ['0', '9', '-', ':', ' ', '.', 'Z', 'é', '年', '\u{1f}', '\u{202f}', '+', 'M'];
    for (column, _) in COLUMNS {
        let mut recogniser =
            Recogniser::new(&Options { zone: Some("Europe/Berlin"), ..Options::default() }).unwrap();
        let stamps = super::of(column);
        for field in column {
            for _ in 0..5 {
                let mut damaged: Vec<char> = field.chars().collect();
                let at = random(&mut state) as usize % damaged.len();
                match random(&mut state) % 3 {
                    0 => damaged[at] = odd[random(&mut state) as usize % odd.len()],
                    1 => damaged.truncate(at),
                    _ => damaged.insert(at, odd[random(&mut state) as usize % odd.len()]),
                }
                let damaged: String = damaged.into_iter().collect();
                recogniser.push(&damaged);
                if let Ok(instant) = stamps.parse(&damaged) {
                    assert_eq!(stamps.parse(&stamps.format(&instant)).unwrap(), instant, "{damaged}");
                }
            }
        }
        recogniser.finish();
    }
}
