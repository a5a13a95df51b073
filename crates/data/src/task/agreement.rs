//! Agreement of a verb with a distant subject, in generated English sentences.
//!
//! ```text
//! The cat, which the dogs near the old houses saw, and which the girls met, was asleep.
//!     ^ read at step 1                                                      ^ predicted at step N + 1
//! ```
//!
//! N − 1 tokens and a comma separate subject and verb. The nouns between them are singular or plural at random,
//! independently of the subject, so only the subject determines the verb.
//!
//! # References
//! Linzen, Dupoux, Goldberg, "Assessing the ability of LSTMs to learn syntax-sensitive dependencies", TACL 2016
//! (natural sentences, in which errors depend on the number of such attractors).

mod grammar;

use crate::task::{LONGEST, TaskError};
use crate::vocabulary::Vocabulary;
use longspan::batch::{Batch, Source};
use longspan_kernel::rng::{Key, Purpose};

/// Sentences in which the verb agrees with a subject N steps earlier.
///
/// The subject is read at step 1, after "the". The verb, was or were, is the target at step N + 1, where the comma that
/// ends the relative clause is read. A sentence has N + 2 steps and one scored target. A dependency below 6 is too
/// short for a clause: the sentence has a phrase without a comma instead ("the cat near the old houses"). A clause has
/// one to three distractors, and about every ninth step begins another clause.
///
/// Sample i is a pure function of (seed, N, i).
#[derive(Clone, Debug)]
pub struct Agreement {
    length: usize,
    rows: usize,
    key: Key,
    windows: u64,
    first_sample: u64,
    same_every_epoch: bool,
    vocabulary: Vocabulary,
}

impl Agreement {
    /// Sentences of dependency length `length`: `rows` per window and `windows` per epoch, from sample `first_sample`
    /// on, which is 0 for training and [`EVALUATION_OFFSET`](super::EVALUATION_OFFSET) for evaluation.
    ///
    /// # Errors
    /// [`TaskError::Length`] if the length is 0 or above [`LONGEST`].
    ///
    /// # Panics
    /// If `rows` or `windows` is 0.
    pub fn new(
        length: usize,
        rows: usize,
        seed: u64,
        windows: u64,
        first_sample: u64,
    ) -> Result<Self, TaskError> {
        assert!(rows > 0 && windows > 0, "{windows} windows of {rows} rows");
        if !(1..=LONGEST).contains(&length) {
            return Err(TaskError::Length { task: "agreement", length, shortest: 1, longest: LONGEST });
        }
        let key = Key::new(seed, Purpose::Task, 0, 0);
        let vocabulary = grammar::vocabulary();
        Ok(Self { length, rows, key, windows, first_sample, same_every_epoch: false, vocabulary })
    }

    /// Draws the same samples in every epoch, as an evaluation does.
    pub fn same_every_epoch(self) -> Self {
        Self { same_every_epoch: true, ..self }
    }

    /// Number of steps from the subject to the prediction of its verb.
    pub fn dependency_length(&self) -> usize {
        self.length
    }

    /// Baseline loss in nats: ln 2, the loss of a model that has forgotten the subject.
    pub fn chance_loss_nats(&self) -> f64 {
        std::f64::consts::LN_2
    }

    /// Vocabulary of the sentences.
    pub fn words(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Token ids of "was" and "were", which are the only targets.
    pub fn verbs(&self) -> (u32, u32) {
        (grammar::WAS, grammar::WERE)
    }

    /// Whether a token is a noun: the subject or a distractor.
    pub fn is_noun(&self, token: u32) -> bool {
        grammar::NOUNS.contains(&token)
    }

    /// Text of sample `index`, such as "The cat near the old houses was hungry."
    pub fn sentence(&self, index: u64) -> String {
        let mut tokens = Vec::with_capacity(self.length + 3);
        let verb = self.write(index, |token| tokens.push(token));
        tokens.push(verb);
        // Networks do not read what follows the verb, so it is drawn from a separate stream.
        let ending = self.key.stream(1, index).below(grammar::ENDINGS.len() as u32) as usize;
        let text = self.vocabulary.decode(&tokens).replace(" ,", ",").replacen('t', "T", 1);
        format!("{text} {}.", grammar::ENDINGS[ending])
    }

    fn write(&self, index: u64, put: impl FnMut(u32)) -> u32 {
        grammar::write(self.length, self.key.stream(0, index), put)
    }
}

impl Source for Agreement {
    fn windows(&self) -> u64 {
        self.windows
    }

