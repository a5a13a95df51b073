//! Small data to learn from, and the rows that predictions print.

use serde_json::Value;

use crate::test_dir::TestDir;

impl TestDir {
    /// The rows that a command writes as JSON lines.
    pub(crate) fn rows(&self, line: &str) -> Vec<Value> {
        rows(&self.printed(&format!("{line} --json")))
    }

    pub(crate) fn streamed(&self, line: &str, input: impl AsRef<[u8]>) -> Vec<Value> {
        rows(&self.printed_on(&format!("{line} --stream --json"), input))
    }
}

pub(crate) fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

pub(crate) fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))
}

/// Equal but for rounding, in all columns of numbers whose names begin with one of `kinds`.
pub(crate) fn near(a: &Value, b: &Value, kinds: &[&str]) {
    let mut count = 0;
    for (name, value) in a.as_object().expect("an object") {
        if kinds.iter().any(|kind| name.starts_with(kind)) {
            let (x, y) = (value.as_f64().expect("a number"), number(b, name));
            assert!((x - y).abs() < 1e-5 * x.abs().max(1.0), "{name}: {a} and {b}");
            count += 1;
        }
    }
    assert!(count > 0, "{a}");
}

pub(crate) const SMALL: &str = "--hidden 8 --batch 8 --lr 0.02 --steps 40";

/// Sequences of two channels and their classes: waves that rise or fall, of many lengths.
pub(crate) fn waves(count: usize) -> Vec<(Vec<[f64; 2]>, &'static str)> {
    let wave = |i: usize| {
        let (class, sign) = if (i * i) % 7 < 3 { ("up", 1.0) } else { ("down, then", -1.0) };
        let at = |t: usize| {
            let x = (t as f64 + i as f64 * 0.37).sin();
            let noise = ((i * 31 + t * 17) % 11) as f64;
            [100.0 + 3.0 * x + noise, sign * t as f64 * 0.3 + x + 0.4 * noise]
        };
        ((0..3 + (i * 5) % 9).map(at).collect(), class)
    };
    (0..count).map(wave).collect()
}

/// A `.ts` file; `label` writes what ends each line. Labels there have no blanks.
pub(crate) fn ts(waves: &[(Vec<[f64; 2]>, &str)], head: &str, label: impl Fn(&str) -> String) -> String {
    let mut text = format!("{head}\n@data\n");
    for (steps, class) in waves {
        let dimension = |d: usize| steps.iter().map(|x| x[d].to_string()).collect::<Vec<_>>().join(",");
        let class = if *class == "up" { "up" } else { "down" };
        text += &format!("{}:{}{}\n", dimension(0), dimension(1), label(class));
    }
    text
}

/// A table of two groups: time, a level that swings, and what follows from it.
pub(crate) fn series(rows: usize) -> String {
    let mut text = "time,place,level,extra,flow\n".to_owned();
    for t in 0..rows {
        for (place, shift) in [("north", 0.0), ("south", 2.0)] {
            let x = 1000.0 + 20.0 * (t as f64 * 0.4 + shift).sin();
            text += &format!("{},{place},{x},text,{}\n", 1900 + t, 3.0 * x - 5.0 * (t % 3) as f64);
        }
    }
    text
}
