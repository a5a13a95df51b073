//! Rules on synthetic evidence: a rule finds nothing in good runs, reports beyond its thresholds and not
//! before them, and recommends something that the run does not do yet. Thresholds are read from the pages of
//! the rules, so they can change without a change here. How often rules are right is measured in
//! `verdicts.rs`.
#![allow(missing_docs, reason = "a test file")]

pub(crate) mod cases;
pub(crate) mod evidence;
mod faulty;
mod real;

use crate::test_dir::TestDir;
use cases::{Beyond, CASES, Case, OTHERS};
use evidence::{BASELINE, CAUSES, CELLS, MakeFaulty, STEPS, config, facts, fault, good};
use longspan_diagnose::{
    Confidence, Evidence, Finding, Language, Needs, Place, RULES, Remedy, Setting, Severity, diagnose,
};
use longspan_record::{Cause, FaultRecord, RecoveryAction, RecoveryRecord, StepRecord};
use longspan_run::config::{Config, Origin};
use longspan_run::dialect::{self, Dialect};
use longspan_run::report::verdict::FindingText;

fn finding(code: &str, evidence: &Evidence) -> Option<Finding> {
    diagnose(evidence).findings.into_iter().find(|finding| finding.code() == code)
}

fn codes(evidence: &Evidence) -> Vec<String> {
    diagnose(evidence).findings.into_iter().map(|finding| finding.code().to_owned()).collect()
}

/// Distance from a threshold, relative to it: far more than rounding, but close.
const MARGIN: f64 = 0.02;

#[test]
fn good_runs_have_no_findings() {
    for cell in CELLS {
        for settings in ["", "clip=none", "clip=norm:1e9", "layers=3", "lr=1", "hidden=1", "steps=100000"] {
            let verdict = diagnose(&good(&format!("cell={cell} {settings}")));
            assert!(verdict.findings.is_empty(), "{cell} {settings}: {:?}", verdict.findings);
            assert!(verdict.unjudged.is_empty(), "{cell} {settings}: {:?}", verdict.unjudged);
        }
    }
}

#[test]
fn rules_report_beyond_their_thresholds_and_not_before() {
    for case in CASES {
        let limit = case.threshold().value;
        let (inside, outside) = match case.beyond {
            Beyond::Above => (limit - MARGIN * limit, limit + MARGIN * limit),
            Beyond::Below => (limit + MARGIN * limit, limit - MARGIN * limit),
        };
        for cell in case.cells {
            let about = format!("{} of {cell}, {} around {limit}", case.code, case.of);
            let (faulty, healthy) = (case.at(cell, outside), case.at(cell, inside));
            let found =
                finding(case.code, &faulty).unwrap_or_else(|| panic!("{about}: {:?}", codes(&faulty)));
            assert!(finding(case.code, &healthy).is_none(), "{about}: {:?}", codes(&healthy));
            let numbers = found.evidence();
            assert!(
                numbers.iter().any(|number| (number.value - outside).abs() < 0.2 * MARGIN * outside.abs()),
                "{about}: the number is not among {numbers:?}"
            );
            // Every threshold in the text has a source.
            let text = FindingText::new(&found, &Dialect::Longspan, Language::English);
            assert_eq!(text.evidence.len(), numbers.len());
            for number in &text.evidence {
                assert_eq!(number.threshold.is_some(), number.source.is_some(), "{about}: {}", number.name);
            }
            let texts = [text.sentence.as_str(), text.confidence.because, text.false_alarm, text.title];
            assert!(texts.iter().all(|text| !text.trim().is_empty()), "{about}");
            assert!(text.sentence.chars().any(|c| c.is_ascii_digit()), "{about}: {}", text.sentence);
        }
    }
}

#[test]
fn all_thresholds_are_tested() {
    for rule in RULES {
        for threshold in rule.page.thresholds {
            let case = |case: &&Case| case.code == rule.code && threshold.of.en.starts_with(case.of);
            let other = OTHERS.iter().any(|(code, of)| *code == rule.code && threshold.of.en.starts_with(of));
            assert!(CASES.iter().any(|c| case(&c)) != other, "{}: {}", rule.code, threshold.of.en);
        }
    }
}

