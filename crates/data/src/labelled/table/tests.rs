use super::*;
use std::io;

fn of(text: impl AsRef<[u8]>, label: &str, id: &str) -> Result<Labelled, LabelledError> {
    let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    read(
        text.as_ref(),
        Path::new("dir/x.csv"),
        &Columns { label: name(label), id: name(id), ..Columns::default() },
    )
}

fn fails(text: impl AsRef<[u8]>, label: &str, id: &str, parts: &[&str]) {
    let error = of(text, label, id).unwrap_err().to_string();
    for part in parts.iter().chain(&["dir/x.csv"]) {
        assert!(error.contains(part), "{error:?} without {part:?}");
    }
}

#[test]
fn a_row_is_a_sequence() {
    let text = "a,kind,b\n1,two,2\n3,one,\n";
    let quotes = "\"a\",\"kind\",\"b\"\n\"1\",\"two\",\"2\"\n\"3\",\"one\",\"\"\n";
    for text in [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        text.replace(',', ";"),
        text.replace(',', "\t"),
        format!("\u{feff}{text}"),
        quotes.to_owned(),
    ] {
        let labelled = of(&text, "kind", "").unwrap();
        assert_eq!((labelled.len(), labelled.width(), labelled.missing()), (2, 1, 1), "{text:?}");
        assert_eq!(labelled.sequence(0), [1.0, 2.0]);
        assert!(labelled.sequence(1)[0] == 3.0 && labelled.sequence(1)[1].is_nan());
        assert_eq!((labelled.labels(), labelled.classes()[0].as_str()), (&[1, 0][..], "one"));
    }
    // Without a name, the usual names are searched. Quoted fields may contain separators and line ends.
    let labelled = of("v,Class\n1,\"a,\nb\"\n2,c\n", "", "").unwrap();
    assert_eq!(labelled.classes(), ["a,\nb", "c"]);
}

