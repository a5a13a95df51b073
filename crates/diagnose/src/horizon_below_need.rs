//! `horizon-below-need`: credit does not reach as far as the data ask for.

use super::rule::{Found, Judgement, Needs, Page, Rule, Threshold};
use super::{Evidence, Level, Severity};

const LEARNED: Threshold = Threshold {
    of: "best loss over that of chance",
    value: 0.5,
    source: "who has learned half of it does reach there",
};

pub(super) static RULE: Rule = Rule {
    code: "horizon-below-need",
    severity: Severity::Warning,
    title: "The credit horizon is shorter than the lag that is needed",
    page: Page {
        meaning: "The credit horizon is how many steps back a hundredth of a loss's gradient still arrives. Where the data need \
                  more, what lies there is learned very slowly, or not at all.",
        measured: "The horizon of a probe, with its 95 % interval by resampling sequences, beside the lag that a synthetic task needs.",
        thresholds: &[
            Threshold {
                of: "upper end of the horizon's interval, in steps",
                value: f64::NAN,
                source: "the lag that the task needs",
            },
            LEARNED,
        ],
        false_alarm: "training has only begun: horizons grow as gates learn to keep. A small gradient in one direction can be enough",
        remedy: "What lengthens the horizon: --cell lstm --forget-bias 3, --init chrono:LAG, orthogonal recurrent weights.",
    },
    judge,
};

fn judge(evidence: &Evidence) -> Judgement {
    let facts = &evidence.facts;
    let Some(need) = facts.needed_lag_steps else { return Judgement::Silent };
    let Some(learned) = evidence.learned_ratio() else { return Judgement::Silent };
    if learned < LEARNED.value {
        return Judgement::Silent;
    }
    let Some(lag) = evidence.lag() else {
        // What one probe could not measure, another one cannot.
        return if evidence.reach().is_some() { Judgement::Silent } else { Judgement::Unknown(Needs::Probe) };
    };
    let horizon = &lag.total.horizon;
    if horizon.at_least || horizon.high_at_least || horizon.high_steps >= need {
        return Judgement::Silent;
    }
    let sentence = format!(
        "The credit horizon is {} steps (95 %: {} to {}), and the task needs {need}.",
        horizon.steps, horizon.low_steps, horizon.high_steps
    );
    let limit = Threshold { of: "", value: need as f64, source: "the lag that the task needs" };
    let found = Found::new(sentence, Level::High, "both are measured or known exactly")
        .held("upper end of the horizon, steps", horizon.high_steps as f64, limit)
        .held("best loss over chance", learned, LEARNED);
    let chrono = ("init", format!("chrono:{}", need + 1));
    match facts.cell.as_str() {
        "lstm" => found.remedy(facts, &[chrono], "forgetting times up to what is needed").remedy(
            facts,
            &[("forget_bias", "3".into())],
            "a forget gate that begins by keeping",
        ),
        "gru" => found.remedy(facts, &[chrono], "update gates that keep as long as is needed"),
        _ => found.remedy(
            facts,
            &[("cell", "lstm".into()), ("forget_bias", "3".into())],
            "a gate that keeps what it has",
        ),
    }
    .into()
}
