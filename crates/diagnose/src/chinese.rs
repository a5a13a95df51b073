//! Findings in Simplified Chinese.
//!
//! A rule says what it has found in English, numbers and all. Here are the same texts once more, in pairs: an English one with `{}` in
//! place of what is filled in, and the Chinese one with `{0}`, `{1}` … in its own order. What was filled in is looked up in its turn.

mod pages;
mod places;
mod reasons;
mod sentences;
mod thresholds;

pub(super) use pages::page;

/// English, with `{}`; Chinese, with `{0}`, `{1}` ….
type Pair = (&'static str, &'static str);

/// A text in Chinese; None where there is none.
pub(super) fn text(english: &str) -> Option<String> {
    let tables = [thresholds::PAIRS, reasons::PAIRS, sentences::PAIRS];
    let pairs = || tables.into_iter().flatten();
    if let Some((_, chinese)) = pairs().find(|(other, _)| *other == english) {
        return Some((*chinese).to_owned());
    }
    if let Some(place) = places::place(english) {
        return Some(place);
    }
    pairs().find_map(|pair| fill(pair, english))
}

/// The Chinese of a pair, with what the English text has in place of each `{}`.
fn fill((pattern, chinese): &Pair, english: &str) -> Option<String> {
    let filled = between(pattern, english)?;
    let mut text = (*chinese).to_owned();
    for (at, part) in filled.into_iter().enumerate() {
        let part = self::text(part).unwrap_or_else(|| part.to_owned());
        text = text.replace(&format!("{{{at}}}"), &part);
    }
    Some(text)
}

/// What stands in a text in place of the pattern's `{}`; None where it has no such place, or is another text.
fn between<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut fixed = pattern.split("{}");
    let mut rest = text.strip_prefix(fixed.next()?)?;
    let mut parts = Vec::new();
    let mut fixed = fixed.peekable();
    fixed.peek()?;
    while let Some(next) = fixed.next() {
        let (part, after) = match fixed.peek() {
            Some(_) => rest.split_once(next)?,
            None => (rest.strip_suffix(next)?, ""),
        };
        parts.push(part);
        rest = after;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_found_again() {
        assert_eq!(between("a {} b {}.", "a 1.5 b c d."), Some(vec!["1.5", "c d"]));
        assert_eq!(between("a {} b", "a x c"), None);
        assert_eq!(between("a", "a"), None, "nothing is filled in");
        assert_eq!(
            text("After 400 steps the best loss is 98 % of chance.").as_deref(),
            Some("训练 400 步之后，最低损失是随机水平的 98 %。")
        );
        assert_eq!(text("something that no rule says"), None);
    }

    #[test]
    fn every_pair_fills_in_as_many_places() {
        for (english, chinese) in [thresholds::PAIRS, reasons::PAIRS, sentences::PAIRS].into_iter().flatten()
        {
            let places = english.matches("{}").count();
            let named = (0..places).filter(|at| chinese.contains(&format!("{{{at}}}"))).count();
            assert_eq!((places, places), (named, chinese.matches('{').count()), "{english}");
        }
    }
}
