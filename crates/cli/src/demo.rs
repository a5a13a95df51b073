//! The tour of gradients through time: seven acts. Every number in them is measured in this run.

mod act;
mod chart;
mod clipping;
mod network;
mod options;
mod page;
mod reading;
mod stage;
mod text;
mod tour;

use longspan::optim::clip::Clip;
use longspan::probe::credit::{Watch, widen};
use longspan::probe::{ProbeOptions, examine};
use longspan_data::task::EVALUATION_OFFSET;
use longspan_data::task::agreement::Agreement;
use longspan_diagnose::Language;
use longspan_kernel::Context;
use longspan_record::credit::CreditOptions;

use act::Act;
use clipping::direction;
use network::{Architecture, Learned, config, explosive, train};
use reading::read;
use stage::Stage;
use tour::{Course, Network, PROBED, Reach, Row, Sentence, Unrolled};

pub(crate) use options::{DISTANCES, GAINS, Options};
pub(crate) use page::page;
pub(crate) use stage::Stopped;
pub(crate) use tour::Tour;

use crate::failure::Failure;
use crate::stop::Stop;

/// The number of sentences over which means are taken.
const SENTENCES: usize = 64;
/// The number of sentences that are shown with the predictions of a network.
const EXAMPLES: u64 = 3;
/// Training steps of acts 2 and 3, in which the gradient explodes or is clipped.
const EXPLOSIVE_STEPS: u64 = 100;

/// Measures the acts.
struct Runner<'a> {
    ctx: &'a Context<f32>,
    options: &'a Options,
    stop: &'a Stop,
    stage: Stage<'a>,
    /// The sentence that is shown.
    one: Agreement,
    /// [`SENTENCES`] others.
    many: Agreement,
}

/// Shows an act: its texts, and a function that draws its chart.
type Show<'a> = dyn FnMut(&Act, &dyn Fn(Language) -> String) -> Result<(), Failure> + 'a;

/// Measures one act after the other, and calls `show` after each.
///
/// # Errors
/// [`Stopped`] if a signal comes or something fails, also in `show`.
pub(crate) fn perform(
    ctx: &Context<f32>,
    options: &Options,
    stop: &Stop,
    show: &mut Show<'_>,
) -> Result<Tour, Stopped> {
    let others: Vec<usize> = options.distances.iter().copied().filter(|&d| d != options.distance).collect();
    // The words that are read, as the unit of progress: five networks at the first distance, four at each other one.
    let words = |distance: usize| distance as u64 + 2;
    let all = 5 * words(options.distance) + 4 * others.iter().map(|&d| words(d)).sum::<u64>();
    let all = options.steps * all + 2 * EXPLOSIVE_STEPS * words(options.distance);
    let (sentence, one) = Sentence::about_a_cat(options)?;
    let many = Agreement::new(options.distance, SENTENCES, options.seed, 1, EVALUATION_OFFSET);
    let many = many.map_err(Failure::from)?;
    let mut runner = Runner { ctx, options, stop, stage: Stage::new(stop, all), one, many };
    let mut acts = Vec::new();
    let mut show = |stage: &Stage<'_>, act: Act, chart: &dyn Fn(Language) -> String| {
        stage.aside(|| show(&act, chart))?;
        acts.push(act);
        Ok::<(), Stopped>(())
    };

    let unrolled = runner.unrolled()?;
    show(&runner.stage, text::unrolled(&sentence, &unrolled), &|lang| {
        chart::unrolled(lang, &sentence, &unrolled)
    })?;

    let explosion = runner.course(Clip::None)?;
    show(&runner.stage, text::explosion(options, &sentence, &explosion), &|lang| {
        chart::course(lang, &explosion)
    })?;

    let clipped = runner.course(Clip::Norm(options.limit))?;
    let direction = direction(ctx, &explosive(options, Clip::None), options.limit)?;
    show(&runner.stage, text::clipping(options, &clipped, &direction), &|lang| {
        chart::course(lang, &clipped)
    })?;

    let (plain, _) = runner.network(Architecture::Rnn, Clip::None)?;
    let (rnn, rnn_row) = runner.network(Architecture::Rnn, Clip::Norm(options.limit))?;
    let examples: Vec<String> = (0..EXAMPLES).map(|i| runner.many.sentence(EVALUATION_OFFSET + i)).collect();
    show(&runner.stage, text::vanishing(options, &sentence, &plain, &rnn), &|lang| {
        chart::strengths(lang, &sentence, &[&plain, &rnn]) + &chart::examples(lang, &examples, &rnn)
    })?;

    let (residual, residual_row) = runner.network(Architecture::Residual, Clip::Norm(options.limit))?;
    show(&runner.stage, text::residual(&sentence, &rnn, &residual, &residual_row), &|lang| {
        chart::strengths(lang, &sentence, &[&rnn, &residual])
    })?;

    let (gru, gru_row) = runner.network(Architecture::Gru, Clip::Norm(options.limit))?;
    let (lstm, lstm_row) = runner.network(Architecture::Lstm, Clip::Norm(options.limit))?;
    show(&runner.stage, text::gates(options, &sentence, &residual, &gru, &lstm), &|lang| {
        chart::gates(lang, &sentence, &lstm) + &chart::examples(lang, &examples, &lstm)
    })?;

    let mut table = vec![rnn_row, residual_row, gru_row, lstm_row];
    for (architecture, row) in Architecture::ALL.into_iter().zip(&mut table) {
        for &distance in &others {
            runner.stage.begin(architecture.name(), distance + 2);
            let config = config(options, architecture, distance, Clip::Norm(options.limit));
            let learned = train(ctx, &config, options.steps, &mut runner.stage)?;
            row.right.extend(learned.right.map(|(right, _)| (distance, right)));
        }
        row.right.sort_by_key(|&(distance, _)| distance);
    }
    show(&runner.stage, text::table(options, &table), &|lang| chart::table(lang, options, &table))?;
    runner.stage.finish();
    Ok(Tour {
        version: env!("CARGO_PKG_VERSION"),
        options: options.clone(),
        sentence,
        examples,
        unrolled,
        explosion,
        clipped,
        direction,
        networks: vec![plain, rnn, residual, gru, lstm],
        table,
        acts,
    })
}

