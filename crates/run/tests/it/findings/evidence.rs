//! Synthetic evidence: a good run of any cell, and ways to make it faulty.

use longspan::optim::clip::Clip;
use longspan_diagnose::{Evidence, Facts, Probed, TrainedBy};
use longspan_record::credit::{
    ActivationSummary, CreditOptions, CreditReport, Depth, GateSummary, Horizon, LagReport, LayerGates,
    Measured, Profile, Reach, Reason, Sensitivity, Spoil, UsedLag,
};
use longspan_record::spectrum::{LayerSpectrum, LyapunovOptions, LyapunovSpectrum};
use longspan_record::{
    BatchRecord, Cause, FaultRecord, InputRecord, LagSnapshot, Phase, ScoreRecord, Snapshot, StepRecord,
};
use longspan_run::config::{Config, KEYS, Origin};

/// Steps in a window.
pub(crate) const WINDOW: usize = 20;
/// The baseline loss.
pub(crate) const BASELINE: f64 = 2.0;
/// Steps taken; every tenth has a snapshot.
pub(crate) const STEPS: u64 = 1000;

/// All cells.
pub(crate) const CELLS: [&str; 6] = ["rnn", "relu", "identity", "residual", "gru", "lstm"];
/// All causes of a fault.
pub(crate) const CAUSES: [Cause; 7] = [
    Cause::BadInput,
    Cause::PaddingOnly,
    Cause::ForwardOverflow,
    Cause::GradientGrowth,
    Cause::StepTooLarge,
    Cause::OptimizerState,
    Cause::BadWeights,
];

/// The settings of a run: the defaults, changed by `settings`.
pub(crate) fn config(settings: &str) -> Config {
    let mut config = Config::default();
    let all = format!("task=adding length={WINDOW} hidden=32 steps={STEPS} {settings}");
    for setting in all.split_whitespace() {
        let (key, value) = setting.split_once('=').expect("KEY=VALUE");
        config.set(key, value, Origin::Flag).expect("a setting");
    }
    config
}

/// The facts that follow from settings.
pub(crate) fn facts(config: &Config) -> Facts {
    let settings = KEYS.iter().filter_map(|key| Some((key.name.to_owned(), config.get(key.name).text()?)));
    Facts {
        run: "runs/hand".into(),
        cell: config.get("cell").to_string(),
        layers: config.model.layers,
        hidden: config.model.hidden,
        window_steps: WINDOW,
        carried: false,
        needed_lag_steps: Some(WINDOW - 1),
        baseline_loss: BASELINE,
        baseline: "token frequencies".into(),
        channels: Vec::new(),
        clip_limit: if let Clip::Norm(limit) = config.optimizer.clip { Some(limit) } else { None },
        clips: config.optimizer.clip != Clip::None,
        lr: config.optimizer.lr,
        planned_steps: config.run.steps,
        finished: true,
        init_gain: config.model.init.gain(),
        trained_by: TrainedBy::Longspan,
        settings: settings.collect(),
    }
}

/// A run that learns, whose gradient reaches the start of the window.
pub(crate) fn good(settings: &str) -> Evidence {
    let config = config(settings);
    let loss = |step: u64| BASELINE * (0.1 + 0.9 * 0.97f64.powi(step as i32));
    let step = |step: u64| StepRecord {
        step,
        attempt: 1,
        epoch: 1,
        loss: loss(step),
        scored: 32,
        tokens: 640,
        lr: config.optimizer.lr,
        log10_global_norm: -0.3 + 0.1 * (step % 7) as f64 / 7.0,
        log10_global_norm_after: -0.3,
        log10_survival: vec![-0.5; config.model.layers],
        snapshot: step.is_multiple_of(10).then(snapshot),
        ..StepRecord::default()
    };
    let valid =
        |step: u64| ScoreRecord { step, attempt: 1, loss: loss(step), scored: 640, ..ScoreRecord::default() };
    Evidence {
        facts: facts(&config),
        steps: (1..=STEPS).map(step).collect(),
        valid: [STEPS / 2, STEPS].map(valid).into(),
        fault: None,
        recoveries: Vec::new(),
        changes: Vec::new(),
        probe: Some(Probed { reach: Some(reach(&config)), spectrum: Some(spectrum(&config)) }),
    }
}

