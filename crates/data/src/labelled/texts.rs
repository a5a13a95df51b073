//! Tables of texts with labels: one column has the texts, one the labels.
//!
//! ```text
//! the plot is thin<TAB>negative          without a header: two columns, of which one repeats few values
//! a joy to watch<TAB>positive
//!
//! id,review,sentiment                    with a header: the label is the column of --label-column, or one with a
//! 1,"thin, and long",negative            usual name; numbers that count the rows and empty columns are ignored
//! ```
//!
//! The rows are the same examples as the lines of a folder with one file per label.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use super::builder::Builder;
use super::error::{LabelledError, Location, Problem, quoted};
use super::folder::{self, Text, Tokens};
use super::input::{failed, utf8};
use super::sequences::{Kind, Labelled, Labels, Origin};
use super::table::Columns;
use crate::table::{TableError, looks_like_time};
use crate::vocabulary::TokenLevel;
use longspan::batch::IGNORE;

/// Usual names of a label column, and of a text column.
const LABELS: [&str; 11] = [
    "label",
    "class",
    "target",
    "category",
    "sentiment",
    "language",
    "intent",
    "topic",
    "tag",
    "labels",
    "polarity",
];
const TEXTS: [&str; 13] = [
    "text",
    "sentence",
    "review",
    "content",
    "message",
    "title",
    "comment",
    "name",
    "utterance",
    "tweet",
    "document",
    "question",
    "texts",
];
/// Most rows from which a table is recognised.
const ROWS: usize = 1000;
/// Number of rows that show too little.
const FEW: usize = 3;
/// Most bytes of a field.
const LIMIT: usize = 64 << 20;

/// How a table of texts is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    separator: u8,
    quotes: bool,
    header: bool,
    text: usize,
    label: Option<usize>,
    columns: usize,
}

/// Returns the layout if the beginning of a file, as UTF-8, is a table of texts with labels; None if it is another
/// table or no table. `whole` says whether the beginning is the whole file.
pub(crate) fn layout(head: &[u8], whole: bool, columns: &Columns, labels: bool) -> Option<Layout> {
    let end = if whole { head.len() } else { head.iter().rposition(|&byte| byte == b'\n')? + 1 };
    let head = std::str::from_utf8(&head[..end]).ok()?;
    // Quotes are read as such where that leaves the rows equally long; in many tables with tabs they are part of a text.
    let forms = [(b'\t', true), (b'\t', false), (b',', true), (b';', true)];
    forms.into_iter().find_map(|(separator, quotes)| {
        let rows = rows(head, separator, quotes)?;
        of(&rows, columns, labels).map(|(header, text, label)| Layout {
            separator,
            quotes,
            header,
            text,
            label,
            columns: rows[0].len(),
        })
    })
}

impl Layout {
    /// Whether a table to predict is one: it has a header, or a label of the model.
    pub(super) fn fits(&self, head: &[u8], classes: &[String]) -> bool {
        let mut reader = reader(head, self.separator, self.quotes);
        let known = |row: &csv::StringRecord| {
            let label = self.label.and_then(|label| row.get(label));
            label.is_some_and(|label| classes.iter().any(|class| class == label.trim()))
        };
        self.header || reader.records().take(ROWS).filter_map(Result::ok).any(|row| known(&row))
    }

    /// The column of labels, for the settings of a table with a header that has no usual name for it.
    pub(crate) fn label_column(&self, head: &[u8]) -> Option<String> {
        let header = reader(head, self.separator, self.quotes).records().next()?.ok()?;
        let name = header.get(self.label.filter(|_| self.header)?)?.trim().to_owned();
        (!LABELS.contains(&name.to_lowercase().as_str())).then_some(name)
    }
}

/// Returns the first rows if they have the same number of fields, two or more.
fn rows(head: &str, separator: u8, quotes: bool) -> Option<Vec<csv::StringRecord>> {
    let mut reader = reader(head.as_bytes(), separator, quotes);
    let mut rows: Vec<_> = reader.records().take(ROWS).collect::<Result<_, _>>().ok()?;
    while rows.len() > 1 && rows.last().is_some_and(has_no_values) {
        rows.pop();
    }
    let fields = rows.first()?.len();
    (fields >= 2 && rows.iter().all(|row| row.len() == fields)).then_some(rows)
}

