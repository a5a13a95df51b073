//! The separator of a table and its first row, from the number and the kind of the fields of the first rows.

use super::kind::{Kind, kind};
use super::options::Separator;

/// Most rows that are examined.
const ROWS: usize = 200;

/// What comes before the rows: blank lines, comments, `sep=`.
pub(super) struct Lead {
    /// Bytes of it.
    bytes: usize,
    /// Lines of it.
    lines: u64,
    /// What `sep=` names.
    pub(super) separator: Option<Separator>,
    /// The last line, if it is a comment.
    comment: Option<Vec<u8>>,
    /// Whether the first line is that of a data logger, above names, units and words for what was done in an interval.
    pub(super) logger: bool,
}

/// First field of the files of Campbell Scientific's loggers. The other fields of this line name the station and the program.
const LOGGER: &[u8] = b"TOA5";

impl Lead {
    pub(super) fn of(head: &[u8]) -> Self {
        let mut lead = Self { bytes: 0, lines: 0, separator: None, comment: None, logger: false };
        while lead.bytes < head.len() {
            let rest = &head[lead.bytes..];
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = rest[..end].trim_ascii_start();
            let named = line.strip_prefix(b"\"").unwrap_or(line);
            if lead.lines == 0 && named.len() > 4 && named[..4].eq_ignore_ascii_case(b"sep=") {
                lead.separator = Separator::of(named[4]);
            } else if lead.lines == 0 && is_logger(named) {
                lead.logger = true;
            } else if !line.starts_with(b"#") && !line.starts_with(b"%") && !line.is_empty() {
                break;
            }
            lead.comment = line.starts_with(b"#").then(|| line.to_vec());
            lead.bytes += end;
            lead.lines += 1;
        }
        lead
    }

    /// Whether the last comment names the columns of the rows directly below it: it has as many words.
    pub(super) fn names(&self, separator: Separator, width: usize) -> bool {
        let Some(comment) = &self.comment else { return false };
        let text = comment.trim_ascii().trim_ascii_start();
        let text = &text[text.iter().take_while(|&&byte| byte == b'#').count()..];
        let records = records(text, separator);
        let fields = records.first().map_or(&[][..], |record| &record.1[..]);
        width > 1 && fields.len() == width && fields.iter().all(|field| kind(field) == Kind::Text)
    }
}

/// The first rows, read with one separator.
pub(super) struct Candidate {
    pub(super) separator: Separator,
    /// Fields of the first records, without those of a trailing separator.
    pub(super) rows: Vec<Vec<String>>,
    /// Line of each record, from 1.
    lines: Vec<u64>,
    /// The record at which the table begins.
    pub(super) start: usize,
    /// Number of fields of most records.
    pub(super) width: usize,
    pub(super) trailing: bool,
    /// Share of the records from the first row on that have this number of fields.
    pub(super) agreeing: f64,
    /// Share of the fields below the first row that are numbers, times or missing.
    pub(super) known: f64,
}

impl Candidate {
    pub(super) fn of(head: &[u8], cut: bool, lead: &Lead, separator: Separator) -> Self {
        let mut records = records(&head[lead.bytes..], separator);
        // The last record may be cut off.
        if cut && records.len() > 1 && records.len() <= ROWS {
            records.pop();
        }
        records.truncate(ROWS);
        let (lines, mut rows): (Vec<u64>, Vec<Vec<String>>) =
            records.into_iter().map(|(line, fields)| (line + lead.lines, fields)).unzip();
        let mut width = most(&rows);
        let mut start = rows.iter().position(|row| row.len() == width).unwrap_or(0);
        let ends =
            |row: &Vec<String>| row.len() != width || row.last().is_some_and(|last| last.trim().is_empty());
        let trailing = width > 1 && rows.len() > start + 1 && rows[start..].iter().all(ends);
        if trailing {
            rows.iter_mut().filter(|row| row.len() == width).for_each(|row| drop(row.pop()));
            width -= 1;
            // The names may have no trailing separator.
            if start > 0 && rows[start - 1].len() == width {
                start -= 1;
            }
        }
        if !is_preamble(&rows, start) {
            start = 0;
        }
        // Comments between the rows are skipped.
        let comment = |row: &[String]| row.len() != width && row[0].trim_start().starts_with('#');
        let kept = |&(index, row): &(usize, &Vec<String>)| index <= start || !comment(row);
        let kept: Vec<usize> = rows.iter().enumerate().filter(kept).map(|(index, _)| index).collect();
        let lines: Vec<u64> = kept.iter().map(|&index| lines[index]).collect();
        let rows: Vec<Vec<String>> = kept.iter().map(|&index| std::mem::take(&mut rows[index])).collect();
        let own = &rows[start.min(rows.len())..];
        let agreeing = own.iter().filter(|row| row.len() == width).count() as f64 / own.len().max(1) as f64;
        let below = || own.iter().skip(usize::from(own.len() > 1)).flatten();
        let known = below().filter(|field| !matches!(kind(field), Kind::Text)).count();
        let known = known as f64 / below().count().max(1) as f64;
        Self { separator, rows, lines, start, width, trailing, agreeing, known }
    }