    fn fill(&self, epoch: u64, window: u64, batch: &mut Batch) {
        assert!(window < self.windows, "window {window} of {}", self.windows);
        let epoch = if self.same_every_epoch { 0 } else { epoch };
        let (steps, rows) = self.shape();
        batch.reshape(steps, rows);
        batch.carry = false;
        batch.first_sample = self.first_sample + (epoch * self.windows + window) * rows as u64;
        for row in 0..rows {
            let mut positions = batch.inputs[row..].iter_mut().step_by(rows);
            let verb = self.write(batch.first_sample + row as u64, |token| {
                *positions.next().expect("a sentence has N + 2 tokens") = token;
            });
            assert!(positions.next().is_none(), "a sentence has N + 2 tokens");
            batch.targets[(steps - 1) * rows + row] = verb;
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.length + 2, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::grammar::{ANIMAL, COMMA, NOUNS, PERSON, WAS, WERE};
    use super::*;
    use crate::task::EVALUATION_OFFSET;
    use longspan::batch::IGNORE;

    fn task(length: usize) -> Agreement {
        Agreement::new(length, 4, 1, 10, 0).unwrap()
    }

    fn tokens(task: &Agreement, index: u64) -> (Vec<u32>, u32) {
        let mut tokens = Vec::new();
        let verb = task.write(index, |token| tokens.push(token));
        (tokens, verb)
    }

    fn is_noun(token: u32) -> bool {
        NOUNS.contains(&token)
    }

    fn is_plural(noun: u32) -> bool {
        (noun - ANIMAL) % 2 == 1
    }

    #[test]
    fn the_dependency_has_exactly_its_length() {
        for length in (1..=60).chain([300, 1000]) {
            let task = task(length);
            assert_eq!(task.dependency_length(), length);
            assert_eq!(task.verbs(), (task.words().id("was").unwrap(), task.words().id("were").unwrap()));
            let mut batch = Batch { carry: true, ..Batch::default() };
            for window in 0..10 {
                task.fill(2, window, &mut batch);
                assert_eq!((batch.steps(), batch.rows()), task.shape());
                assert_eq!((batch.steps(), batch.carry, batch.scored()), (length + 2, false, 4));
                for row in 0..4 {
                    let input = |t: usize| batch.inputs[t * 4 + row];
                    let target = batch.targets[(length + 1) * 4 + row];
                    assert!((ANIMAL..PERSON).contains(&input(1)), "the subject is at step 1");
                    assert_eq!(target, if is_plural(input(1)) { WERE } else { WAS });
                    // No other token reveals the number of the subject, and the verb is not read.
                    assert!((0..length + 2).all(|t| input(t) != WAS && input(t) != WERE));
                    let kind = |noun: u32| (noun - ANIMAL) / 2;
                    let mut distractors = (2..length + 2).map(input).filter(|&token| is_noun(token));
                    assert!(distractors.all(|noun| kind(noun) != kind(input(1))));
                    assert!(length < 6 || input(length + 1) == COMMA);
                }
            }
        }
    }

    #[test]
    fn distractors_grow_with_the_length() {
        let mean = |length| {
            let task = task(length);
            let count = |i| tokens(&task, i).0.into_iter().skip(2).filter(|&t| is_noun(t)).count();
            (0..200).map(count).sum::<usize>() as f64 / 200.0
        };
        let means: Vec<f64> = [2, 5, 10, 25, 50, 100, 300].map(mean).to_vec();
        assert!(means.is_sorted_by(|a, b| a < b), "{means:?}");
        assert!(means[6] > 30.0, "{means:?}");
    }

    /// No token at any step, except the subject, predicts the verb.
    #[test]
    fn only_the_subject_predicts_the_verb() {
        let samples = 20_000;
        // Tolerance for the share of heads among n fair coins, in standard errors. Of about 3000 shares, one exceeds
        // 5.5 standard errors in one of 10 000 seeds.
        let fair = |heads: f64, n: f64| (heads / n - 0.5).abs() < 5.5 * 0.5 / n.sqrt();
        for length in [3, 6, 17, 40] {
            let task = task(length);
            let (mut plural, mut reads, mut equal): (f64, HashMap<_, [f64; 2]>, HashMap<_, [f64; 2]>) =
                Default::default();
            for i in 0..samples {
                let (tokens, verb) = tokens(&task, i);
                let were = f64::from(verb == WERE);
                plural += were;
                let mut distractors = 0;
                for (t, &token) in tokens.iter().enumerate().skip(2) {
                    let entry = reads.entry((t, token)).or_default();
                    *entry = [entry[0] + were, entry[1] + 1.0];
                    if is_noun(token) {
                        let same = f64::from(is_plural(token) == (verb == WERE));
                        let entry = equal.entry(distractors).or_default();
                        *entry = [entry[0] + same, entry[1] + 1.0];
                        distractors += 1;
                    }
                }
                // The last noun is the nearest attractor.
                if let Some(&last) = tokens[2..].iter().rfind(|&&t| is_noun(t)) {
                    let entry = equal.entry(usize::MAX).or_default();
                    *entry = [entry[0] + f64::from(is_plural(last) == (verb == WERE)), entry[1] + 1.0];
                }
            }
            assert!(fair(plural, samples as f64), "plural targets: {plural} of {samples}");
            assert!(!equal.is_empty());
            for (what, [heads, n]) in equal {
                assert!(fair(heads, n), "distractor {what} at length {length}: {heads} of {n}");
            }
            for ((t, token), [heads, n]) in reads {
                // Below 100 samples the normal approximation is too coarse.
                assert!(n < 100.0 || fair(heads, n), "token {token} at step {t}: {heads} of {n}");
            }
        }
    }

    #[test]
    fn samples_are_pure_functions_of_their_index() {
        let narrow = Agreement::new(20, 2, 5, 100, 0).unwrap();
        let wide = Agreement::new(20, 8, 5, 100, 0).unwrap();
        let (mut a, mut b) = (Batch::default(), Batch::default());
        // Both are sample 1613: 8 (2·100 + 1) + 5 = 2 (8·100 + 6) + 1.
        wide.fill(2, 1, &mut a);
        narrow.fill(8, 6, &mut b);
        assert_eq!((a.first_sample, b.first_sample), (1608, 1612));
        assert!((0..22).all(|t| a.inputs[t * 8 + 5] == b.inputs[t * 2 + 1]));
        assert_eq!(a.targets[21 * 8 + 5], b.targets[21 * 2 + 1]);
        assert!((0..22).map(|t| a.inputs[t * 8 + 5]).eq(tokens(&wide, 1613).0));
        assert_eq!(a.targets.iter().filter(|&&t| t != IGNORE).count(), 8);
        let other = Agreement::new(20, 8, 6, 100, 0).unwrap();
        assert_ne!(tokens(&other, 1613), tokens(&wide, 1613));
    }

    #[test]
    fn evaluation_is_fixed_and_disjoint_from_training() {
        let evaluation = Agreement::new(20, 8, 5, 3, EVALUATION_OFFSET).unwrap().same_every_epoch();
        let training = Agreement::new(20, 8, 5, 3, 0).unwrap();
        let mut batch = Batch::default();
        let mut indices = |source: &Agreement, epoch| -> HashSet<u64> {
            let mut samples = |window| {
                source.fill(epoch, window, &mut batch);
                batch.first_sample..batch.first_sample + 8
            };
            (0..3).flat_map(&mut samples).collect()
        };
        let evaluated = indices(&evaluation, 0);
        assert_eq!(evaluated.len(), 24);
        assert_eq!(evaluated, indices(&evaluation, 9));
        // No training reaches a billion epochs.
        for epoch in [0, 1, 1_000_000_000] {
            assert!(evaluated.is_disjoint(&indices(&training, epoch)));
        }
        assert!(indices(&training, 0).is_disjoint(&indices(&training, 1)));
        // The sentences differ too, not only their numbers: repetitions are practically impossible at this length.
        let sentences = |from: u64| (from..from + 2000).map(|i| training.sentence(i)).collect::<HashSet<_>>();
        assert!(sentences(0).is_disjoint(&sentences(EVALUATION_OFFSET)));
    }

    #[test]
    fn lengths_beyond_the_grammar_are_refused() {
        for length in [0, LONGEST + 1] {
            let error = Agreement::new(length, 4, 1, 10, 0).unwrap_err().to_string();
            assert!(
                error.contains(&format!("length {length}: choose --length from 1 to 1000000")),
                "{error}"
            );
        }
    }

    /// A change of the grammar would change the task and invalidate published numbers.
    #[test]
    fn sentences_are_fixed() {
        for (length, sentence) in [
            (1, "The donkeys below were hungry."),
            (2, "The donkeys just below were hungry."),
            (3, "The donkeys beside the tree were hungry."),
            (4, "The donkeys beside the old gardens were hungry."),
            (5, "The donkeys just beside the old gardens were hungry."),
            (6, "The donkeys, which the women chased, were hungry."),
            (13, "The donkeys, which the women near the grey field noticed beside the gardens, were hungry."),
            (
                25,
                "The donkeys, which the ducks beside the field noticed once, and which the rabbit behind the \
                 little gate called behind the fine barn today, were hungry.",
            ),
        ] {
            assert_eq!(task(length).sentence(1), sentence);
        }
        assert!((0..20).any(|i| task(6).sentence(i).contains(", was ")));
    }
}
