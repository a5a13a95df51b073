//! Vocabulary and grammar of the agreement sentences.

use crate::vocabulary::Vocabulary;
use longspan_kernel::rng::Stream;

const ANIMALS: [[&str; 2]; 14] = [
    ["bear", "bears"],
    ["bird", "birds"],
    ["cat", "cats"],
    ["cow", "cows"],
    ["dog", "dogs"],
    ["donkey", "donkeys"],
    ["duck", "ducks"],
    ["fox", "foxes"],
    ["goat", "goats"],
    ["goose", "geese"],
    ["horse", "horses"],
    ["mouse", "mice"],
    ["rabbit", "rabbits"],
    ["wolf", "wolves"],
];
const PEOPLE: [[&str; 2]; 8] = [
    ["boy", "boys"],
    ["child", "children"],
    ["farmer", "farmers"],
    ["girl", "girls"],
    ["painter", "painters"],
    ["sailor", "sailors"],
    ["teacher", "teachers"],
    ["woman", "women"],
];
const PLACES: [[&str; 2]; 12] = [
    ["barn", "barns"],
    ["bridge", "bridges"],
    ["field", "fields"],
    ["garden", "gardens"],
    ["gate", "gates"],
    ["hill", "hills"],
    ["house", "houses"],
    ["mill", "mills"],
    ["pond", "ponds"],
    ["tower", "towers"],
    ["tree", "trees"],
    ["well", "wells"],
];
/// Adjectives of people and animals.
const TEMPERS: [&str; 6] = ["brave", "clever", "gentle", "lonely", "proud", "quiet"];
/// Adjectives of places.
const LOOKS: [&str; 6] = ["fine", "grey", "large", "little", "lovely", "old"];
/// Verbs in the past tense, the same in singular and plural.
const VERBS: [&str; 12] = [
    "admired", "called", "chased", "followed", "found", "greeted", "heard", "met", "noticed", "saw",
    "visited", "watched",
];
const PREPOSITIONS: [&str; 5] = ["behind", "beside", "beyond", "near", "opposite"];
const TIMES: [&str; 5] = ["again", "once", "today", "twice", "yesterday"];
const LOCATIVES: [&str; 4] = ["ahead", "below", "inside", "outside"];
/// Ends of sentences, for display only: no network reads them.
pub(super) const ENDINGS: [&str; 8] =
    ["asleep", "cold", "happy", "hungry", "late", "safe", "thirsty", "tired"];

// Token ids: `<unk>` and `<eos>` of every word vocabulary, then the words in the order of `vocabulary()`.
const THE: u32 = 2;
pub(super) const COMMA: u32 = 3;
const WHICH: u32 = 4;
const AND: u32 = 5;
const JUST: u32 = 6;
pub(super) const WAS: u32 = 7;
pub(super) const WERE: u32 = 8;
/// First id of each list. A noun has two ids, the singular first; animals and people are one list.
pub(super) const ANIMAL: u32 = 9;
pub(super) const PERSON: u32 = ANIMAL + 2 * ANIMALS.len() as u32;
const PLACE: u32 = PERSON + 2 * PEOPLE.len() as u32;
const TEMPER: u32 = PLACE + 2 * PLACES.len() as u32;
const LOOK: u32 = TEMPER + TEMPERS.len() as u32;
const VERB: u32 = LOOK + LOOKS.len() as u32;
const PREPOSITION: u32 = VERB + VERBS.len() as u32;
const TIME: u32 = PREPOSITION + PREPOSITIONS.len() as u32;
const LOCATIVE: u32 = TIME + TIMES.len() as u32;
/// Ids of animals, people and places.
pub(super) const NOUNS: std::ops::Range<u32> = ANIMAL..TEMPER;
#[cfg(test)]
const COUNT: usize = LOCATIVE as usize + LOCATIVES.len();

