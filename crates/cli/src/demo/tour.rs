//! The measurements of the tour, act by act.

use longspan::batch::{Batch, Source};
use longspan_data::task::EVALUATION_OFFSET;
use longspan_data::task::agreement::Agreement;
use longspan_record::credit::Horizon;
use longspan_record::{FaultRecord, StepRecord};
use serde::Serialize;

use super::act::Act;
use super::clipping::Direction;
use super::network::Learned;
use super::options::Options;
use super::reading::{Reading, Role, roles};
use crate::failure::{Failure, fail};

/// The sentence that is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sentence {
    pub(super) text: String,
    /// The words that are read; the verb is predicted at the last of them.
    pub(super) words: Vec<String>,
    pub(super) verb: &'static str,
    /// Steps at which other nouns are read.
    pub(super) distractors: Vec<usize>,
}

/// The accuracy from which on the rule counts as learned.
pub(super) const KNOWN: f64 = 0.95;

/// The step at which the subject is read.
pub(super) const SUBJECT: usize = 1;

/// Act 1: an untrained network.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unrolled {
    /// The size of the recurrent matrix, H².
    pub(super) shared_weights: usize,
    /// Measured on the sentence that is shown.
    pub(super) reading: Reading,
}

/// Acts 2 and 3: a training run with a large gain, without clipping and with it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Course {
    pub(super) losses_nats: Vec<f64>,
    pub(super) log10_norms: Vec<f64>,
    pub(super) log10_norms_after: Vec<f64>,
    pub(super) clipped_share: f64,
    pub(super) fault: Option<FaultRecord>,
}

/// Acts 4 to 6: a network trained at [`Options::distance`].
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Network {
    pub(super) name: &'static str,
    pub(super) clip: String,
    /// The accuracy on new sentences; null if training diverged.
    pub(super) right: Option<f64>,
    /// The number of new sentences.
    pub(super) sentences: u64,
    /// [`Learned::strength`].
    pub(super) log10_strength: Vec<f64>,
    /// Measured on the sentence that is shown, after training.
    pub(super) reading: Reading,
    /// Measured on many sentences, of which [`Tour::examples`] are the first.
    pub(super) readings: Reading,
}

/// Sentences of a probe are this many times as long as those of training: a gradient may reach further than training needs.
pub(super) const PROBED: usize = 4;

/// A probe of a network on sentences longer than those of training.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reach {
    pub(super) horizon: Option<Horizon>,
    pub(super) factor_per_step: Option<f64>,
    pub(super) lambda_nats_per_step: Option<f64>,
}

/// Act 7: a row of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) parameters: usize,
    pub(super) step_ms: f64,
    pub(super) before: Reach,
    pub(super) after: Reach,
    /// The accuracy at each distance: [distance, accuracy].
    pub(super) right: Vec<(usize, f64)>,
}

/// Everything that one run of the demo has measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tour {
    pub(super) version: &'static str,
    pub(super) options: Options,
    pub(super) sentence: Sentence,
    pub(super) examples: Vec<String>,
    pub(super) unrolled: Unrolled,
    pub(super) explosion: Course,
    pub(super) clipped: Course,
    pub(super) direction: Direction,
    pub(super) networks: Vec<Network>,
    pub(super) table: Vec<Row>,
    /// The texts of each act.
    pub(super) acts: Vec<Act>,
}

impl Sentence {
    /// Finds the first evaluation sentence about one cat, and makes a source of that sentence alone.
    ///
    /// # Errors
    /// A message if no such sentence is found.
    pub(super) fn about_a_cat(options: &Options) -> Result<(Self, Agreement), Failure> {
        let task = |first: u64| Agreement::new(options.distance, 1, options.seed, 1, first);
        let all = task(0)?;
        let about = |&index: &u64| {
            let text = all.sentence(index);
            text.starts_with("The cat") && text.contains(" was ")
        };
        let index = (EVALUATION_OFFSET..EVALUATION_OFFSET + 10_000).find(about);
        let index = index.ok_or_else(|| fail("no sentence is about one cat: choose another --seed"))?;
        let (one, mut batch) = (task(index)?, Batch::default());
        one.fill(0, 0, &mut batch);
        let roles = roles(&one, batch.inputs.iter().copied());
        let sentence = Self {
            text: one.sentence(index),
            words: batch.inputs.iter().map(|&word| one.words().label(word).to_owned()).collect(),
            verb: "was",
            distractors: (0..roles.len()).filter(|&t| roles[t] == Role::Distractor).collect(),
        };
        Ok((sentence, one))
    }

    /// The word that decides which verb is right.
    pub(super) fn subject(&self) -> &str {
        &self.words[SUBJECT]
    }
}

impl Course {
    /// The course of a training run.
    pub(super) fn of(learned: Learned) -> Self {
        let steps = &learned.steps;
        let all = |of: fn(&StepRecord) -> f64| steps.iter().map(of).collect();
        let clipped = steps.iter().filter(|step| step.clipped).count();
        Self {
            losses_nats: all(|step| step.loss),
            log10_norms: all(|step| step.log10_global_norm),
            log10_norms_after: all(|step| step.log10_global_norm_after),
            clipped_share: clipped as f64 / steps.len().max(1) as f64,
            fault: learned.fault,
        }
    }

    /// The loss of the last training step that was taken.
    pub(super) fn last_loss(&self) -> f64 {
        self.losses_nats.last().copied().unwrap_or(f64::NAN)
    }
}

impl Row {
    /// Whether the rule was learned at [`Options::distance`] although the gradient horizon is shorter than that.
    pub(super) fn is_short_but_right(&self, options: &Options) -> bool {
        let short = self.after.horizon.as_ref().is_some_and(|h| h.steps < options.distance && !h.at_least);
        short && self.right.iter().any(|&(distance, right)| distance == options.distance && right >= KNOWN)
    }
}

impl Network {
    /// Whether the rule was learned.
    pub(super) fn knows(&self) -> bool {
        self.right.is_some_and(|right| right >= KNOWN)
    }

    /// Half the width of the interval around 1/2 that contains the accuracy of guessing with a probability of 95 %.
    pub(super) fn coin(&self) -> f64 {
        1.96 * 0.5 / (self.sentences.max(1) as f64).sqrt()
    }

    /// Whether the accuracy is no better than that of guessing.
    pub(super) fn guesses(&self) -> bool {
        self.right.is_some_and(|right| right <= 0.5 + self.coin())
    }

    /// log10 of the share of the gradient that arrived at the subject in the first training steps.
    pub(super) fn log10_arrived(&self) -> f64 {
        self.log10_strength[SUBJECT]
    }

    /// The effect of the other nouns on the answer relative to that of the subject; None if that is not finite.
    pub(super) fn distraction(&self) -> Option<f64> {
        let effects = &self.readings.effects;
        Some(effects.distractor? / effects.subject?).filter(|share| share.is_finite())
    }
}
