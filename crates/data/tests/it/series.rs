//! Series files: real ones, found through `LONGSPAN_DATA`, and randomly damaged ones.
#![allow(missing_docs, reason = "a test file")]

use std::io::Read;
use std::path::PathBuf;

use crate::data::data;
use longspan_data::file::FileError;
use longspan_data::series::{
    Gaps, Missing, Naive, Part, Score, Series, SeriesError, SeriesOptions, channels, describe, naive, periods,
};
use longspan_data::table::TableError;
use longspan_kernel::rng::{Key, Purpose};

fn real(name: &str) -> Option<PathBuf> {
    data(&format!("series/{name}"))
}

/// Asserts equality to the six digits written in the test.
fn near(value: f64, expected: f64) {
    assert!((value - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{value} is not {expected}");
}

fn scores(score: Option<Score>, mae: f64, rmse: f64, mase: f64) {
    let score = score.expect("forecasts");
    near(score.mae, mae);
    near(score.rmse, rmse);
    near(score.mase.expect("a column that varies"), mase);
}

// The expected numbers were computed by another program, in f64 from the text. Where `reach_back` is false, that program
// knew no windows that begin in another part.

#[test]
fn airline_passengers() {
    let Some(path) = real("Airline.csv") else { return };
    let options =
        SeriesOptions { valid_fraction: 0.25, test_fraction: 0.25, ..SeriesOptions::new(path, 12, 12) };
    let back = Series::load(&options).expect("a series");
    assert_eq!(Part::ALL.map(|part| back.windows(part)), [49, 25, 25]);
    let of = |part, forecast| naive(&back, part, forecast).expect("a season fits").overall(0);
    scores(of(Part::Valid, Naive::Persistence), 53.610000, 67.537669, 3.395459);
    scores(of(Part::Valid, Naive::Seasonal(12)), 43.390000, 44.477597, 2.748162);
    scores(of(Part::Test, Naive::Persistence), 74.286667, 95.200805, 4.705043);
    scores(of(Part::Test, Naive::Seasonal(12)), 38.610000, 44.255885, 2.445415);
    let series = Series::load(&SeriesOptions { reach_back: false, ..options }).expect("a series");
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [72, 36, 36]);
    assert_eq!(Part::ALL.map(|part| series.windows(part)), [49, 13, 13]);
    near(series.columns[0].mean, 182.902778);
    near(series.columns[0].std, 47.371804);
    let file = series.description();
    let time = file.time.as_ref().expect("dates");
    assert_eq!(
        (time.column.as_str(), time.first.as_str(), time.last.as_str()),
        ("Date", "1949-01", "1960-12")
    );
    assert_eq!((file.rows, time.checked), (144, true));
    assert_eq!((file.columns[0].least, file.columns[0].greatest), (Some(104.0), Some(622.0)));
    let test = |forecast| naive(&series, Part::Test, forecast).expect("a season fits").overall(0);
    scores(test(Naive::Persistence), 77.839744, 99.226205, 4.930082);
    scores(test(Naive::Seasonal(12)), 51.461538, 53.366296, 3.259384);
    // Months, and the same period from the autocorrelation.
    assert_eq!(periods(&series), [12]);
    let column = &channels(&series)[0];
    assert!(column.target && column.correlation > 0.9 && column.outside_share > 0.5, "{column:?}");
    near(column.train.max, 302.0);
}

#[test]
fn sunspots() {
    let Some(path) = real("monthly-sunspots.csv") else { return };
    let load = |horizon| {
        let options = SeriesOptions::new(&path, 132, horizon);
        let options = SeriesOptions { valid_fraction: 0.1, test_fraction: 0.1, reach_back: false, ..options };
        Series::load(&options).expect("a series")
    };
    let series = load(1);
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [2256, 282, 282]);
    near(series.columns[0].mean, 44.664583);
    near(series.columns[0].std, 37.212941);
    let column = &series.description().columns[0];
    assert_eq!((column.name.as_str(), column.least, column.greatest), ("Sunspots", Some(0.0), Some(253.8)));
    let one = |forecast| naive(&series, Part::Test, forecast).expect("a season fits").overall(0);
    scores(one(Naive::Persistence), 15.598667, 20.617184, 1.376184);
    scores(one(Naive::Seasonal(132)), 25.028667, 34.668452, 2.208141);
    let series = load(24);
    let test = |forecast| naive(&series, Part::Test, forecast).expect("a season fits");
    let persistence = test(Naive::Persistence);
    assert_eq!(persistence.forecasts(), 127);
    scores(persistence.step(0, 0), 14.985827, 20.036600, 1.322117);
    scores(persistence.step(23, 0), 50.363780, 63.475109, 4.443318);
    scores(persistence.overall(0), 31.383169, 42.880562, 2.768764);
    scores(test(Naive::Seasonal(11)).overall(0), 37.010433, 50.227685, 3.265226);
    scores(test(Naive::Seasonal(132)).overall(0), 25.183399, 35.049191, 2.221792);
    // The cycle of the sun is 11 years, with a window of 4.
    let short = Series::load(&SeriesOptions {
        valid_fraction: 0.1,
        test_fraction: 0.1,
        reach_back: false,
        ..SeriesOptions::new(&path, 48, 24)
    });
    let short = short.expect("a series");
    let [12, cycle] = periods(&short)[..] else { panic!("{:?}", periods(&short)) };
    assert!((115..=140).contains(&cycle), "{cycle}");
    let seasonal = naive(&short, Part::Test, Naive::Seasonal(132)).expect("the history is long enough");
    near(seasonal.overall(0).expect("forecasts").mae, 34.695419);
    assert_eq!((seasonal.forecasts(), seasonal.units()), (211, 9));
}