fn reader<R: Read>(input: R, separator: u8, quotes: bool) -> csv::Reader<R> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(separator).quoting(quotes).has_headers(false).flexible(true).from_reader(input)
}

/// Returns whether there is a header, and the columns of texts and labels.
fn of(rows: &[csv::StringRecord], columns: &Columns, labels: bool) -> Option<(bool, usize, Option<usize>)> {
    let first: Vec<String> = rows[0].iter().map(|name| name.trim().to_lowercase()).collect();
    let usual = |names: &[&str]| first.iter().position(|name| names.contains(&name.as_str()));
    if columns.id.is_some() {
        return None;
    }
    let chosen = columns.label.as_deref();
    let label = match chosen {
        Some(name) => named(&rows[0], name),
        None => usual(&LABELS),
    };
    if label.is_some() || usual(&TEXTS).is_some() {
        let below = &rows[1..];
        let text = usual(&TEXTS).filter(|&text| Some(text) != label && is_written(below, text));
        let text = text.or_else(|| only_text(below, label))?;
        // Without a usual name, the only other column besides one that counts the rows.
        let label = label.or_else(|| {
            let mut other = (0..first.len()).filter(|&column| column != text && !is_ignored(below, column));
            other.next().filter(|&label| other.next().is_none() && repeats(below, label, text))
        });
        let others = (0..first.len()).filter(|&column| column != text && Some(column) != label);
        let ignored = others.clone().all(|column| is_ignored(below, column));
        return (ignored && (label.is_some() || !labels)).then_some((true, text, label));
    }
    let used: Vec<usize> = (0..first.len()).filter(|&column| !is_empty(rows, column)).collect();
    let &[a, b] = &used[..] else { return None };
    let is_chosen = |label| chosen.is_none_or(|name| numbered(name) == Some(label));
    let [text, label] = [[a, b], [b, a]]
        .into_iter()
        .find(|&[text, label]| is_chosen(label) && is_written(rows, text) && repeats(rows, label, text))?;
    // A header whose names are not known would be an example with a label of its own.
    let again = rows[1..].iter().any(|row| row[label].trim() == rows[0][label].trim());
    again.then_some((false, text, Some(label)))
}

/// The column that a setting names in a header. A column without a name has the name `column 1`, and so on.
fn named(header: &csv::StringRecord, name: &str) -> Option<usize> {
    let unnamed =
        || numbered(name).filter(|&column| header.get(column).is_some_and(|own| own.trim().is_empty()));
    header.iter().position(|field| field.trim() == name.trim()).or_else(unnamed)
}

/// The column of a name such as `column 1`, from 0.
fn numbered(name: &str) -> Option<usize> {
    name.trim().strip_prefix("column ")?.parse::<usize>().ok()?.checked_sub(1)
}

/// The only column besides the label that is written language.
fn only_text(rows: &[csv::StringRecord], label: Option<usize>) -> Option<usize> {
    let columns = 0..rows.first()?.len();
    let mut written = columns.filter(|&column| Some(column) != label && is_written(rows, column));
    written.next().filter(|_| written.next().is_none())
}

/// Whether most fields of a column are written language: with words, or with more letters than digits.
fn is_written(rows: &[csv::StringRecord], column: usize) -> bool {
    let written = |field: &str| {
        let letters = field.chars().filter(|character| character.is_alphabetic()).count();
        letters > field.chars().filter(|character| character.is_numeric()).count() || has_words(field)
    };
    let count = rows.iter().filter(|row| written(&row[column])).count();
    !rows.is_empty() && count * 10 > rows.len() * 9
}

/// Whether a field has at least two words, whatever numbers are beside them, and is no time.
fn has_words(field: &str) -> bool {
    let word = |part: &&str| {
        part.chars().filter(|c| c.is_alphabetic()).count() > 1 && !part.contains(|c: char| c.is_ascii_digit())
    };
    field.split_whitespace().filter(word).count() > 1 && !looks_like_time(field)
}

/// Whether a column says nothing about its row: it counts the rows, or has no values.
fn is_ignored(rows: &[csv::StringRecord], column: usize) -> bool {
    counts(rows, column) || is_empty(rows, column)
}

/// Whether a row has only separators.
fn has_no_values(row: &csv::StringRecord) -> bool {
    row.as_slice().trim_ascii().is_empty()
}