fn snapshot() -> Snapshot {
    let input = InputRecord { mean: 0.0, rms: 1.0, largest: 3.0 };
    let batch = BatchRecord { rows: 32, positions: 640, input: Some(input), ..BatchRecord::default() };
    Snapshot { batch, log10_update_ratio: -3.0, ..Snapshot::default() }
}

/// The gradient of one loss in a batch: ln G changes by `ln_per_step` at each step, in this number of rows.
pub(crate) fn lag_snapshot(rows: usize, ln_per_step: f64) -> LagSnapshot {
    lag_snapshot_of(WINDOW, rows, ln_per_step)
}

/// The same for windows of some length.
pub(crate) fn lag_snapshot_of(window: usize, rows: usize, ln_per_step: f64) -> LagSnapshot {
    let ln: Vec<f64> = (0..window).map(|lag| ln_per_step * lag as f64).collect();
    LagSnapshot {
        rows,
        zero_gradient_rows: 32 - rows,
        lags: (0..window).collect(),
        rows_at: vec![rows; window],
        total: profile(&ln),
        ..LagSnapshot::default()
    }
}

fn profile(ln: &[f64]) -> Profile {
    let [ln_median, ln_p05, ln_p25, ln_p75, ln_p95] = [(); 5].map(|()| ln.to_vec());
    Profile { ln_median, ln_p05, ln_p25, ln_p75, ln_p95 }
}

fn reach(config: &Config) -> CreditReport {
    // 13 % of the gradient reaches the first step of the window.
    let ln: Vec<f64> = (0..=WINDOW).map(|lag| -0.1 * lag as f64).collect();
    let horizon = Horizon {
        epsilon: 0.01,
        steps: WINDOW,
        at_least: true,
        low_steps: WINDOW,
        high_steps: WINDOW,
        high_at_least: true,
        last_lag_above_steps: WINDOW,
        resamples: 1000,
    };
    let unknown = Reason::NotAsked;
    let total = Reach {
        ratio: profile(&ln),
        decay: Measured::Unknown(unknown),
        horizon,
        exponent: Measured::Unknown(unknown),
        scaled: profile(&ln),
    };
    let lag = LagReport {
        window_steps: WINDOW,
        sequences: 64,
        samples: 64,
        zero_gradient_anchors: 0,
        lags: (0..ln.len()).collect(),
        total,
        layers: Vec::new(),
        depth: Depth { ln_layer_ratio: vec![0.0; config.model.layers], ln_input_ratio: 0.0 },
    };
    let gate = |name: &str| GateSummary {
        gate: name.into(),
        mean_openness: 0.5,
        closed_share: 0.1,
        open_share: 0.1,
        unit_mean_openness: Vec::new(),
    };
    let activation =
        |name: &str| ActivationSummary { activation: name.into(), saturated_share: 0.1, saturated_units: 0 };
    let (gates, activations): (&[&str], &[&str]) = match facts(config).cell.as_str() {
        "lstm" => (&["i", "f", "o"], &["g"]),
        "gru" => (&["r", "z"], &["n"]),
        "identity" => (&[], &[]),
        _ => (&[], &["h"]),
    };
    let layer = |layer| LayerGates {
        layer,
        positions: 640,
        gates: match gates.is_empty() {
            true => Measured::Unknown(Reason::NoGates),
            false => Measured::Known(gates.iter().map(|name| gate(name)).collect()),
        },
        activations: match activations.is_empty() {
            true => Measured::Unknown(Reason::NothingSaturates),
            false => Measured::Known(activations.iter().map(|name| activation(name)).collect()),
        },
        forgetting: Measured::Unknown(unknown),
        hidden_unit_rms: Vec::new(),
        cell_unit_rms: Measured::Unknown(unknown),
    };
    let used_lag = UsedLag {
        spoil: Spoil::Shuffle,
        eta: 0.01,
        mean_loss: 0.2,
        sequences: 64,
        used_lag_steps: Measured::Known(5),
        lags: Vec::new(),
    };
    CreditReport {
        number_type: "F64".into(),
        options: CreditOptions::default(),
        sequences_read: 64,
        lag: Measured::Known(lag),
        gates: (0..config.model.layers).map(layer).collect(),
        encoder_gates: Vec::new(),
        truncation: Measured::Unknown(unknown),
        sensitivity: Measured::Known(vec![Sensitivity {
            steps: WINDOW,
            recurrent_rms: 10.0,
            stack_rms: 20.0,
        }]),
        used_lag: Measured::Known(used_lag),
    }
}

