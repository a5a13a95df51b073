use crate::categorical::Categorical;
use crate::labelled::{Scaling, TargetScaling};
use crate::schema::{Forecast, Predicts, Reads, Schema, Target};

fn forecaster() -> Schema {
    let channels = ["x", "w=a", "w=b"].map(str::to_owned).to_vec();
    let categories = vec!["a".to_owned(), "b".to_owned()];
    Schema {
        reads: Reads::Numbers {
            scaling: Scaling::identity(3),
            categorical: vec![Categorical { channel: 1, categories, ..Categorical::named("w") }],
            channels,
        },
        predicts: Predicts::Forecast(Forecast {
            window: 8,
            horizon: 2,
            ahead: 2,
            targets: vec![Target { channel: 0, naive_mae: 1.0 }],
            clock: None,
        }),
    }
}

/// The field that is named after a change of what the model reads.
fn read(change: impl Fn(&mut Scaling, &mut Vec<Categorical>)) -> String {
    let mut schema = forecaster();
    let Reads::Numbers { scaling, categorical, .. } = &mut schema.reads else { unreachable!() };
    change(scaling, categorical);
    schema.check().expect_err("refused").field
}

/// The field that is named after a change of the forecast.
fn forecast(change: impl Fn(&mut Forecast)) -> String {
    let mut schema = forecaster();
    let Predicts::Forecast(forecast) = &mut schema.predicts else { unreachable!() };
    change(forecast);
    schema.check().expect_err("refused").field
}

#[test]
fn the_first_field_that_does_not_fit_is_named() {
    forecaster().check().expect("a schema");
    assert_eq!(read(|scaling, _| scaling.mean.truncate(2)), "reads.numbers.scaling.mean");
    assert_eq!(read(|scaling, _| scaling.std[2] = 0.0), "reads.numbers.scaling.std[2]");
    assert_eq!(read(|scaling, _| scaling.mean[1] = f64::NAN), "reads.numbers.scaling.mean[1]");
    assert_eq!(read(|_, columns| columns[0].channel = 2), "reads.numbers.categorical[0].channel");
    assert_eq!(read(|_, columns| columns[0].channel = usize::MAX), "reads.numbers.categorical[0].channel");
    assert_eq!(read(|_, columns| columns[0].categories.clear()), "reads.numbers.categorical[0].categories");
    assert_eq!(read(|_, columns| columns[0].column = "v".into()), "reads.numbers.categorical[0]");
    assert_eq!(forecast(|forecast| forecast.window = 0), "predicts.forecast.window");
    assert_eq!(forecast(|forecast| forecast.ahead = 1 << 62), "predicts.forecast.ahead");
    assert_eq!(forecast(|forecast| forecast.ahead = 3), "predicts.forecast.ahead");
    assert_eq!(forecast(|forecast| forecast.targets.clear()), "predicts.forecast.targets");
    let target = "predicts.forecast.targets[0]".to_owned();
    assert_eq!(forecast(|forecast| forecast.targets[0].channel = 9), target.clone() + ".channel");
    assert_eq!(forecast(|forecast| forecast.targets[0].naive_mae = f64::NAN), target + ".naive_mae");
    let zero = TargetScaling { mean: 0.0, std: 0.0 };
    let schema = Schema { predicts: Predicts::Regression(zero), ..forecaster() };
    assert_eq!(schema.check().expect_err("refused").field, "predicts.regression.std");
}