#[test]
fn temperatures() {
    let Some(path) = real("daily-min-temperatures.csv") else { return };
    let options = SeriesOptions {
        valid_fraction: 0.1,
        test_fraction: 0.1,
        reach_back: false,
        ..SeriesOptions::new(path, 30, 1)
    };
    // The last days of two leap years are missing: of 1984, and of 1988 between training and validation.
    let split = Series::load(&options).expect("a series");
    let time = split.description().time.as_ref().expect("dates");
    let regularity = &time.regularity;
    assert_eq!((regularity.step.as_deref(), regularity.gaps), (Some("1 day"), 2));
    assert_eq!(regularity.longest_gap, Some((2.0, 1462)));
    assert_eq!(Part::ALL.map(|part| split.windows(part)), [2860, 335, 335]);
    // The other program takes all rows as neighbours.
    let series = Series::load(&SeriesOptions { gaps: Gaps::Ignore, ..options }).expect("a series");
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [2920, 365, 365]);
    let valid = naive(&series, Part::Valid, Naive::Persistence).expect("persistence");
    scores(valid.overall(0), 1.871045, 2.376226, 0.858955);
    let first = series.values(&series.segments(Part::Train)[0])[0];
    near(series.columns[0].original(f64::from(first)), 20.7);
}

#[test]
fn pollution() {
    let Some(path) = real("pollution.csv") else { return };
    let options = SeriesOptions {
        target: vec!["pm2.5".into()],
        valid_fraction: 0.1,
        test_fraction: 0.1,
        reach_back: false,
        ..SeriesOptions::new(path, 24, 1)
    };
    let error = Series::load(&options).expect_err("missing values").to_string();
    assert!(
        error.contains("pollution.csv: line 2, column pm2.5 has no value, the first of 2067 missing"),
        "{error}"
    );

    let file = describe(&options).expect("a table");
    assert_eq!((file.rows, file.missing, file.left_out.as_slice()), (43_824, 2067, &["cbwd".to_owned()][..]));
    assert!(file.time.is_none() && file.columns.len() == 12);
    let pm = &file.columns[5];
    assert_eq!((pm.least, pm.greatest, pm.missing, pm.target), (Some(0.0), Some(994.0), 2067, true));

    let series =
        Series::load(&SeriesOptions { missing: Missing::Drop, ..options.clone() }).expect("a series");
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [33_407, 4175, 4175]);
    assert_eq!(Part::ALL.map(|part| series.segments(part).len()), [180, 17, 19]);
    assert_eq!(Part::ALL.map(|part| series.windows(part)), [29_933, 3817, 3798]);
    assert_eq!(Part::ALL.map(|part| series.segments(part)[0].first_line), [26, 35_382, 39_585]);
    near(series.columns[5].mean, 98.828958);
    near(series.columns[5].std, 91.479168);

    let options = SeriesOptions { missing: Missing::Interpolate, horizon: 24, ..options };
    let series = Series::load(&options).expect("a series");
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [35_060, 4382, 4382]);
    near(series.columns[5].mean, 98.348374);
    near(series.columns[5].std, 90.211995);
    let pressure = &series.columns[8];
    near(pressure.mean, 1016.400485);
    near(pressure.std, 10.383187);
    let test = |forecast| naive(&series, Part::Test, forecast).expect("a season fits");
    assert_eq!(test(Naive::Persistence).forecasts(), 4335);
    scores(test(Naive::Persistence).step(0, 0), 10.949481, 18.852824, 0.876311);
    scores(test(Naive::Persistence).overall(0), 47.981110, 76.578648, 3.840035);
    scores(test(Naive::Seasonal(24)).overall(0), 66.072443, 97.513256, 5.287925);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let error = |path: PathBuf| Series::load(&SeriesOptions::new(path, 1, 1)).expect_err("an error");
    let missing = directory.path().join("none.csv");
    assert!(
        matches!(error(missing.clone()), SeriesError::Table(TableError::File(FileError::Missing { path })) if path == missing)
    );
    assert!(matches!(
        error(directory.path().to_owned()),
        SeriesError::Table(TableError::File(FileError::Directory { .. }))
    ));
}