/// The settings of the run, changed by the flags of a remedy.
fn remedied(run: &Config, flags: &str) -> Config {
    let mut config = run.clone();
    let mut words = flags.split_whitespace();
    while let Some(flag) = words.next() {
        let key = flag.strip_prefix("--").unwrap_or_else(|| panic!("{flags}: {flag} is no flag"));
        let value = words.next().unwrap_or_else(|| panic!("{flags}: {flag} has no value"));
        config.set(key, value, Origin::Flag).unwrap_or_else(|error| panic!("{flags}: {error}"));
    }
    config
}

/// Every remedy can be given to `train`, changes something, and is not recommended to a run that already has
/// it.
fn check_remedies(evidence: &Evidence, run: &Config, code: &str) {
    let found = finding(code, evidence).expect("found before");
    assert!(!found.remedies.is_empty(), "{code}: no remedies");
    for remedy in &found.remedies {
        let (settings, why) = match remedy {
            Remedy::Change { settings, why } => (settings, why),
            Remedy::Advice(what) => {
                assert!(!what.en.is_empty(), "{code}");
                continue;
            }
        };
        let flags = dialect::flags(settings);
        assert!(!why.en.is_empty(), "{code}: {flags}");
        let changed = remedied(run, &flags);
        changed.check().unwrap_or_else(|error| panic!("{code}: {flags}: {error}"));
        assert!(!run.differences(&changed).is_empty(), "{code}: {flags} changes nothing");
        // The configuration file has the same effect.
        let directory = TestDir::new();
        let file = directory.write("remedy.toml", dialect::toml(settings));
        let mut read = run.clone();
        read.read(&file).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert!(changed.differences(&read).is_empty(), "{code}: {flags}");
        let again = Evidence { facts: facts(&changed), ..evidence.clone() };
        let again = finding(code, &again).map_or(Vec::new(), |found| found.remedies);
        assert!(!again.contains(remedy), "{code}: {flags} is recommended to a run that has it");
    }
}

#[test]
fn remedies_are_flags_that_change_something() {
    for case in CASES {
        let outside = case.threshold().value * if case.beyond == Beyond::Above { 1.5 } else { 0.5 };
        for cell in case.cells {
            let run = config(&format!("cell={cell} {}", case.settings));
            let mut faulty = case.at(cell, outside);
            if finding(case.code, &faulty).is_none() {
                // A share cannot be 1.5 times its threshold.
                faulty = case.at(cell, 1.0);
            }
            check_remedies(&faulty, &run, case.code);
        }
    }
    for cell in CELLS {
        for cause in CAUSES {
            for clip in ["norm:1", "none"] {
                let settings = format!("cell={cell} clip={clip}");
                let mut evidence = good(&settings);
                evidence.fault = Some(fault(cause));
                check_remedies(&evidence, &config(&settings), "non-finite");
            }
        }
    }
}

#[test]
fn a_value_that_is_not_finite_is_always_severe() {
    for cause in CAUSES {
        let mut evidence = good("cell=rnn");
        evidence.fault = Some(fault(cause));
        for steps in [STEPS as usize, 0] {
            evidence.steps.truncate(steps);
            let found = finding("non-finite", &evidence).expect("a fault");
            assert_eq!((found.severity, found.confidence), (Severity::Severe, Confidence::High));
            for part in ["step 1001", "layer 0", "step 3", "row 1", "unit 2", "inf"] {
                let sentence = found.sentence(Language::English);
                assert!(sentence.contains(part), "no {part} in {sentence}");
            }
        }
    }
    // A gradient that grew until it overflowed needs clipping, if there is none.
    let mut evidence = good("cell=rnn clip=none");
    evidence.fault = Some(fault(Cause::GradientGrowth));
    assert_eq!(codes(&evidence), ["non-finite", "exploding-gradient", "clip-missing"]);
}

