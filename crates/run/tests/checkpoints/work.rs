//! What commands do with a checkpoint that was accepted.

use longspan::batch::Batch;
use longspan::model::Model;
use longspan::params::Params;
use longspan_data::schema::{Forecast, Predicts};
use longspan_data::series::{Part, Series};
use longspan_kernel::{Context, InstructionSet};
use longspan_run::assess::{assess, forecast_rows};
use longspan_run::checkpoint::Checkpoint;
use longspan_run::dataset::Dataset;

use crate::kinds::Run;

/// Evaluates, predicts and resumes. An error that says what is wrong is fine.
pub(crate) fn on(run: &Run, checkpoint: &Checkpoint, bytes: &[u8]) -> Result<(), String> {
    let header = checkpoint.require_header().map_err(|error| error.to_string())?;
    let mut config = run.config().clone();
    config.follow(&header.model);
    if let Predicts::Forecast(forecast) = &header.schema.predicts {
        (config.data.window, config.data.horizon) = (forecast.window, forecast.ahead);
    }
    let ctx = Context::<f32>::new(InstructionSet::detect(), 1);
    let mut model = Model::new(ctx.instruction_set(), &header.model);
    let mut params = Params::zeros(model.layout().clone());
    checkpoint.weights(&mut params).map_err(|error| error.to_string())?;
    model.pack(&ctx, &params);
    if let Ok(data) = Dataset::to_judge(&config, &header.schema)
        && let Some(part) = data.part(false)
    {
        let _ = assess(&ctx, &mut model, &params, &header.schema, &part, None, &|| false);
    }
    if let Some(path) = run.data() {
        match &header.schema.predicts {
            Predicts::Classes(_) | Predicts::Regression(_) => {
                let _ = Dataset::sequences(&config, path, None, &header.schema);
            }
            Predicts::Forecast(forecast) => {
                if let Ok(series) = Dataset::rows(&config, path, None, &header.schema) {
                    forecast_last(&ctx, &mut model, &params, forecast, &series);
                }
            }
            _ => {}
        }
    }
    let _ = run.resumed_from(bytes);
    Ok(())
}

/// Forecasts from the last window of the first segment, with the times of the rows ahead.
fn forecast_last(
    ctx: &Context<f32>,
    model: &mut Model<f32>,
    params: &Params<f32>,
    forecast: &Forecast,
    series: &Series,
) {
    let Some(segment) = series.segments(Part::Train).first() else { return };
    let (window, width) = (forecast.window, series.columns.len());
    let Some(start) = segment.rows.len().checked_sub(window) else { return };
    let mut batch = Batch::default();
    batch.reshape(window, 1);
    batch.numbers = series.values(segment)[start * width..].to_vec();
    let mut known = Vec::new();
    for row in segment.rows.len()..segment.rows.len() + forecast.ahead.min(1000) {
        let Some(time) = series.time(segment, row) else { break };
        let clock = series.clock().expect("rows with times");
        assert_eq!(clock.write(&time).len(), clock.columns().len());
        if forecast.ahead > forecast.horizon {
            known.extend(clock.inputs(&time));
        }
    }
    if series
        .clock()
        .is_none_or(|clock| known.len() == clock.channels() * forecast.ahead || clock.channels() == 0)
    {
        forecast_rows(ctx, model, params, forecast, &mut batch, &known, &mut Vec::new());
    }
}