#[test]
fn rows_of_an_id_are_the_steps_of_a_sequence() {
    let labelled = of("id,u,label,v\n7,1,b,2\n7,3,b,4\n5,5,a,6\n", "label", "id").unwrap();
    assert_eq!(labelled.kind(), &Kind::Values { channels: vec!["u".into(), "v".into()] });
    assert_eq!(labelled.sequence(0), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(
        (labelled.sequence(1), labelled.length(1), labelled.labels()),
        (&[5.0, 6.0][..], 1, &[1, 0][..])
    );
    fails("id,u,label\n7,1,b\n7,1,a\n", "", "id", &["line 3", "id \"7\" changes from \"b\" to \"a\""]);
    fails("id,u,label\n7,1,b\n8,1,b\n7,1,b\n", "", "id", &["line 4", "id \"7\" occurs again"]);
    fails("id,u,label\n7,1,b\n", "", "idd", &["line 1", "did you mean id?", "--id-column"]);
    fails("id,label\n7,b\n", "", "id", &["line 1", "no column of values"]);
}

#[test]
fn errors_name_the_line() {
    fails("", "", "", &["no sequence"]);
    fails("a,label\n", "", "", &["no sequence"]);
    fails("a,label\n1,x\n1\n", "", "", &["line 3", "1 field instead of 2"]);
    fails("a,label\n1,x\n\n1,2,x\n", "", "", &["line 4", "3 fields instead of 2"]);
    fails("a,label\r\n1,x\r\n\r\n1,2,x\r\n", "", "", &["line 4", "3 fields"]);
    fails("\n\na,label\n1,x\n\n\n1,2,x", "", "", &["line 7", "3 fields"]);
    fails("a,label\n\"1\",\"x\ny\"\n1\n", "", "", &["line 4", "1 field instead"]);
    fails("a,label\n1,x\n\"1,x\n2,y\n", "", "", &["line 3", "1 field instead", "close the quotes"]);
    fails("a,label,b\n1,x,2\n1,\"x\n\"\n", "", "", &["line 3", "2 fields"]);
    fails("a,b\n1,x\n", "", "", &["line 1", "no column \"label\"", "--label-column", "one of a, b"]);
    fails("a,speaker\n1,x\n", "speker", "", &["no column \"speker\"", "did you mean speaker?"]);
    fails("a,label,a\n1,x,2\n", "", "", &["line 1", "two columns \"a\""]);
    // Rows without names have columns without names.
    fails("1,2,3\n1,2,3\n", "label", "", &["line 1", "no column \"label\"", "column 1, column 2, column 3"]);
    fails("1.5,2,3.5\n1,2,3\n", "", "", &["line 1", "no column \"label\"", "column 1, column 2, column 3"]);
    fails("\n\na,b\n1,2\n", "", "", &["line 3", "no column \"label\""]);
    fails("label\nx\n", "", "", &["line 1", "no column of values"]);
    fails("a,label\n1,\n", "", "", &["line 2", "no label"]);
    fails("a,label\nx,x\n", "", "", &["line 2, column a", "\"x\", which is not a number"]);
    fails("a,label\ninf,x\n", "", "", &["line 2", "not finite"]);
    fails("a,label\n1e50,x\n", "", "", &["line 2", "beyond 3.4e38"]);
    fails(b"a,label\n1,\xc3\xa9\xc3\xa9\n2,f\xfcr\n", "", "", &["line 3", "not valid UTF-8 from byte 2"]);
    fails(b"\xff\xc3\xa9\xc3\xa9,label\n1,x\n", "", "", &["line 1", "not valid UTF-8"]);
}

#[test]
fn lines_are_counted_over_many_chunks() {
    for end in ["\n", "\r\n", "\n\n"] {
        let text = format!("a,label{end}{}7{end}", format!("1,\"x\ny\"{end}").repeat(20_000));
        let line = 1 + text.trim_end().matches('\n').count();
        fails(&text, "", "", &[&format!("line {line} "), "1 field instead of 2"]);
    }
}

#[test]
fn a_record_without_an_end_is_refused_in_bounded_memory() {
    let endless = b"a,label\n1,x\n\"".chain(io::repeat(b'1').take(1 << 30));
    let error = read(endless, Path::new("x.csv"), &Columns::default()).unwrap_err().to_string();
    assert!(error.contains("x.csv: line 3 begins a row of more than 67108864 bytes"), "{error}");
}

#[test]
fn a_table_without_names_has_its_label_in_the_first_or_last_column() {
    for text in
        ["1\t0.5\t-2\n2\t1.5\t7\n1\t2.5\t8\n", "  1.0e+00   0.5 -2\n  2.0e+00  1.5 7\n  1.0e+00 2.5 8\n"]
    {
        let labelled = of(text, "", "").unwrap();
        assert_eq!((labelled.sequence(0), labelled.labels()), (&[0.5, -2.0][..], &[0, 1, 0][..]), "{text:?}");
    }
    let labelled = of("0.5,-2,up\n1.5,7,down\n2.5,8,up\n", "", "").unwrap();
    assert_eq!(
        (labelled.sequence(1), labelled.classes()),
        (&[1.5, 7.0][..], &["down".to_owned(), "up".into()][..])
    );
    let labelled = of("0.5,2,7\n1.5,3,7\n", "column 2", "").unwrap();
    assert_eq!((labelled.sequence(0), labelled.labels()), (&[0.5, 7.0][..], &[0, 1][..]));
}

#[test]
fn a_large_offset_costs_no_digits() {
    let rows: String = (0..40)
        .map(|i| {
            let x = |t: i32| 5e7 + 1.5 * f64::from(t + i).sin();
            format!("{},{},{}\n", x(0), x(1), if i % 2 == 0 { "a" } else { "b" })
        })
        .collect();
    let mut labelled = of(format!("u,v,label\n{rows}"), "", "").unwrap();
    let spread = labelled.spreads()[0].unwrap();
    assert!(!spread.is_constant() && (0.9..1.2).contains(&spread.std), "{spread:?}");
    let scaling = super::super::Scaling::of(&labelled, &(0..40).collect::<Vec<_>>()).unwrap();
    scaling.apply(&mut labelled).unwrap();
    for i in 0..40 {
        let x = 5e7 + 1.5 * f64::from(i).sin();
        // A number of f64 near 5e7 has a step of 7e-9; z is rounded to f32.
        let z = (x - scaling.mean[0]) / scaling.std[0];
        assert!((f64::from(labelled.sequence(i as usize)[0]) - z).abs() < 2e-7, "{i}");
    }
}

#[test]
fn a_sequence_may_be_named_by_two_columns() {
    let text = "who,trial,x,label\nann,1,1,a\nann,1,2,a\nann,2,3,b\nbob,1,4,a\nbob,1,5,a\n";
    let labelled = of(text, "", "who,trial").unwrap();
    assert_eq!((labelled.len(), labelled.width(), labelled.sequence(0)), (3, 1, &[1.0, 2.0][..]));
    assert_eq!(
        [0, 1, 2].map(|i| labelled.id(i).unwrap()),
        ["who=ann trial=1", "who=ann trial=2", "who=bob trial=1"]
    );
    fails(format!("{text}ann,1,6,a\n"), "", "who,trial", &["line 7", "who=ann trial=1", "occurs again"]);
    fails(text, "", "who,run", &["no column \"run\"", "--id-column"]);
}

#[test]
fn a_first_column_that_repeats_in_runs_may_be_the_id_column() {
    let text = "rat,x,y,label\n1,1,5,a\n1,2,6,a\n2,3,7,b\n2,4,8,b\n3,5,9,a\n3,6,9,a\n";
    let labelled = of(text, "", "").unwrap();
    assert_eq!((labelled.len(), labelled.in_runs()), (6, Some("rat")));
    let notices = crate::inspect::notices::of_sequences(&labelled);
    let notice = notices.iter().find(|note| note.text.contains("each rat stand together")).unwrap();
    let settings: Vec<_> = notice.settings.iter().map(|set| (set.key, set.value.as_str())).collect();
    assert_eq!(settings, [("id_column", "rat")]);
    assert_eq!(of(text, "", "rat").unwrap().in_runs(), None);
    // A run with two labels, and a fraction, are values.
    assert_eq!(of(text.replace("1,2,6,a", "1,2,6,b"), "", "").unwrap().in_runs(), None);
    assert_eq!(of(text.replace("\n1,", "\n1.5,"), "", "").unwrap().in_runs(), None);
    // The notice about the usual names of id columns says less.
    let usual = of(text.replace("rat", "id"), "", "").unwrap();
    assert_eq!((usual.in_runs(), usual.written().len()), (Some("id"), 0));
    let names = text.replace("\n1,", "\nann,").replace("\n2,", "\nbob,");
    fails(names.replace("\n3,", "\neve,"), "", "", &["line 2", "column rat has text", "--id-column rat"]);
}

/// Sequences of three steps with times, in the order of `order`.
fn timed(name: &str, time: impl Fn(usize) -> String, order: [usize; 6]) -> String {
    let row = |i: usize| format!("{},{},{}.5,{}\n", i / 3, time(i), i * i % 7, ["a", "b"][i / 3]);
    format!("id,{name},x,label\n{}", order.map(row).concat())
}

#[test]
fn times_of_steps_are_no_inputs_and_are_in_order() {
    let columns = || Columns { id: Some("id".into()), ..Columns::default() };
    let day = |i: usize| format!("2024-03-{:02} 10:00", 1 + i % 3);
    let sorted = [0, 1, 2, 3, 4, 5];
    let load = |text: &str, columns: &Columns| read(text.as_bytes(), Path::new("t.csv"), columns);
    let found = load(&timed("when", day, sorted), &columns()).unwrap();
    assert_eq!(found.kind(), &Kind::Values { channels: vec!["x".into()] });
    assert_eq!(found.written(), ["when has the times of the rows and is not read as an input"]);
    // Each sequence has times of its own, also times of day.
    let clock = |i: usize| format!("10:0{}:00", i % 3);
    let clocked = load(&timed("when", clock, sorted), &columns()).unwrap();
    assert_eq!((clocked.width(), clocked.sequence(1)), (1, found.sequence(1)));
    // Steps that are not in order are refused, or sorted.
    let shuffled = timed("when", day, [1, 0, 2, 5, 4, 3]);
    let error = load(&shuffled, &columns()).unwrap_err().to_string();
    for part in
        ["t.csv: line 3", "\"2024-03-01 10:00\" after \"2024-03-02 10:00\" on line 2", "\"0\"", "--sort-time"]
    {
        assert!(error.contains(part), "{error}");
    }
    let by_time = |column: Columns| Columns { sort_time: true, ..column };
    let put = load(&shuffled, &by_time(columns())).unwrap();
    assert_eq!((put.sequence(0), put.sequence(1)), (found.sequence(0), found.sequence(1)));
    let clocks = load(&timed("when", clock, sorted), &by_time(columns())).unwrap_err().to_string();
    assert!(clocks.contains("times of day without a date"), "{clocks}");
    // A number is an input, unless it is named; another time may be the one that is named.
    let number = timed("t", |i| (i % 3).to_string(), [1, 0, 2, 3, 4, 5]);
    assert_eq!(load(&number, &columns()).unwrap().width(), 2);
    let named = Columns { time: Some("t".into()), ..columns() };
    assert!(load(&number, &named).unwrap_err().to_string().contains("column t has \"0\" after \"1\""));
    assert_eq!(load(&number, &by_time(named)).unwrap().sequence(0), found.sequence(0));
    // A missing time says nothing; one of another form is refused, and so are days and months that may be exchanged.
    let some = |i: usize| if i == 1 { String::new() } else { day(i) };
    assert_eq!(load(&timed("when", some, sorted), &columns()).unwrap().width(), 1);
    let form = load(&timed("when", |i| if i == 4 { "soon".into() } else { day(i) }, sorted), &columns());
    assert!(form.unwrap_err().to_string().contains("line 6: column when has \"soon\""));
    let either = timed("when", |i| format!("0{}/03/2024", 1 + i % 3), sorted);
    assert!(load(&either, &columns()).unwrap_err().to_string().contains("--day-first"));
    let said = Columns { day_first: Some(true), ..columns() };
    assert_eq!(load(&either, &said).unwrap().width(), 1);
    // No column is the time: its words are refused, as those of any column.
    let none = Columns { time: Some("none".into()), ..columns() };
    assert!(
        load(&timed("when", day, sorted), &none).unwrap_err().to_string().contains("column when has words")
    );
    let label = Columns { time: Some("label".into()), ..columns() };
    assert!(load(&number, &label).unwrap_err().to_string().contains("--time-column and --label-column"));
}