/// A run that continued after faults is not called healthy without a word: one fault is a note, more are a warning.
#[test]
fn faults_after_which_training_continued_are_named() {
    let record = |action, step: u64, to_step| RecoveryRecord {
        step: to_step,
        action,
        window: step,
        to_step,
        fault: FaultRecord { step, ..fault(Cause::GradientGrowth) },
    };
    let mut evidence = good("cell=rnn clip=none");
    evidence.recoveries = vec![record(RecoveryAction::Skip, 41, 40)];
    let found = finding("recovered-faults", &evidence).expect("a note");
    assert_eq!(found.severity, Severity::Note);
    assert!(found.sentence(Language::English).starts_with("Since step 41, 1 batch was left out."));
    evidence.recoveries.push(record(RecoveryAction::Rewind, 250, 200));
    evidence.recoveries.push(record(RecoveryAction::Rewind, 333, 300));
    let found = finding("recovered-faults", &evidence).expect("a warning");
    assert_eq!(found.severity, Severity::Warning);
    let sentence = found.sentence(Language::English);
    for part in ["step 41", "1 batch was left out", "went back 2 times", "in step 333", "layer 0"] {
        assert!(sentence.contains(part), "no {part} in {sentence}");
    }
    assert!(found.sentence(Language::Chinese).starts_with("从第 41 步起，跳过了 1 个批次，训练退回 2 次"));
    check_remedies(&evidence, &config("cell=rnn clip=none"), "recovered-faults");
    evidence.fault = Some(fault(Cause::GradientGrowth));
    let found = finding("recovered-faults", &evidence).expect("a warning");
    assert_eq!(found.place, Place::Effect("non-finite"));
}

/// The effect of a recommended limit on the same norms: it clips the outliers, and few other steps.
#[test]
fn recommended_limits_help() {
    for code in ["clip-missing", "clip-always", "clip-never"] {
        let case = CASES.iter().find(|case| case.code == code).expect("a case");
        let faulty = case.at("lstm", case.threshold().value * 1.04);
        let found = finding(code, &faulty).expect("a finding");
        let clip = |remedy: &Remedy| match remedy {
            Remedy::Change { settings, .. } => settings.iter().find(|setting| setting.key == "clip").cloned(),
            Remedy::Advice(_) => None,
        };
        let limit: Setting = found.remedies.iter().find_map(clip).expect("a limit");
        let flags = dialect::flags(&[limit]);
        let run = remedied(&config(&format!("cell=lstm {}", case.settings)), &flags);
        let mut changed = Evidence { facts: facts(&run), ..faulty };
        changed.clip();
        let clipped = changed.steps.iter().filter(|step| step.clipped).count();
        assert!(clipped < changed.steps.len() / 4, "{code}: {clipped} steps are clipped");
        let codes_after = codes(&changed);
        assert!(!codes_after.iter().any(|code| code.starts_with("clip-")), "{code}: {codes_after:?}");
    }
}

#[test]
fn a_run_that_learned_has_no_vanishing_gradient() {
    let mut evidence = good("cell=rnn");
    evidence.lag().total.ratio.ln_median = (0..=evidence::WINDOW).map(|lag| -2.0 * lag as f64).collect();
    assert_eq!(codes(&evidence), [""; 0]);
    // The finding does not apply either if the lag is not needed and something was learned.
    evidence.losses(0.95);
    evidence.facts.needed_lag_steps = Some(3);
    assert!(finding("vanishing-gradient", &evidence).is_none());
}

/// The gradient of all losses together says nothing: in a ragged batch only the longest row has a loss at the last step.
#[test]
fn the_gradient_of_all_losses_is_no_evidence_of_growth() {
    let mut evidence = good("cell=gru");
    evidence.probe = None;
    evidence.losses(0.8);
    for (scored, positions, log10, found) in [
        // Ragged rows; a loss at every step that grows by less than the number of the losses; nothing at the last step.
        (32, 500, 9.0, false),
        (640, 640, 3.0, false),
        (640, 640, f64::INFINITY, false),
        // A growth beyond that of all losses together, and of one loss per row.
        (640, 640, 3.3, true),
        (32, 640, 2.0, true),
        (32, 640, 1.8, false),
    ] {
        evidence.each_step(|step| (step.scored, step.log10_survival) = (scored, vec![log10]));
        evidence.each_snapshot(|snapshot| snapshot.batch.positions = positions);
        assert_eq!(finding("exploding-gradient", &evidence).is_some(), found, "{scored} {positions} {log10}");
    }
    evidence.losses(0.1);
    for rows in [0, 32] {
        evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(rows, -0.1)));
        assert_eq!(codes(&evidence), [""; 0], "{rows} rows with a gradient");
    }
}