fn spectrum(config: &Config) -> LyapunovSpectrum {
    let layer = |layer| LayerSpectrum {
        layer,
        state_dimensions: config.model.hidden,
        exponents_nats_per_step: vec![-0.05],
        standard_errors_nats_per_step: vec![Some(0.01)],
        kaplan_yorke_dimensions: None,
    };
    LyapunovSpectrum {
        options: LyapunovOptions::default(),
        trajectories: 8,
        steps: 100,
        layers: (0..config.model.layers).map(layer).collect(),
        exponents_nats_per_step: vec![-0.05; config.model.layers],
        kaplan_yorke_dimensions: None,
    }
}

/// A failed step.
pub(crate) fn fault(cause: Cause) -> FaultRecord {
    FaultRecord {
        step: STEPS + 1,
        epoch: 1,
        loss: f64::NAN,
        log10_global_norm: f64::NAN,
        lr: 2e-3,
        direction: None,
        encoder: false,
        evidence: longspan_record::FaultEvidence::default(),
        phase: Phase::Forward,
        layer: Some(0),
        t: Some(3),
        tensor: "h".into(),
        row: Some(1),
        unit: Some(2),
        value: f64::INFINITY,
        cause,
        before: Vec::new(),
    }
}

/// Ways to make a run faulty.
pub(crate) trait MakeFaulty {
    /// Sets the loss of all steps and validations, relative to the baseline.
    fn losses(&mut self, over_baseline: f64);
    /// Changes each step.
    fn each_step(&mut self, change: impl FnMut(&mut StepRecord));
    /// Changes each snapshot.
    fn each_snapshot(&mut self, change: impl FnMut(&mut Snapshot));
    /// The probe.
    fn probe(&mut self) -> &mut CreditReport;
    /// Its lag profile.
    fn lag(&mut self) -> &mut LagReport;
    /// Marks the steps that the limit of the run clips.
    fn clip(&mut self);
}

impl MakeFaulty for Evidence {
    fn losses(&mut self, over_baseline: f64) {
        self.each_step(|step| step.loss = over_baseline * BASELINE);
        self.valid.iter_mut().for_each(|score| score.loss = over_baseline * BASELINE);
    }

    fn each_step(&mut self, change: impl FnMut(&mut StepRecord)) {
        self.steps.iter_mut().for_each(change);
    }

    fn each_snapshot(&mut self, change: impl FnMut(&mut Snapshot)) {
        self.steps.iter_mut().filter_map(|step| step.snapshot.as_mut()).for_each(change);
    }

    fn probe(&mut self) -> &mut CreditReport {
        self.probe.as_mut().and_then(|probe| probe.reach.as_mut()).expect("a probe")
    }

    fn lag(&mut self) -> &mut LagReport {
        match &mut self.probe().lag {
            Measured::Known(lag) => lag,
            Measured::Unknown(_) => panic!("no lag profile"),
        }
    }

    fn clip(&mut self) {
        let limit = self.facts.clip_limit.unwrap_or(f64::INFINITY);
        self.each_step(|step| step.clipped = step.log10_global_norm > limit.log10());
    }
}