#[test]
fn a_row_without_an_end_is_refused() {
    // Four gigabytes that are never in memory.
    let endless = |start: &'static str| start.as_bytes().chain(std::io::repeat(b'7').take(1 << 32));
    let options = SeriesOptions::new("endless.csv", 1, 1);
    for (start, line) in [("", "line 1 "), ("x\n1\n2\n", "line 4 "), ("x,y\n1,2\n3,\"", "line 3 ")] {
        let error = Series::read(&options, endless(start)).expect_err("an error").to_string();
        assert!(
            error.contains("endless.csv") && error.contains(line) && error.contains("67108864"),
            "{error}"
        );
    }
}

#[test]
fn no_input_panics() {
    let valid = "time,id,a,b,note\n2000-01-01,p,1.0625,25.35821,x\n2000-01-01,q,3.3333,NA,\"y, z\"\n\
                 2000-01-02,p,-4.125,5.000125e0,\n2000-01-03,p,66.66,?,x\n2000-01-02,q,7123.01,82.28,w\n\
                 2000-01-04,p,99.125,1064.5,\"two\nlines\"\n2000-01-03,q,11.7315,12.25,v\n\
                 2000-01-04,q,13.0125,-14.71828,\n2000-01-05,p,15.0001,16.0002,u\n";
    let pieces: [&[u8]; 16] = [
        b"\"",
        b"\n",
        b",",
        b";",
        b"\t",
        b"\r",
        b"\xff",
        b"\0",
        b"NA",
        b"inf",
        b"1e999",
        b"-",
        b"9",
        b"\n\n",
        b"2000-01-02",
        "\u{feff}é".as_bytes(),
    ];
    let (mut read, mut refused) = (0, 0);
    for case in 0..6000 {
        let mut stream = Key::new(1, Purpose::Probe, 0, 0).stream(0, case);
        let mut below = |n: usize| stream.below(n as u32) as usize;
        let mut bytes = valid.as_bytes().to_vec();
        for _ in 0..1 + below(2) {
            let at = below(bytes.len() + 1);
            match below(3) {
                0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
                1 => drop(bytes.drain(at..(at + below(20)).min(bytes.len()))),
                _ => drop(bytes.splice(at..at, pieces[below(pieces.len())].iter().copied())),
            }
        }
        let name = |text: &str, one_in: usize, n: usize| (!n.is_multiple_of(one_in)).then(|| text.to_owned());
        let options = SeriesOptions {
            group_column: name("id", 9, below(9)),
            time_column: name("time", 3, below(3)),
            missing: [Missing::Error, Missing::Drop, Missing::Interpolate, Missing::Interpolate][below(4)],
            test_fraction: [0.0, 0.5][below(3) / 2],
            reach_back: case % 2 == 0,
            ..SeriesOptions::new("broken.csv", 1, 1 + below(2))
        };
        match Series::read(&options, bytes.as_slice()) {
            Ok(series) => {
                read += 1;
                for part in Part::ALL {
                    for index in 0..series.windows(part) {
                        let window = series.window(part, index);
                        assert!(window.inputs.iter().chain(window.future).all(|value| value.is_finite()));
                        assert_eq!(window.targets().count(), options.horizon);
                    }
                    naive(&series, part, Naive::Persistence).expect("persistence");
                }
            }
            Err(error) => {
                refused += 1;
                let message = error.to_string();
                assert!(message.contains("broken.csv"), "case {case}: {message}");
                assert!(message.len() < 1000, "case {case}: {message}");
            }
        }
    }
    assert!(read > 300 && refused > 3000, "{read} were read and {refused} refused");
}
