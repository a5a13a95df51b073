//! Measures how far back the gradient of freshly trained weights reaches.
use longspan::prelude::*;
use longspan::probe::{ProbeOptions, Watch, examine};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The class of a sequence is its first token.
    let tokens = |i: u32| (0..30).map(|t| if t == 0 { i % 2 } else { 2 + (i + t * t) % 3 }).collect();
    let input = InputSpec::Tokens { vocabulary: 5, embedding: 8 };
    let output = OutputSpec::Classes { count: 2, tied: false };
    let model = ModelSpec::new(CellKind::GRU, input, 16, 1, output);
    let (x, y) = ((0..256).map(tokens).collect(), (0..256).map(|i| i % 2).collect());
    let data =
        Sequences::new(&model, Inputs::Tokens(x), Targets::Classes(y), 16, Order::Shuffled { seed: 1 })?;
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model.clone(), 16));
    for _ in 0..100 {
        trainer.step(&data, 0.01)?;
    }

    let options = ProbeOptions::light();
    let probe = examine(trainer.context(), &model, trainer.params(), &data, &options, &mut Watch::default())?;
    println!("loss {:.4} nats after {} steps", trainer.record().loss, trainer.position().step);
    let reach = probe.reach.known().and_then(|reach| reach.lag.known()).ok_or("no lag profile")?;
    let horizon = &reach.total.horizon;
    let (most, low, high) =
        (if horizon.at_least { "at least " } else { "" }, horizon.low_steps, horizon.high_steps);
    println!("gradient horizon: {most}{} steps (95 % CI {low}–{high})", horizon.steps);
    let spectrum = probe.spectrum.known().ok_or("no Lyapunov exponents")?;
    println!("largest Lyapunov exponent: {:.3} nats per step", spectrum.exponents_nats_per_step[0]);
    Ok(())
}