/// Returns the vocabulary with the ids above.
pub(super) fn vocabulary() -> Vocabulary {
    let nouns = ANIMALS.iter().chain(&PEOPLE).chain(&PLACES).flatten();
    let lists =
        TEMPERS.iter().chain(&LOOKS).chain(&VERBS).chain(&PREPOSITIONS).chain(&TIMES).chain(&LOCATIVES);
    let function = ["the", ",", "which", "and", "just", "was", "were"];
    Vocabulary::of_words(function.iter().chain(nouns).chain(lists).copied())
}

/// Tokens of a clause without extras: "which the dogs saw".
const CLAUSE: usize = 4;
/// Most extra tokens of a clause: an adjective, a time, two phrases "near the houses" with an adjective each.
const ORNAMENTS: usize = 1 + 1 + 2 * (PHRASE + 1);
/// Tokens of a phrase without an adjective: "near the houses".
const PHRASE: usize = 3;

/// Passes the N + 2 tokens of a sentence, up to the verb, to `put`; returns the verb.
pub(super) fn write(length: usize, stream: Stream, put: impl FnMut(u32)) -> u32 {
    let mut writer = Writer { stream, put };
    let plural = writer.stream.below(2);
    let kind = writer.stream.below(ANIMALS.len() as u32);
    writer.put(THE);
    writer.put(ANIMAL + 2 * kind + plural);
    match length {
        1..=5 => writer.phrase(length),
        _ => writer.clauses(length, kind),
    }
    if plural == 0 { WAS } else { WERE }
}

/// Writes what follows the subject. No choice depends on the number of the subject.
struct Writer<F> {
    stream: Stream,
    put: F,
}

impl<F: FnMut(u32)> Writer<F> {
    fn put(&mut self, token: u32) {
        (self.put)(token);
    }

    /// Writes one of `count` tokens from `first` on.
    fn choose(&mut self, first: u32, count: usize) {
        let chosen = self.stream.below(count as u32);
        self.put(first + chosen);
    }

    /// Writes up to five tokens without commas.
    fn phrase(&mut self, length: usize) {
        if length == 2 || length == 5 {
            self.put(JUST);
        }
        match length {
            1 | 2 => self.choose(LOCATIVE, LOCATIVES.len()),
            _ => self.location(length > PHRASE),
        }
    }

    /// Writes "near the old houses".
    fn location(&mut self, adjective: bool) {
        self.choose(PREPOSITION, PREPOSITIONS.len());
        self.put(THE);
        if adjective {
            self.choose(LOOK, LOOKS.len());
        }
        // Singular or plural, hence two ids each.
        self.choose(PLACE, 2 * PLACES.len());
    }

    /// Writes ", which … , which … , and which … ," of `length` tokens, with nouns of another kind than the subject.
    fn clauses(&mut self, length: usize, subject: u32) {
        // About nine tokens each. Any length from 6 on leaves 0 to ORNAMENTS extra tokens per clause.
        let clauses = ((length + 1) / (CLAUSE + 5)).max(1);
        // A comma before each clause and after the last one, and one "and".
        let fixed = clauses * CLAUSE + clauses + 1 + usize::from(clauses > 1);
        let mut spare = length - fixed;
        for left in (1..=clauses).rev() {
            self.put(COMMA);
            if clauses > 1 && left == 1 {
                self.put(AND);
            }
            // Close to the average of the rest, so that extra tokens occur throughout a long sentence; the last clause
            // takes the rest.
            let average = spare / left;
            let spread = average.min(ORNAMENTS - average);
            let drawn = average - spread + self.stream.below(2 * spread as u32 + 1) as usize;
            let drawn = drawn.clamp(spare.saturating_sub((left - 1) * ORNAMENTS), spare.min(ORNAMENTS));
            spare -= drawn;
            self.clause(drawn, subject);
        }
        self.put(COMMA);
    }

