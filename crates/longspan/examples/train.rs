//! Trains a GRU on your own arrays: is the sum of a sequence of random numbers above 0?
use longspan::prelude::*;

/// Sequences of 10 to 20 numbers, and the class of each.
fn arrays(items: std::ops::Range<u32>) -> (Vec<Vec<f32>>, Vec<u32>) {
    let number = |i: u32, t: u32| ((i * 37 + t) as f32 * 12.9898).sin() * 43758.547 % 1.0;
    let x: Vec<Vec<f32>> = items.map(|i| (0..10 + i % 11).map(|t| number(i, t)).collect()).collect();
    let y = x.iter().map(|x| u32::from(x.iter().sum::<f32>() > 0.0)).collect();
    (x, y)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let output = OutputSpec::Classes { count: 2, tied: false };
    let model = ModelSpec::new(CellKind::GRU, InputSpec::Numbers { width: 1 }, 16, 1, output);
    let part = |(x, y), order| Sequences::new(&model, Inputs::Numbers(x), Targets::Classes(y), 20, order);
    let train = part(arrays(0..500), Order::Shuffled { seed: 1 })?;
    let valid = part(arrays(500..600), Order::Once)?;

    let mut trainer = Trainer::<f32>::new(Context::detect(1), &TrainerSpec::new(model, 20));
    for epoch in 1..=8 {
        for _ in 0..train.windows() {
            trainer.step(&train, 0.01)?;
        }
        let score = trainer.evaluate(&valid);
        println!("epoch {epoch}: {:.3} nats, accuracy {:.2}", score.mean_loss(), score.accuracy());
    }
    Ok(())
}