fn is_empty(rows: &[csv::StringRecord], column: usize) -> bool {
    rows.iter().all(|row| row[column].trim().is_empty())
}

/// Whether a column has few values, which occur again and again, beside a column of many.
fn repeats(rows: &[csv::StringRecord], column: usize, text: usize) -> bool {
    let different = |column: usize| rows.iter().map(|row| row[column].trim()).collect::<HashSet<_>>().len();
    let (labels, texts) = (different(column), different(text));
    labels * 2 <= rows.len() && labels < texts && rows.iter().all(|row| row[column].chars().count() <= 60)
}

/// Whether the numbers of a column count the rows.
fn counts(rows: &[csv::StringRecord], column: usize) -> bool {
    let numbers: Option<Vec<i64>> = rows.iter().map(|row| row[column].trim().parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[1] == pair[0] + 1))
}

/// Reads the examples of `input`. The classes are sorted by number or name.
pub(super) fn read(
    input: impl Read,
    path: &Path,
    layout: Layout,
    tokens: Tokens<'_>,
    labels: Labels,
) -> Result<Labelled, LabelledError> {
    let level = match tokens {
        Tokens::Build(level) => level,
        Tokens::Use(vocabulary) => vocabulary.level(),
    };
    let mut reader = reader(input, layout.separator, layout.quotes);
    let (mut record, mut text, mut rows) = (csv::ByteRecord::new(), Text::empty(path), Vec::new());
    let mut header = layout.header;
    let (mut names, mut classes) = (Vec::<String>::new(), HashMap::<String, usize>::new());
    let mut empty = None;
    loop {
        let before = reader.position().line();
        let more = reader.read_byte_record(&mut record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => failed(path, error),
            other => failed(path, std::io::Error::other(format!("{other:?}"))),
        })?;
        if !more {
            break;
        }
        if std::mem::take(&mut header) {
            continue;
        }
        let line = before.max(1);
        let at = |problem: Problem| problem.at(path, Location::Line(line));
        // Spreadsheets leave rows of separators at the end.
        if record.len() > 1 && record.as_slice().trim_ascii().is_empty() {
            empty.get_or_insert(line);
            continue;
        }
        if let Some(line) = empty {
            return Err(Problem::EmptySequence.at(path, Location::Line(line)));
        }
        if record.len() != layout.columns {
            let (path, found, expected) = (path.to_owned(), record.len(), layout.columns);
            let header = layout.header.then_some(1);
            return Err(TableError::Ragged { path, line, found, expected, header }.into());
        }
        let example = &record[layout.text];
        if example.len() > LIMIT {
            return Err(at(Problem::TooLong { limit: LIMIT as u64 }));
        }
        if level != TokenLevel::Byte {
            utf8(example, path, line, ", or use --level byte")?;
        }
        if example.trim_ascii().is_empty() {
            return Err(at(Problem::EmptySequence));
        }
        let label = layout.label.map(|label| utf8(&record[label], path, line, "")).transpose()?;
        let label = label.unwrap_or_default().trim();
        if label.is_empty() && labels == Labels::Required {
            return Err(at(Problem::NoLabel { remedy: "fill in the empty field" }));
        }
        let class = (!label.is_empty()).then(|| {
            *classes.entry(label.to_owned()).or_insert_with(|| {
                names.push(label.to_owned());
                names.len() - 1
            })
        });
        text.push(example);
        rows.push((line, class));
    }
    if rows.is_empty() {
        return Err(Problem::NoSequences.at(path, Location::File));
    }
    let vocabulary = match tokens {
        Tokens::Use(vocabulary) => vocabulary.clone(),
        Tokens::Build(level) => folder::build(std::slice::from_ref(&text), level),
    };
    let mut builder = Builder::new(path, Kind::Tokens { vocabulary: vocabulary.clone() }, Origin::Lines);
    for (example, &(line, class)) in text.lines().zip(&rows) {
        let at = |problem: Problem| problem.at(path, Location::Line(line));
        folder::encode(&vocabulary, example, &mut builder.tokens).map_err(at)?;
        let class = class.map_or(IGNORE, |class| builder.class(&names[class]));
        builder.end(class, line).map_err(at)?;
    }
    builder.finish(true)
}