/// Growth in a few of the snapshots, or that did no harm, is no warning.
#[test]
fn growth_of_one_loss_is_severe_if_it_lasts_and_harms() {
    let mut evidence = good("cell=rnn");
    evidence.losses(0.8);
    let mut seen = 0;
    evidence.each_snapshot(|snapshot| {
        seen += 1;
        snapshot.lag = Some(evidence::lag_snapshot(32, if seen % 5 == 0 { 0.5 } else { -0.1 }));
    });
    assert!(finding("exploding-gradient", &evidence).is_none(), "in a fifth of the snapshots");
    evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(32, 0.5)));
    let found = finding("exploding-gradient", &evidence).expect("a growth of e^9.5");
    assert_eq!(found.severity, Severity::Severe);
    assert!(found.sentence(Language::English).contains("times as large 19 steps back"), "{found:?}");
    evidence.losses(0.2);
    assert_eq!(finding("exploding-gradient", &evidence).expect("a note").severity, Severity::Note);
}

/// A gradient that reaches less than the required lag is a finding only at the baseline, and only if a lag is required.
#[test]
fn a_vanishing_gradient_needs_a_required_lag() {
    let mut evidence = good("cell=rnn");
    evidence.probe = None;
    evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(32, -1.0)));
    assert!(finding("vanishing-gradient", &evidence).is_none(), "it has learned");
    evidence.losses(1.0);
    let verdict = diagnose(&evidence);
    assert_eq!(verdict.cause().map(Finding::code), Some("vanishing-gradient"));
    let shown = dialect::command(&verdict.run, verdict.first_change().expect("settings"));
    let expected = "--cell lstm --init chrono:20 --out runs/hand-try";
    assert_eq!(shown, format!("longspan train --config runs/hand/config.toml {expected}"));
    let effects = verdict.findings[1..].iter().filter(|f| f.place == Place::Effect("vanishing-gradient"));
    assert!(effects.count() > 0, "{:?}", verdict.findings);
    evidence.facts.needed_lag_steps = None;
    assert!(finding("vanishing-gradient", &evidence).is_none(), "no lag is required");
    evidence.facts.settings.insert("init".into(), "chrono:20".into());
    assert!(finding("vanishing-gradient", &evidence).is_some(), "asked for with chrono");
}

/// Much of the gradient is left at the cut of a text, or the horizon that a probe measured is beyond it.
#[test]
fn a_cut_through_the_gradient_is_found_with_and_without_a_full_probe() {
    let mut evidence = good("cell=lstm");
    evidence.facts.carried = true;
    evidence.facts.needed_lag_steps = None;
    let probe = evidence.probe.take();
    evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(32, -0.5)));
    assert!(finding("truncation-too-short", &evidence).is_none());
    evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(32, -0.05)));
    assert!(finding("truncation-too-short", &evidence).is_some());
    // After a full probe, with a finite horizon of 12 steps at 4.
    evidence.each_snapshot(|snapshot| snapshot.lag = None);
    evidence.probe = probe;
    evidence.facts.window_steps = 4;
    let horizon = &mut evidence.lag().total.horizon;
    (horizon.at_least, horizon.high_at_least, horizon.steps) = (false, false, 12);
    assert!(finding("truncation-too-short", &evidence).is_some());
}

#[test]
fn a_run_that_has_just_started_is_not_judged_by_its_loss() {
    let mut evidence = good("cell=lstm");
    evidence.losses(1.0);
    assert!(codes(&evidence).contains(&"no-better-than-baseline".to_owned()));
    evidence.facts.planned_steps = 10 * STEPS;
    assert!(!codes(&evidence).contains(&"no-better-than-baseline".to_owned()));
    evidence.steps.truncate(5);
    let verdict = diagnose(&evidence);
    assert!(verdict.findings.is_empty());
    let steps: Vec<_> = verdict.unjudged.iter().filter(|unjudged| unjudged.needs == Needs::Steps).collect();
    assert!(steps.iter().any(|unjudged| unjudged.code() == "no-better-than-baseline"));
    let command = "longspan resume runs/hand --steps 10000";
    assert!(steps.iter().all(|unjudged| unjudged.command.as_deref() == Some(command)));
    // A run that was interrupted goes on as planned.
    evidence.facts.finished = false;
    let interrupted =
        diagnose(&evidence).unjudged.into_iter().find(|unjudged| unjudged.needs == Needs::Steps);
    let command = interrupted.expect("too few steps").command;
    assert_eq!(command.as_deref(), Some("longspan resume runs/hand"));
}

