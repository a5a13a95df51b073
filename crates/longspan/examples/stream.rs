//! Forecasts a sine step by step: the state is kept, and no step is computed twice.
use longspan::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sine = |t: usize| (t as f32 * 0.3).sin();
    let output = OutputSpec::Values { width: 1, loss: ValueLoss::Squared };
    let model = ModelSpec::new(CellKind::LSTM, InputSpec::Numbers { width: 1 }, 16, 1, output);

    // Each step's target is the next number of the sequence.
    let sequence = |first: usize| (first..first + 40).map(sine).collect::<Vec<f32>>();
    let x = Inputs::Numbers((0..64).map(sequence).collect());
    let y = Targets::ValuesByStep((1..65).map(sequence).collect());
    let data = Sequences::new(&model, x, y, 16, Order::Shuffled { seed: 1 })?;
    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model.clone(), 16));
    for _ in 0..300 {
        trainer.step(&data, 0.01)?;
    }

    // One row of numbers that arrive one at a time.
    let (ctx, params) = (trainer.context(), trainer.params());
    let mut model = Model::<f32>::new(ctx.instruction_set(), &model);
    model.pack(ctx, params);
    let (mut steps, mut next) = (model.steps(params, 1), [0.0]);
    for t in 100..140 {
        model.step(ctx, params, StepInput::Numbers(&[sine(t)]), &mut steps, &mut next);
        println!("read {:+.3}, forecast {:+.3}, then came {:+.3}", sine(t), next[0], sine(t + 1));
    }
    Ok(())
}
