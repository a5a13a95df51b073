//! What was measured, act by act.

use longspan::batch::{Batch, Source};
use longspan_data::task::EVALUATION_OFFSET;
use longspan_data::task::agreement::Agreement;
use longspan_record::json_float;
use longspan_record::credit::Horizon;
use longspan_record::{FaultRecord, StepRecord};
use serde::Serialize;

use super::clipping::Direction;
use super::network::Learned;
use super::reading::{Reading, Role, roles};
use super::text::Localized;
use crate::failure::{Failure, fail};

/// What can be chosen.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Options {
    /// Steps between subject and verb in the story.
    pub(crate) distance: usize,
    /// Those of the table.
    pub(crate) distances: Vec<usize>,
    /// Gain of the recurrent weights that explode.
    pub(crate) gain: f64,
    /// The limit of clipping.
    pub(crate) limit: f64,
    /// Training steps of each network.
    pub(crate) steps: u64,
    /// Units of each network.
    pub(crate) hidden: usize,
    /// Start of every random number.
    pub(crate) seed: u64,
}

/// The sentence that is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sentence {
    pub(super) text: String,
    /// As they are read; the verb is predicted at the last.
    pub(super) words: Vec<String>,
    pub(super) verb: &'static str,
    pub(super) distractors: Vec<usize>,
}

/// Share of right answers from which on a rule counts as learned.
pub(super) const KNOWN: f64 = 0.95;

/// The step at which the subject is read.
pub(super) const SUBJECT: usize = 1;

/// Act 1: a network that has not been trained.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unrolled {
    /// H²: one matrix for all steps.
    pub(super) shared_weights: usize,
    /// Of the sentence that is shown.
    pub(super) reading: Reading,
}

/// Acts 2 and 3: a run that explodes, or would.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Course {
    #[serde(with = "json_float::list")]
    pub(super) losses_nats: Vec<f64>,
    #[serde(with = "json_float::list")]
    pub(super) log10_norms: Vec<f64>,
    #[serde(with = "json_float::list")]
    pub(super) log10_norms_after: Vec<f64>,
    pub(super) clipped_share: f64,
    pub(super) fault: Option<FaultRecord>,
}

/// Acts 4 to 6: a network that learned agreement over [`Options::distance`], or did not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Network {
    pub(super) name: &'static str,
    pub(super) clip: String,
    /// Share of fresh sentences whose verb is right, and of how many; null where training diverged.
    pub(super) right: Option<f64>,
    pub(super) sentences: u64,
    /// The mean of the first training steps, for each step of the window.
    #[serde(with = "json_float::list")]
    pub(super) log10_strength: Vec<f64>,
    /// Of the sentence that is shown, after training.
    pub(super) reading: Reading,
    /// Of many sentences, [`Tour::examples`] first.
    pub(super) readings: Reading,
}

/// What was measured of a network on sentences longer than those that it learns from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reach {
    pub(super) horizon: Option<Horizon>,
    pub(super) factor_per_step: Option<f64>,
    pub(super) lambda_nats_per_step: Option<f64>,
}

/// Act 7: a line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) parameters: usize,
    pub(super) step_ms: f64,
    pub(super) before: Reach,
    pub(super) after: Reach,
    /// [distance, share that is right].
    pub(super) right: Vec<(usize, f64)>,
}

/// All of it.
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
    /// The words of each act.
    pub(super) acts: Vec<Localized>,
}

impl Sentence {
    /// The first sentence for evaluation that is about one cat, and a source of it alone.
    pub(super) fn about_a_cat(options: &Options) -> Result<(Self, Agreement), Failure> {
        let task = |first: u64| Agreement::new(options.distance, 1, options.seed, 1, first);
        let all = task(0)?;
        let about = |&index: &u64| {
            let text = all.sentence(index);
            text.starts_with("The cat") && text.contains(" was ")
        };
        let index = (EVALUATION_OFFSET..EVALUATION_OFFSET + 10_000).find(about);
        let index = index.ok_or_else(|| fail("no sentence is about a cat: try another --seed"))?;
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

    /// The subject.
    pub(super) fn subject(&self) -> &str {
        &self.words[SUBJECT]
    }
}

impl Course {
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
}

impl Course {
    /// The loss of the last step that was taken.
    pub(super) fn last_loss(&self) -> f64 {
        self.losses_nats.last().copied().unwrap_or(f64::NAN)
    }
}

impl Row {
    /// Whether the rule was learned at the story's distance although the horizon is shorter.
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

    /// Half of the interval in which 95 % of coins would be right, about one half.
    pub(super) fn coin(&self) -> f64 {
        1.96 * 0.5 / (self.sentences.max(1) as f64).sqrt()
    }

    /// Whether it is no better than a coin.
    pub(super) fn guesses(&self) -> bool {
        self.right.is_some_and(|right| right <= 0.5 + self.coin())
    }

    /// log10 of the gradient's share that arrived at the subject.
    pub(super) fn log10_arrived(&self) -> f64 {
        self.log10_strength[SUBJECT]
    }

    /// How much a distractor moves the answer, as a share of what the subject does.
    pub(super) fn distraction(&self) -> Option<f64> {
        let effects = &self.readings.effects;
        Some(effects.distractor? / effects.subject?).filter(|share| share.is_finite())
    }
}
