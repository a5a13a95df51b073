mod times;

use super::table::Table;
use super::*;

/// Options with which no window reads rows of another part.
fn options(window: usize, horizon: usize) -> SeriesOptions {
    SeriesOptions { reach_back: false, ..SeriesOptions::new("made/up.csv", window, horizon) }
}

fn read(text: impl AsRef<[u8]>, options: &SeriesOptions) -> Series {
    Series::read(options, text.as_ref()).unwrap_or_else(|error| panic!("{error}"))
}

/// Asserts that reading fails with a message that names the file and contains all parts.
fn refuses(text: impl AsRef<[u8]>, options: &SeriesOptions, parts: &[&str]) {
    let error = Series::read(options, text.as_ref()).map(|_| ()).expect_err("an error").to_string();
    for part in parts.iter().chain(&["made/up.csv"]) {
        assert!(error.contains(part), "{error:?} without {part:?}");
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// Values of a part in the units of the file, segment by segment.
fn originals(series: &Series, part: Part) -> Vec<Vec<f64>> {
    let columns = &series.columns;
    let segment = |segment| {
        let values = series.values(segment).iter().zip(columns.iter().cycle());
        values.map(|(&z, column)| (column.original(f64::from(z)) * 1e4).round() / 1e4).collect()
    };
    series.segments(part).iter().map(segment).collect()
}

#[test]
fn windows_follow_one_another_and_parts_do_not_overlap() {
    let rows: String = (0..10).map(|i| format!("{},{}\n", i, i * i)).collect();
    let options = SeriesOptions { valid_fraction: 0.35, test_fraction: 0.3, ..options(2, 1) };
    let series = read(format!("a,b\n{rows}"), &options);
    // ⌊3.5⌋ and ⌊3⌋ of 10 rows are held out.
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [4, 3, 3]);
    assert_eq!(Part::ALL.map(|part| series.windows(part)), [2, 1, 1]);
    assert_eq!(Part::ALL.map(|part| series.segments(part)[0].first_line), [2, 6, 9]);
    assert_eq!(originals(&series, Part::Valid), [[4.0, 16.0, 5.0, 25.0, 6.0, 36.0]]);
    // b is 0, 1, 4, 9 in the training part: mean 3.5, variance (12.25 + 6.25 + 0.25 + 30.25) / 4.
    let b = &series.columns[1];
    assert_eq!((b.mean, b.std, b.constant), (3.5, 3.5, false));
    assert_eq!((b.standardised(7.0), b.original(1.0)), (1.0, 7.0));
    let window = series.window(Part::Train, 1);
    assert_eq!(window.inputs[1], ((1.0 - 3.5) / 3.5f64) as f32);
    assert_eq!(window.targets().collect::<Vec<_>>(), [((9.0 - 3.5) / 3.5f64) as f32]);
    assert_eq!(window.targets().collect::<Vec<_>>(), window.future[1..2]);
}

#[test]
fn targets_have_the_order_of_the_setting() {
    let options =
        SeriesOptions { columns: names(&["c", "a", "b"]), target: names(&["b", "c"]), ..options(1, 2) };
    let series = read("a,b,c,d\n1,10,100,x\n2,20,300,y\n6,30,200,z\n", &options);
    assert_eq!(series.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["c", "a", "b"]);
    assert_eq!((series.targets.as_slice(), series.windows(Part::Train)), (&[2, 0][..], 1));
    let rows = [[10.0, 100.0], [20.0, 300.0], [30.0, 200.0]];
    let expected = rows[1..].iter().flat_map(|row| {
        [series.columns[2].standardised(row[0]) as f32, series.columns[0].standardised(row[1]) as f32]
    });
    assert!(series.window(Part::Train, 0).targets().eq(expected));
}

#[test]
fn columns_are_found_by_their_content() {
    let text =
        "when;where;wind;temp;note\n31/12/1999;A;1;2.5;calm\n01/01/2000;A;2;;\n02/01/2000;A;3;4.5;gale\n";
    let options = SeriesOptions { missing: Missing::Drop, ..options(1, 1) };
    refuses(text, &options, &["the training part", "has 1 row", "needs 2"]);
    let description = Description::of(&Table::read(&options, text.as_bytes()).unwrap());
    let columns = description.columns.iter();
    assert!(columns.clone().map(|column| column.name.as_str()).eq(["wind", "temp"]));
    assert!(
        columns
            .clone()
            .map(|column| (column.least, column.greatest, column.missing, column.target))
            .eq([(Some(1.0), Some(3.0), 0, false), (Some(2.5), Some(4.5), 1, true)])
    );
    assert_eq!(description.left_out, ["where", "note"]);
    assert_eq!((description.separator, description.rows, description.missing), (';', 3, 1));
    // The first date shows that the day comes first.
    let time = description.time.unwrap();
    assert_eq!((time.column.as_str(), time.checked), ("when", true));
    assert_eq!((time.regularity.step.as_deref(), time.regularity.gaps), (Some("1 day"), 0));
    assert_eq!((time.first.as_str(), time.last.as_str()), ("31/12/1999", "02/01/2000"));
}

#[test]
fn groups_may_be_interleaved_and_are_cut_separately() {
    let text = "t,id,x\n1,a,1\n1,b,10\n2,a,2\n2,b,20\n3,a,3\n3,b,30\n9,a,4\n3,b,40\n";
    let options = SeriesOptions {
        time_column: Some("t".into()),
        group_column: Some("id".into()),
        // From 3 to 9 in group a.
        gaps: Gaps::Ignore,
        test_fraction: 0.5,
        ..options(1, 1)
    };
    let series = read(text, &options);
    assert_eq!(series.groups, ["a", "b"]);
    assert_eq!(originals(&series, Part::Train), [[1.0, 2.0], [10.0, 20.0]]);
    assert_eq!(originals(&series, Part::Test), [[3.0, 4.0], [30.0, 40.0]]);
    assert_eq!(series.segments(Part::Test)[1], Segment { group: 1, first_line: 7, rows: 2..4 });
    assert_eq!(series.windows(Part::Train), 2);
    assert_eq!(series.window(Part::Train, 1).inputs[0], series.columns[0].standardised(10.0) as f32);
    let description = series.description();
    assert_eq!(description.groups[1].last.as_deref(), Some("3"));
    assert_eq!(description.time.as_ref().map(|t| (t.first.as_str(), t.last.as_str())), Some(("1", "9")));
    let backwards = text.replace("9,a,4\n3,b,40", "9,a,4\n2,b,40");
    refuses(backwards, &options, &["line 9", "column t has \"2\" after \"3\" on line 7 in group b"]);
    refuses("t,id,x\n1,a,1\n2, ,3\n", &options, &["line 3", "--group-column id"]);
}

#[test]
fn a_group_may_have_two_columns() {
    let text = "t,store,item,x\n1,1,a,1\n1,1,b,10\n1,2,a,100\n2,1,a,2\n2,1,b,20\n2,2,a,200\n3,2,a,300\n3,1,a,3\n\
                3,1,b,30\n";
    let two = SeriesOptions {
        time_column: Some("t".into()),
        group_column: Some("store, item".into()),
        scale_groups: true,
        ..options(1, 1)
    };
    let series = read(text, &two);
    assert_eq!(series.groups, ["store=1 item=a", "store=1 item=b", "store=2 item=a"]);
    assert_eq!((series.columns.len(), series.windows(Part::Train)), (1, 6));
    assert_eq!([0, 1, 2].map(|group| series.scale(group, 0).0), [2.0, 20.0, 200.0]);
    let scaling = series.scaling();
    assert_eq!(scaling.groups[2].name, "store=2 item=a");
    // Other rows are scaled by the group that has their pair.
    let learned = SeriesOptions { scaling: Some(scaling), columns: names(&["x"]), ..two.clone() };
    let other = read("store,item,t,x\n2,a,1,200\n2,a,2,300\n", &learned);
    assert_eq!(other.scale(0, 0), series.scale(2, 0));
    refuses("store,item,t,x\n2,b,1,200\n2,b,2,300\n", &learned, &["line 2", "group store=2 item=b"]);
    refuses("t,store,item,x\n1,1,a,1\n2,1,,1\n", &two, &["line 3", "--group-column item"]);
    let backwards = "t,store,item,x\n1,1,a,1\n2,1,b,1\n1,1,b,1\n";
    refuses(backwards, &two, &["line 4", "on line 3 in group store=1 item=b"]);
    for (given, part) in [
        ("store,store", "--group-column names \"store\" twice"),
        ("store,t", "--time-column and --group-column names \"t\" twice"),
    ] {
        let options = SeriesOptions { group_column: Some(given.into()), ..two.clone() };
        let error = Series::read(&options, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn windows_may_read_rows_of_the_part_before() {
    let rows = |missing: &[usize]| -> String {
        let value = |t: usize| if missing.contains(&t) { String::new() } else { (t * t).to_string() };
        (0..10).map(|t| format!("{t},{}\n", value(t))).collect()
    };
    let own = SeriesOptions { valid_fraction: 0.2, test_fraction: 0.3, ..options(3, 1) };
    let back = SeriesOptions { reach_back: true, ..own.clone() };
    // The first row of each window, as the file numbers it.
    let starts = |series: &Series, part: Part| -> Vec<f64> {
        let first = |index| series.window(part, index).inputs[0];
        let row = |index| series.columns[0].original(f64::from(first(index))).round();
        (0..series.windows(part)).map(row).collect()
    };
    let text = format!("t,x\n{}", rows(&[]));
    let series = read(&text, &back);
    // Rows 0 to 4 are for training, 5 and 6 for validation, 7 to 9 for the test: each row of a later part is a target.
    assert_eq!(Part::ALL.map(|part| series.rows(part)), [5, 2, 3]);
    assert_eq!(
        Part::ALL.map(|part| starts(&series, part)),
        [vec![0.0, 1.0], vec![2.0, 3.0], vec![4.0, 5.0, 6.0]]
    );
    refuses(&text, &own, &["validation part has 2 rows", "needs 4"]);
    let (same, longer) = (options(3, 1), SeriesOptions { window: 2, horizon: 3, ..back.clone() });
    refuses(&text, &longer, &["validation part, with up to 2 rows before it, has 4 rows", "needs 5"]);
    let alone = read(&text, &SeriesOptions { test_fraction: 0.5, ..same });
    let train = |series: &Series| -> Vec<Vec<f32>> {
        (0..series.windows(Part::Train)).map(|i| series.window(Part::Train, i).inputs.to_vec()).collect()
    };
    assert_eq!((train(&alone), alone.scaling()), (train(&series), series.scaling()));
    // The last rows before 5 and 6 are 4² and 5²: the errors of persistence are 9 and 11.
    let persistence = naive(&series, Part::Valid, Naive::Persistence).unwrap();
    let mae = persistence.overall(0).unwrap().mae;
    assert!(persistence.forecasts() == 2 && (mae - 10.0).abs() < 1e-4, "{mae}");
    assert_eq!(naive_losses(&series, Part::Test, Naive::Persistence, true).len(), 2);

    // Groups have parts of their own.
    let group = |name: &str| rows(&[]).lines().map(|line| format!("{name},{line}\n")).collect::<String>();
    let groups = SeriesOptions { group_column: Some("g".into()), ..back.clone() };
    let series = read(format!("g,t,x\n{}{}", group("a"), group("b")), &groups);
    assert_eq!(starts(&series, Part::Valid), [2.0, 3.0, 2.0, 3.0]);
    assert_eq!([0, 1, 2, 3].map(|index| series.group_of(Part::Valid, index)), [0, 0, 1, 1]);

    // No window spans a gap. Without row 4, the parts have the rows 0 1 2 3 5 6, then 7, then 8 9.
    let drop = SeriesOptions { missing: Missing::Drop, window: 2, ..back };
    let series = read(format!("t,x\n{}", rows(&[4])), &drop);
    assert_eq!(Part::ALL.map(|part| starts(&series, part)), [vec![0.0, 1.0], vec![5.0], vec![6.0, 7.0]]);
    let part = ["validation part, with up to 2 rows before it, has 2 rows", "needs 3"];
    refuses(format!("t,x\n{}", rows(&[5])), &drop, &part);
}

#[test]
fn dropped_rows_split_the_series() {
    let text = "x,y\n0,0\n1,NA\n2,2\n3,3\n?,4\n,5\n6,6\n7,7\n8,8\n";
    let error = options(1, 1);
    refuses(text, &error, &["line 3", "column y", "first of 3", "--missing drop", "--missing interpolate"]);
    let series = read(text, &SeriesOptions { missing: Missing::Drop, test_fraction: 0.34, ..error });
    // 6 rows are left: 0 | 2 3 | 6 7 8. The last two are for the test.
    assert_eq!(originals(&series, Part::Train), [vec![0.0, 0.0], vec![2.0, 2.0, 3.0, 3.0], vec![6.0, 6.0]]);
    assert_eq!(originals(&series, Part::Test), [[7.0, 7.0, 8.0, 8.0]]);
    let lines = series.segments(Part::Train).iter().map(|segment| segment.first_line);
    assert!(lines.eq([2, 4, 8]));
    assert_eq!((series.windows(Part::Train), series.windows(Part::Test)), (1, 1));
    assert_eq!(series.window(Part::Train, 0).inputs[0], series.columns[0].standardised(2.0) as f32);
    assert_eq!(series.columns.iter().map(|column| column.missing).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn interpolation_stays_inside_its_part() {
    let text = "x\nNA\n1\n\n\n4\nnull\n10\n nan\n20\n30\n";
    let interpolate = SeriesOptions { missing: Missing::Interpolate, test_fraction: 0.4, ..options(1, 1) };
    let series = read(text, &interpolate);
    // Ten rows, counting the blank lines. The sixth has no later value in its part, although the file has one.
    assert_eq!(originals(&series, Part::Train), [[1.0, 1.0, 2.0, 3.0, 4.0, 4.0]]);
    assert_eq!(originals(&series, Part::Test), [[10.0, 15.0, 20.0, 30.0]]);
    assert_eq!(series.columns[0].missing, 5);
    let nothing = "x,y\n1,1\n2,2\n3,NA\n4,\n";
    let half = SeriesOptions { test_fraction: 0.5, ..interpolate };
    refuses(
        nothing,
        &half,
        &["column y has no value at all in the test part, lines 4 to 5", "--missing drop"],
    );
    let late = "x,y\n1,?\n2,?\n3,?\n4,7\n";
    refuses(late, &half, &["column y has no value at all in the training part", "line"]);
    // Where no row has a value, dropping such rows would leave none.
    for missing in [Missing::Error, Missing::Drop, Missing::Interpolate] {
        let options = SeriesOptions { missing, ..half.clone() };
        refuses("x,y\n1,?\n2,?\n3,?\n", &options, &["column y has no value in any row", "--columns x"]);
    }
}

#[test]
fn a_constant_column_and_a_large_offset_are_standardised_exactly() {
    // Seconds since 1970: neighbouring f32 values are 128 apart there, and the differences are 60.
    let rows: String = (0..6).map(|i| format!("7,{}\n", 1_700_000_000 + 60 * i)).collect();
    let both = SeriesOptions { columns: names(&["c", "s"]), ..options(1, 1) };
    let series = read(format!("c,s\n{rows}"), &both);
    let (constant, seconds) = (&series.columns[0], &series.columns[1]);
    assert_eq!((constant.mean, constant.std, constant.constant), (7.0, 1.0, true));
    assert_eq!((seconds.mean, seconds.constant), (1_700_000_150.0, false));
    for (row, values) in series.values(&series.segments(Part::Train)[0]).chunks_exact(2).enumerate() {
        assert_eq!(values[0], 0.0);
        // Rounding of z to f32: 2⁻²⁴ of at most 1.5 standard deviations of 102 s.
        let error = seconds.original(f64::from(values[1])) - (1_700_000_000 + 60 * row) as f64;
        assert!(error.abs() < 1e-5, "{error}");
    }
    assert_eq!(
        naive(&series, Part::Train, Naive::Persistence).unwrap().overall(0).unwrap().mae.round(),
        60.0
    );
    let series = read("x\n3\n3\n3\n", &options(1, 1));
    let score = naive(&series, Part::Train, Naive::Persistence).unwrap().overall(0).unwrap();
    assert_eq!(score, Score { mae: 0.0, rmse: 0.0, mase: None, standard_error: Some(0.0) });
}

#[test]
fn naive_forecasts_equal_manual_results() {
    // Training 0 2 1 5: the differences are 2, 1, 4, so s = 7/3. Test 4 1 6 3 8.
    let options = SeriesOptions { test_fraction: 0.56, ..options(2, 2) };
    let series = read("x\n0\n2\n1\n5\n4\n1\n6\n3\n8\n", &options);
    let scores = |forecast| naive(&series, Part::Test, forecast).unwrap();
    // Windows 4 1 → 6 3 and 1 6 → 3 8. Persistence predicts 1 1 and 6 6: errors 5 2 and −3 2.
    let persistence = scores(Naive::Persistence);
    let near = |score: Score, mae: f64, rmse: f64| {
        // Values were rounded to f32 with a relative error of 6e-8, and are at most 4 standard deviations from the
        // mean.
        let distances = [score.mae - mae, score.rmse - rmse, score.mase.unwrap() - mae * 3.0 / 7.0];
        assert!(distances.iter().all(|distance| distance.abs() < 2e-6), "{score:?}: {distances:?}");
    };
    assert_eq!(persistence.forecasts(), 2);
    near(persistence.step(0, 0).unwrap(), 4.0, 17f64.sqrt());
    near(persistence.step(1, 0).unwrap(), 2.0, 2.0);
    near(persistence.overall(0).unwrap(), 3.0, 10.5f64.sqrt());
    // The previous season predicts 4 1 and 1 6: errors 2 2 and 2 2.
    near(scores(Naive::Seasonal(2)).overall(0).unwrap(), 2.0, 2.0);
    near(scores(Naive::Seasonal(1)).overall(0).unwrap(), 3.0, 10.5f64.sqrt());
    assert!(Accuracy::new(&series).overall(0).is_none());
    // A season may be longer than the window, and reads earlier parts. The rows before 4 1 and 1 6, in threes, are
    // 5 4 1 and 4 1 6: they predict 5 4 and 4 1, with errors 1 1 and 1 7.
    near(scores(Naive::Seasonal(3)).overall(0).unwrap(), 2.5, 13f64.sqrt());
    // The mean of 0 2 1 5 is 2, with errors 4 1 and 1 6; the median is the upper one of 1 and 2.
    near(scores(Naive::Mean).overall(0).unwrap(), 3.0, 13.5f64.sqrt());
    near(scores(Naive::Median).overall(0).unwrap(), 3.0, 13.5f64.sqrt());
    for season in [0, 5] {
        let error = naive(&series, Part::Test, Naive::Seasonal(season)).unwrap_err().to_string();
        assert!(error.contains("needs 1 to 4 rows"), "{error}");
    }
}

#[test]
fn tables_of_every_kind_are_read() {
    let same = |text: &str| {
        let series = read(text, &options(1, 1));
        assert_eq!(originals(&series, Part::Train), [[1.5, 2.0, 3.0, -4.0]], "{text:?}");
        assert_eq!(series.columns[1].name, "b, too", "{text:?}");
        series.description().separator
    };
    assert_eq!(same("a,\"b, too\"\n1.5,2\n3,-4\n"), ',');
    assert_eq!(same("\u{feff}a,\"b, too\"\r\n\"1.5\",2\r\n\r\n3,\"-4\""), ',');
    assert_eq!(same("\n\n\"a\";\"b, too\"\n1.5;2\n3;-4e0"), ';');
    assert_eq!(same("a\tb, too\r1.5\t+2\r3\t-4\r"), '\t');
    assert_eq!(same("a,note,\"b, too\"\n1.5,\"two\nlines, \"\"quoted\"\"\",2\n3,x,-4\n"), ',');
    assert_eq!(same("a;\"b, too\"\n1,5;2\n3;-4,0\n"), ';');
    let unnamed = read(",x\n0,5\n1,6\n", &options(1, 1));
    assert_eq!(unnamed.columns[0].name, "column 1");
    let headless = read("1.5,2\n3,-4\n", &options(1, 1));
    assert_eq!(headless.columns[1].name, "column 2");
    assert_eq!(originals(&headless, Part::Train), [[1.5, 2.0, 3.0, -4.0]]);
}

#[test]
fn errors_name_the_line() {
    let one = options(1, 1);
    refuses("", &one, &["is empty"]);
    refuses("\n \n\r\n", &one, &["is empty"]);
    refuses("a,b\n", &one, &["no rows"]);
    refuses("a,b,a\n1,2,3\n", &one, &["line 1", "two columns \"a\""]);
    refuses("a,b\n1,2\n\n3\n", &one, &["line 4 has 1 field instead of 2", "as the header names"]);
    refuses("a,b\r\n1,2\r\n3,4,5\r\n", &one, &["line 3 has 3 fields"]);
    // Most characters beyond ASCII are UTF-8, so the file is, and one byte of it is damaged.
    refuses(b"\xc3\xa9\xc3\xa9,n\n1,f\xfcr\n", &one, &["line 2, field 2", "UTF-8"]);
    refuses(b"\xff\xc3\xa9\xc3\xa9,n\n1,2\n", &one, &["line 1, field 1", "UTF-8"]);
    refuses("a,n\n1,\"x\ny\"\n2,z\nthree,z\n", &one, &["line 5, column a has \"three\"", "--columns"]);
    refuses("a;b\n1;2,5\n3;1.5\n4;3,5\n", &one, &["line 3, column b has \"1.5\"", "--decimal"]);
    refuses("b;a\n20,7;1\n1.2;3\n7,5;2\n", &one, &["line 3, column b has \"1.2\""]);
    refuses(b"\x1f\x8b\x08\0\0\0", &one, &["compressed", "damaged"]);
    for value in ["inf", "-Infinity", "1e999", "4e38"] {
        refuses(format!("a\n1\n{value}\n"), &one, &["line 3, column a", value, "finite"]);
    }
    // The difference of two numbers may be beyond f32: they are standardised in f64.
    let far = read("a\n3e38\n-3e38\n", &one);
    assert_eq!(
        (far.columns[0].mean, far.columns[0].std, far.values(&far.segments(Part::Train)[0])),
        (0.0, 3e38, &[1.0, -1.0][..])
    );
    refuses("a\nx\ny\n", &one, &["no column of numbers"]);
    refuses("a\n1\n2\n", &options(2, 1), &["training part has 2 rows", "needs 3", "--window or --horizon"]);
    refuses("a\n1\n2\n", &options(usize::MAX, 9), &["training part"]);
    let part = SeriesOptions { valid_fraction: 0.1, ..one.clone() };
    refuses("a\n1\n2\n3\n", &part, &["validation part has 0 rows", "--valid-fraction, or 0"]);
    let part = SeriesOptions { test_fraction: 0.5, ..one.clone() };
    refuses("a\n1e-30\n2e-30\n0\n1e20\n", &part, &["line 5, column a", "training part"]);
    refuses(format!("a\n{}\n", "x1".repeat(99)), &SeriesOptions { columns: names(&["a"]), ..one }, &["…\""]);
}

#[test]
fn settings_that_name_unknown_columns_are_refused() {
    let (text, one) = ("time,speed,note\n1,2,x\n2,3,y\n", options(1, 1));
    let unknown = |flag: &str, options: SeriesOptions| {
        refuses(text, &options, &[flag, "no column \"sped\"", "did you mean speed?", "time, speed, note"]);
    };
    unknown("--columns", SeriesOptions { columns: names(&["time", "sped"]), ..one.clone() });
    unknown("--target", SeriesOptions { target: names(&["sped"]), ..one.clone() });
    unknown("--time-column", SeriesOptions { time_column: Some("sped".into()), ..one.clone() });
    unknown("--group-column", SeriesOptions { group_column: Some("sped".into()), ..one.clone() });
    let columns = SeriesOptions { columns: names(&["time"]), target: names(&["speed"]), ..one.clone() };
    refuses(text, &columns, &["--target \"speed\"", "add it to --columns"]);
    refuses(text, &SeriesOptions { target: names(&["note"]), ..one.clone() }, &["--target \"note\""]);
    refuses(
        text,
        &SeriesOptions { columns: names(&["note"]), ..one.clone() },
        &["line 2, column note has \"x\""],
    );

    let says = |options: SeriesOptions, part: &str| {
        let error = Series::read(&options, text.as_bytes()).expect_err("an error").to_string();
        assert!(error.contains(part), "{error}");
    };
    says(
        SeriesOptions { columns: names(&["time", "time"]), ..one.clone() },
        "--columns names \"time\" twice",
    );
    says(SeriesOptions { target: names(&["time", "time"]), ..one.clone() }, "--target names \"time\" twice");
    let both = Some("note".to_owned());
    says(
        SeriesOptions { time_column: both.clone(), group_column: both, ..one.clone() },
        "--group-column names",
    );
    says(options(0, 1), "--window must be at least 1");
    says(options(1, 0), "--horizon must be at least 1");
    for (valid_fraction, test_fraction) in [(0.5, 0.5), (-0.1, 0.0), (f64::NAN, 0.0), (0.0, 1.0)] {
        says(SeriesOptions { valid_fraction, test_fraction, ..one.clone() }, "--test-fraction");
    }
}