/// The error for a table that has nothing but texts, if it is not clear which of them are labels; None for other tables.
pub(crate) fn only_unclear(head: &[u8], path: &Path) -> Option<LabelledError> {
    let text = std::str::from_utf8(head).ok()?;
    let rows = [b'\t', b',', b';'].into_iter().find_map(|separator| rows(text, separator, true))?;
    let below = &rows[1..];
    let only = (0..rows[0].len()).all(|column| is_written(below, column) || is_ignored(below, column));
    let words = |column: usize| below.iter().filter(|row| has_words(&row[column])).count() * 2 > below.len();
    (only && (0..rows[0].len()).any(words)).then(|| unclear(head, path, &Columns::default()))?
}

/// The error for a table whose columns of texts and labels are not clear; None if it has no texts.
pub(super) fn unclear(head: &[u8], path: &Path, columns: &Columns) -> Option<LabelledError> {
    let head = std::str::from_utf8(head).ok()?;
    let rows = [b'\t', b',', b';'].into_iter().find_map(|separator| rows(head, separator, true))?;
    let is_label = |name: &str| match &columns.label {
        Some(label) => name.trim() == label,
        None => LABELS.contains(&name.trim().to_lowercase().as_str()),
    };
    let label = rows[0].iter().position(is_label);
    let written =
        (0..rows[0].len()).filter(|&column| Some(column) != label && is_written(&rows[1..], column));
    // One column of words could be the labels; a few rows with a word show nothing.
    let texts = written.count() > usize::from(label.is_none()) && rows.len() > FEW;
    let names: Vec<String> = rows[0].iter().take(8).map(quoted).collect();
    texts.then(|| Problem::UnclearTexts { columns: names.join(", ") }.at(path, Location::File))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, label: Option<&str>) -> Option<Layout> {
        layout(
            text.as_bytes(),
            true,
            &Columns { label: label.map(str::to_owned), ..Columns::default() },
            true,
        )
    }

    fn examples(text: &str) -> Vec<(String, String)> {
        let layout = find(text, None).unwrap_or_else(|| panic!("{text}"));
        let tokens = Tokens::Build(TokenLevel::Char);
        let labelled = read(text.as_bytes(), Path::new("x.csv"), layout, tokens, Labels::Required).unwrap();
        let Kind::Tokens { vocabulary } = labelled.kind() else { panic!("values") };
        let of = |i| (vocabulary.decode(labelled.tokens(i)), labelled.label(i).unwrap().to_owned());
        (0..labelled.len()).map(of).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(text, label)| ((*text).to_owned(), (*label).to_owned())).collect()
    }

    #[test]
    fn tables_of_texts_are_read() {
        let expected = [("thin, and long", "neg"), ("a joy", "pos"), ("fine", "pos"), ("no \"plot\"", "neg")];
        for text in [
            "thin, and long\tneg\na joy\tpos\nfine\tpos\nno \"plot\"\tneg\n",
            "neg\tthin, and long\r\npos\ta joy\r\npos\tfine\r\nneg\tno \"plot\"",
            "text\tlabel\nthin, and long\tneg\na joy\tpos\nfine\tpos\nno \"plot\"\tneg\n",
            "id,review,sentiment\n1,\"thin, and long\",neg\n2,a joy,pos\n3,fine,pos\n4,\"no \"\"plot\"\"\",neg\n",
            "Sentiment;Review\nneg;thin, and long\npos;a joy\npos;fine\nneg;\"no \"\"plot\"\"\"\n",
        ] {
            assert_eq!(examples(text), pairs(&expected), "{text}");
        }
        // A quote at the beginning of a text does not swallow the lines after it.
        let open = examples("\"thin\tneg\na joy\tpos\nfine\tpos\nlong\tneg\n");
        assert_eq!(open[..2], pairs(&[("\"thin", "neg"), ("a joy", "pos")]));
        let stars = find("id,review,stars\n1,a b,5\n2,c d,1\n3,e f,5\n4,g h,1\n", None).unwrap();
        assert_eq!((stars.text, stars.label, stars.header), (1, Some(2), true));
        let names = "text,who\nab,x\ncd,y\nef,x\n";
        assert!(find(names, Some("who")).is_some_and(|layout| layout.label == Some(1)));
    }

    #[test]
    fn texts_may_have_numbers_and_columns_may_be_empty() {
        let ham = [
            ("win 1000 now 10", "spam"),
            ("hello friend 1", "ham"),
            ("see you at 20 00", "ham"),
            ("call 08001234 now", "spam"),
        ];
        let lines = |separator: &str| -> String {
            ham.map(|(text, label)| format!("{label}{separator}{text}\n")).concat()
        };
        let rows = lines("\t");
        for text in [
            rows.clone(),
            format!("label\ttext\n{rows}"),
            format!("text\tlabel\n{}", ham.map(|(text, label)| format!("{text}\t{label}\n")).concat()),
        ] {
            assert_eq!(examples(&text), pairs(&ham), "{text}");
        }
        let of = |layout: Layout| (layout.header, layout.text, layout.label);
        // Columns without names are numbered.
        assert_eq!(find(&rows, Some("column 1")).map(of), Some((false, 1, Some(0))));
        assert_eq!(find(&rows, Some("column 2")), None);
        assert_eq!(find(&rows, Some("spam")).map(of), Some((true, 1, Some(0))));
        assert_eq!(find(&format!("\ttext\n{rows}"), Some("column 1")).map(of), Some((true, 1, Some(0))));
        // Empty columns and empty rows at the end, as a spreadsheet leaves them.
        let wide = |head: &str| {
            format!("{head}{}", ham.map(|(text, label)| format!("{label},{text},,,\n")).concat())
        };
        assert_eq!(find(&wide("v1,v2,,,\n"), Some("v1")).map(of), Some((true, 1, Some(0))));
        assert_eq!(find(&wide("v1,v2,,,\n"), None), None);
        assert_eq!(examples(&(wide("") + ",,,,\n,,,,\n")), pairs(&ham));
        let error = only_unclear(wide("v1,v2,,,\n").as_bytes(), Path::new("x.csv")).unwrap().to_string();
        assert!(error.contains("--label-column") && error.contains("\"v1\", \"v2\""), "{error}");
        // Times are no texts, and other tables are not only texts.
        assert_eq!(
            find(
                "day,who\n3 Mar 2024 10:00,ann\n4 Mar 2024 10:00,bob\n5 Mar 2024 11:00,ann\n6 Mar 2024 12:00,bob\n",
                None
            ),
            None
        );
        for text in ["a,b\nfirst thing,1\nnext thing,2\nlast thing,9\n", "a,kind\nx,p\ny,q\nz,p\n"] {
            assert!(only_unclear(text.as_bytes(), Path::new("x.csv")).is_none(), "{text}");
        }
    }

    #[test]
    fn other_tables_are_not_tables_of_texts() {
        for text in [
            "v,label\n1,a\n2,b\n3,a\n",
            "date,weather\n2020-01-01,sun\n2020-01-02,rain\n2020-01-03,sun\n2020-01-04,sun\n",
            "once upon a time, there was\na king, and a queen\nwho lived, long\n",
            "x\ty\n1\t2\n3\t4\n",
            "text,other,label\na b,what is that,x\nc d,something else,y\ne f,more,x\n",
            "unknown,names\none,a\ntwo,b\nthree,a\nfour,b\n",
            "",
        ] {
            assert_eq!(find(text, None), None, "{text}");
        }
        let unclear = |text: &str| unclear(text.as_bytes(), Path::new("x.csv"), &Columns::default());
        let error = unclear("unknown,names\none,a\ntwo,b\nthree,a\nfour,b\n").unwrap().to_string();
        assert!(error.contains("--label-column") && error.contains("\"unknown\", \"names\""), "{error}");
        for text in
            ["a,b\n1,2\n3,4\n5,6\n7,8\n", "a,kind\n1,x\n3,y\n5,x\n7,y\n", "a,label\nx,a\n1,b\n2,a\n3,b\n"]
        {
            assert!(unclear(text).is_none(), "{text}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        let text = "text,label\na b,x\nc d,y\ne f,x\n";
        let layout = find(text, None).unwrap();
        let fails = |rest: &str, part: &str| {
            let text = format!("{text}{rest}");
            let tokens = Tokens::Build(TokenLevel::Char);
            let error =
                read(text.as_bytes(), Path::new("x.csv"), layout, tokens, Labels::Required).unwrap_err();
            assert!(error.to_string().contains(part), "{error} without {part:?}");
        };
        fails("g, h,x\n", "x.csv: line 5 has 3 fields instead of 2");
        fails("g h,\n", "x.csv: line 5: there is no label");
        fails(" ,x\n", "x.csv: line 5: the sequence is empty");
    }
}