    /// Returns the separator that fits best: the one that divides most rows into the same number of fields, most of which
    /// are numbers or times. In a tie the first one wins.
    pub(super) fn best(candidates: &[Self], given: bool) -> &Self {
        let divides = |candidate: &Self| candidate.width > 1 && candidate.agreeing >= 0.5;
        let score = |candidate: &Self| {
            if !divides(candidate) && !given {
                return -1.0;
            }
            candidate.agreeing + candidate.known - 0.25 * f64::from(u8::from(candidate.start > 0))
        };
        // Prose has blanks, too: they separate numbers only. The blank between a date and a time of day separates no
        // fields either, where another separator divides as many of the rows, and the names with them.
        let spaces = |candidate: &Self| {
            let keeps_times = |other: &Self| {
                divides(other)
                    && other.agreeing >= candidate.agreeing
                    && other.start <= candidate.start
                    && other.has_spaced_times()
            };
            candidate.known > 0.5 && !candidates.iter().any(keeps_times)
        };
        let usable =
            |candidate: &&Self| given || candidate.separator != Separator::SPACES || spaces(candidate);
        let mut best = &candidates[0];
        for candidate in candidates.iter().filter(usable) {
            if score(candidate) > score(best) + 1e-9 {
                best = candidate;
            }
        }
        best
    }

    /// Whether a column below the first row has times with blanks, as in 2024-03-01 00:00, and nothing else.
    fn has_spaced_times(&self) -> bool {
        let own = self.rows.get(self.start..).unwrap_or_default();
        let below = &own[usize::from(own.len() > 1).min(own.len())..];
        let time = |field: &str| {
            let field = field.trim();
            field.contains(' ') && kind(field) == Kind::Time || super::is_missing(field)
        };
        let of = |column: usize| move |row: &Vec<String>| row.get(column).is_none_or(|field| time(field));
        let any =
            |column: usize| below.iter().any(|row| row.get(column).is_some_and(|f| f.trim().contains(' ')));
        self.separator != Separator::SPACES
            && (0..self.width).any(|column| any(column) && below.iter().all(of(column)))
    }

    /// The line of the first row, from 1.
    pub(super) fn first_line(&self) -> u64 {
        self.lines.get(self.start).copied().unwrap_or(1)
    }

    /// Returns the first row if each row has two fields of digits between a comma, so that it may be one number.
    pub(super) fn halves(&self) -> Option<String> {
        let digits = |field: &str| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
        let half =
            |row: &Vec<String>| row.len() == 2 && digits(row[0].trim_start_matches('-')) && digits(&row[1]);
        let own = self
            .rows
            .get(self.start..)
            .filter(|rows| self.separator == Separator::COMMA && rows.iter().all(half))?;
        own.first().map(|row| row.join(","))
    }

    /// Returns the line on which a comma may be a separator or a decimal mark: below a single name, every row has two
    /// fields of digits.
    pub(super) fn comma_or_decimal(&self) -> Option<u64> {
        let digits = |field: &String| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
        let signed = |field: &String| digits(&field.trim_start_matches('-').to_owned());
        let halves = |row: &Vec<String>| row.len() == 2 && signed(&row[0]) && digits(&row[1]);
        let own = self.rows.get(self.start..).unwrap_or_default();
        let found = self.separator == Separator::COMMA
            && self.start > 0
            && self.rows[self.start - 1].len() == 1
            && own.iter().all(halves);
        found.then(|| self.first_line())
    }
}

/// Whether a line without its first quote begins a file of a data logger: its mark and some more fields.
fn is_logger(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(LOGGER) else { return false };
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let separator = rest.first().copied().filter(|&byte| Separator::of(byte).is_some());
    separator.is_some_and(|separator| rest.iter().filter(|&&byte| byte == separator).count() > 2)
}

/// Whether the records before `start` are free text: single fields, or above a row of names.
fn is_preamble(rows: &[Vec<String>], start: usize) -> bool {
    rows[..start].iter().all(|row| row.len() == 1)
        || super::header::is_header(&rows[start..])
            && rows[..start].iter().all(|row| row.len() < rows[start].len())
}

/// The most frequent number of fields; the larger one in a tie.
fn most(rows: &[Vec<String>]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row.len()).or_insert(0) += 1);
    counts.into_iter().max_by_key(|&(width, count)| (count, width)).map_or(1, |(width, _)| width)
}

/// The records of a text with their lines, from 1. Records of blanks are left out.
pub(super) fn records(text: &[u8], separator: Separator) -> Vec<(u64, Vec<String>)> {
    let joined;
    let text = match separator == Separator::SPACES {
        true => {
            let mut out = Vec::with_capacity(text.len());
            super::blanks::Blanks::default().join(text, &mut out);
            joined = out;
            &joined[..]
        }
        false => text,
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .delimiter(separator.byte())
        .from_reader(text);
    let (mut records, mut record) = (Vec::new(), csv::ByteRecord::new());
    while records.len() <= ROWS && reader.read_byte_record(&mut record).unwrap_or(false) {
        let inside = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        let ended = u64::from(
            reader.position().byte() > 0 && text[..reader.position().byte() as usize].ends_with(b"\n"),
        );
        let line = reader.position().line().saturating_sub(ended + inside).max(1);
        let fields: Vec<String> =
            record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        if fields.len() > 1 || fields.iter().any(|field| !field.trim().is_empty()) {
            records.push((line, fields));
        }
    }
    records
}