impl Runner<'_> {
    /// Act 1: reads the sentence with an untrained network.
    fn unrolled(&mut self) -> Result<Unrolled, Stopped> {
        let config = config(self.options, Architecture::Rnn, self.options.distance, Clip::None);
        let fresh = train(self.ctx, &config, 0, &mut self.stage)?;
        let reading = read(self.ctx, &fresh.spec, &fresh.params, &self.one);
        Ok(Unrolled { shared_weights: self.options.hidden.pow(2), reading })
    }

    /// Acts 2 and 3: trains the network whose gradient explodes.
    fn course(&mut self, clip: Clip) -> Result<Course, Stopped> {
        self.stage.begin("relu", self.options.distance + 2);
        let config = explosive(self.options, clip);
        Ok(Course::of(train(self.ctx, &config, EXPLOSIVE_STEPS, &mut self.stage)?))
    }

    /// Acts 4 to 6: trains a network. Its row of the table lacks the accuracy at the other distances.
    fn network(&mut self, architecture: Architecture, clip: Clip) -> Result<(Network, Row), Stopped> {
        let Self { ctx, options, .. } = *self;
        self.stage.begin(architecture.name(), options.distance + 2);
        let config = config(options, architecture, options.distance, clip);
        let fresh = train(ctx, &config, 0, &mut self.stage)?;
        let learned = train(ctx, &config, options.steps, &mut self.stage)?;
        let row = Row {
            name: architecture.name(),
            parameters: learned.params.layout().parameters(),
            step_ms: learned.step_ms,
            before: self.reach(&fresh)?,
            after: self.reach(&learned)?,
            right: learned.right.map(|(right, _)| (options.distance, right)).into_iter().collect(),
        };
        let network = Network {
            name: architecture.name(),
            clip: config.optimizer.clip.to_string(),
            right: learned.right.map(|(right, _)| right),
            sentences: learned.right.map_or(0, |(_, sentences)| sentences),
            reading: read(ctx, &learned.spec, &learned.params, &self.one),
            readings: read(ctx, &learned.spec, &learned.params, &self.many),
            log10_strength: learned.strength,
        };
        Ok((network, row))
    }

    /// Probes weights on sentences [`PROBED`] times as long as those of training.
    fn reach(&self, learned: &Learned) -> Result<Reach, Stopped> {
        let Self { ctx, options, .. } = *self;
        let distance = PROBED * options.distance;
        let task = Agreement::new(distance, SENTENCES, options.seed, 1, EVALUATION_OFFSET);
        let reach = CreditOptions {
            seed: options.seed,
            sequences: SENTENCES,
            truncations: Vec::new(),
            sensitivity_sequences: 0,
            used: false,
            ..CreditOptions::default()
        };
        let probe = ProbeOptions { reach, exponents: Some(1), products: false, ..ProbeOptions::default() };
        let record = examine(
            &Context::<f64>::new(ctx.instruction_set(), ctx.threads()),
            &learned.spec,
            &widen(&learned.params),
            &task.map_err(Failure::from)?,
            &probe,
            &mut Watch { progress: &mut |_, _, _| {}, cancelled: &|| self.stop.came(), late: &|| false },
        )?;
        let lag = record.reach.known().and_then(|reach| reach.lag.known());
        let exponents = record.spectrum.known().map(|spectrum| &spectrum.exponents_nats_per_step);
        Ok(Reach {
            horizon: lag.map(|lag| lag.total.horizon.clone()),
            factor_per_step: lag.and_then(|lag| Some(lag.total.decay.known()?.factor_per_step)),
            lambda_nats_per_step: exponents.and_then(|exponents| exponents.first().copied()),
        })
    }
}