    /// Writes "which the proud dogs near the old houses saw behind the little gate yesterday", with `ornaments` extra
    /// tokens.
    fn clause(&mut self, ornaments: usize, subject: u32) {
        // A phrase takes three tokens. Adjectives and a time take one each: there are two slots, and one more per
        // phrase.
        let fewest = if ornaments > 6 { 2 } else { usize::from(ornaments > 2) };
        let most = (ornaments / PHRASE).min(2);
        let phrases = fewest + self.stream.below((most - fewest + 1) as u32) as usize;
        let after_agent = phrases == 2 || (phrases == 1 && self.stream.below(2) == 0);
        let after_verb = phrases == 2 || (phrases == 1 && !after_agent);
        // Chooses the slots of single tokens: the first `singles` of `slots`, drawn without replacement.
        let mut singles = ornaments - PHRASE * phrases;
        let mut slots = 2 + phrases;
        let mut single = |stream: &mut Stream| {
            let taken = (stream.below(slots as u32) as usize) < singles;
            slots -= 1;
            singles -= usize::from(taken);
            taken
        };

        self.put(WHICH);
        self.put(THE);
        if single(&mut self.stream) {
            self.choose(TEMPER, TEMPERS.len());
        }
        self.agent(subject);
        if after_agent {
            let adjective = single(&mut self.stream);
            self.location(adjective);
        }
        self.choose(VERB, VERBS.len());
        if after_verb {
            let adjective = single(&mut self.stream);
            self.location(adjective);
        }
        if single(&mut self.stream) {
            self.choose(TIME, TIMES.len());
        }
    }

    /// Writes one or several animals or people of another kind than the subject, because "the cat, which the cats saw"
    /// reads badly.
    fn agent(&mut self, subject: u32) {
        let plural = self.stream.below(2);
        let kind = self.stream.below((ANIMALS.len() + PEOPLE.len() - 1) as u32);
        let kind = kind + u32::from(kind >= subject);
        self.put(ANIMAL + 2 * kind + plural);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use longspan_kernel::rng::{Key, Purpose};

    #[test]
    fn ids_are_the_words_of_the_grammar() {
        let words = vocabulary();
        assert_eq!(words.len(), COUNT);
        for (id, word) in [
            (THE, "the"),
            (COMMA, ","),
            (WHICH, "which"),
            (AND, "and"),
            (JUST, "just"),
            (WAS, "was"),
            (WERE, "were"),
            (ANIMAL, "bear"),
            (PERSON, "boy"),
            (PLACE, "barn"),
            (TEMPER, "brave"),
            (LOOK, "fine"),
            (VERB, "admired"),
            (PREPOSITION, "behind"),
            (TIME, "again"),
            (LOCATIVE, "ahead"),
            (COUNT as u32 - 1, "outside"),
        ] {
            assert_eq!(words.label(id), word);
        }
    }

    #[test]
    fn every_length_is_exact() {
        let key = Key::new(3, Purpose::Task, 0, 0);
        for length in 1..=400 {
            for sample in 0..20 {
                let mut tokens = Vec::new();
                write(length, key.stream(0, sample), |token| tokens.push(token));
                assert_eq!(tokens.len(), length + 2);
                assert!(tokens.iter().all(|&token| token >= THE && token < COUNT as u32));
            }
        }
    }

    #[test]
    fn long_sentences_have_ornaments_throughout() {
        let (length, mut tokens) = (1_000_000, Vec::new());
        write(length, Key::new(1, Purpose::Task, 0, 0).stream(0, 0), |token| tokens.push(token));
        assert_eq!(tokens.len(), length + 2);
        for tenth in tokens.chunks(length / 10).take(10) {
            let clauses = tenth.iter().filter(|&&t| t == WHICH).count() as f64;
            // Nine tokens per clause: a tenth has 11 000 clauses, whose mean is known to a hundredth.
            assert!((tenth.len() as f64 / clauses - 9.0).abs() < 0.3, "{clauses}");
        }
    }
}
