//! What each rule can find, as one type.

use crate::language::Language;
use crate::number::Number;

/// Declares [`Observation`], with a variant for each rule that has the name of its struct.
macro_rules! observations {
    ($($file:ident::$name:ident: $doc:literal),* $(,)?) => {
        $(pub use crate::$file::$name;)*

        /// What a rule found, with its numbers.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Observation {
            $(#[doc = $doc] $name($name)),*
        }

        impl Observation {
            /// Describes what was found in one sentence.
            pub fn text(&self, language: Language) -> String {
                match self { $(Self::$name(found) => found.text(language)),* }
            }

            /// Returns the numbers that the finding rests on, with thresholds and their sources. What is NaN was not measured and
            /// is left out.
            pub fn numbers(&self) -> Vec<Number> {
                let mut numbers = match self { $(Self::$name(found) => found.numbers()),* };
                numbers.retain(|number| !number.value.is_nan());
                numbers
            }
        }

        $(impl From<$name> for Observation {
            fn from(found: $name) -> Self {
                Self::$name(found)
            }
        })*
    };
}

observations! {
    non_finite::NonFinite: "`non-finite`",
    recovered_faults::RecoveredFaults: "`recovered-faults`",
    exploding_gradient::ExplodingGradient: "`exploding-gradient`",
    vanishing_gradient::VanishingGradient: "`vanishing-gradient`",
    no_better_than_baseline::NoBetterThanBaseline: "`no-better-than-baseline`",
    step_too_large::StepTooLarge: "`step-too-large`",
    horizon_below_need::HorizonBelowNeed: "`horizon-below-need`",
    truncation_too_short::TruncationTooShort: "`truncation-too-short`",
    clip_missing::ClipMissing: "`clip-missing`",
    clip_always::ClipAlways: "`clip-always`",
    clip_never::ClipNever: "`clip-never`",
    chaotic_dynamics::ChaoticDynamics: "`chaotic-dynamics`",
    sensitivity_explosion::SensitivityExplosion: "`sensitivity-explosion`",
    saturated_units::SaturatedUnits: "`saturated-units`",
    dead_units::DeadUnits: "`dead-units`",
    stuck_gates::StuckGate: "`stuck-gates`",
    vanishing_across_layers::VanishingAcrossLayers: "`vanishing-across-layers`",
    unscaled_input::UnscaledInput: "`unscaled-input`",
    embedding_too_large::EmbeddingTooLarge: "`embedding-too-large`",
    padding_dominated::PaddingDominated: "`padding-dominated`",
    overfitting::Overfitting: "`overfitting`",
    step_too_small::StepTooSmall: "`step-too-small`",
    underfitting::Underfitting: "`underfitting`",
    majority_class::MajorityClass: "`majority-class`",
    distribution_shift::DistributionShift: "`distribution-shift`",
    uninformative_labels::UninformativeLabels: "`uninformative-labels`",
    constant_target::ConstantTarget: "`constant-target`",
    outliers::Outliers: "`outliers`",
    possible_leak::PossibleLeak: "`possible-leak`",
    schedule_ended::ScheduleEnded: "`schedule-ended`",
    weight_decay_dominates::WeightDecayDominates: "`weight-decay-dominates`",
    still_improving::StillImproving: "`still-improving`",
}