/// Losses that still fall, that fall to the baseline and stay there, that are noise, fall too slowly or rise,
/// and that fall far enough.
#[test]
fn a_loss_that_still_falls_is_not_stuck() {
    let stuck = |steps: usize, loss: &dyn Fn(f64) -> f64| {
        let mut evidence = good("cell=gru");
        evidence.steps.truncate(steps);
        evidence.valid.clear();
        evidence.facts.planned_steps = steps as u64;
        let mut t = 0.0;
        evidence.each_step(|step| {
            t += 1.0 / steps as f64;
            // Losses of batches differ by 2 %.
            step.loss = BASELINE * (loss(t) + 0.02 * (1e4 * t).sin());
        });
        codes(&evidence).contains(&"no-better-than-baseline".to_owned())
    };
    assert!(stuck(100, &|_| 1.0) && !stuck(99, &|_| 1.0), "too few steps are not judged");
    for steps in [100, 600] {
        assert!(!stuck(steps, &|t| 1.4 - 0.4 * t), "{steps} steps, falling");
        assert!(
            stuck(steps, &|t| 1.0 + 0.4 * (-20.0 * t).exp()),
            "{steps} steps, at the baseline after a fall"
        );
        assert!(stuck(steps, &|_| 1.0), "{steps} steps, noise");
        assert!(stuck(steps, &|t| 1.4 - 0.02 * t), "{steps} steps, too slow");
        assert!(stuck(steps, &|t| 1.0 + 0.4 * t), "{steps} steps, rising");
        assert!(!stuck(steps, &|t| 1.4 - 1.2 * t), "{steps} steps, learned");
    }
}

#[test]
fn missing_measurements_are_reported() {
    let mut evidence = good("cell=lstm");
    evidence.losses(1.0);
    evidence.probe = None;
    let verdict = diagnose(&evidence);
    let of = |needs: Needs| -> Vec<&str> {
        let unjudged = verdict.unjudged.iter().filter(|unjudged| unjudged.needs == needs);
        unjudged.map(|unjudged| unjudged.code()).collect()
    };
    assert_eq!(
        of(Needs::Probe),
        ["saturated-units", "stuck-gates", "chaotic-dynamics", "sensitivity-explosion"]
    );
    assert_eq!(of(Needs::Reach), ["horizon-below-need"]);
    assert!(
        verdict
            .unjudged
            .iter()
            .all(|unjudged| unjudged.command.as_deref() == Some("longspan diagnose runs/hand --probe"))
    );
    evidence.steps.iter_mut().for_each(|step| {
        *step = StepRecord { log10_survival: Vec::new(), snapshot: None, ..step.clone() };
    });
    let verdict = diagnose(&evidence);
    let norms: Vec<_> = verdict.unjudged.iter().filter(|u| u.needs == Needs::Norms).collect();
    assert!(norms.iter().any(|unjudged| unjudged.code() == "step-too-large"), "{norms:?}");
    // Without any evidence no rule reports, and none panics.
    assert!(diagnose(&Evidence::default()).findings.is_empty());
}

#[test]
fn extreme_numbers_do_not_panic() {
    let extreme = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0, 5e-324];
    for cell in CELLS {
        for x in extreme {
            for settings in ["clip=none", "clip=norm:1", "lr=0"] {
                let mut evidence = good(&format!("cell={cell} {settings}"));
                evidence.losses(x / BASELINE);
                evidence.each_step(|step| {
                    (step.log10_global_norm, step.log10_global_norm_after, step.lr) = (x, x, x);
                    step.log10_survival = vec![x; (step.step % 3) as usize];
                });
                evidence.each_snapshot(|snapshot| {
                    snapshot.log10_update_ratio = x;
                    snapshot.batch.input.iter_mut().for_each(|input| (input.rms, input.largest) = (x, x));
                });
                evidence.lag().total.ratio.ln_median.iter_mut().for_each(|ln| *ln = x);
                evidence.each_snapshot(|snapshot| snapshot.lag = Some(evidence::lag_snapshot(3, x)));
                (evidence.facts.baseline_loss, evidence.facts.lr) = (x, x);
                (evidence.facts.planned_steps, evidence.facts.window_steps) = (1, 0);
                diagnose(&evidence);
                evidence.fault = Some(fault(Cause::GradientGrowth));
                (evidence.facts.layers, evidence.facts.hidden) = (0, 0);
                diagnose(&evidence);
            }
        }
    }
}
