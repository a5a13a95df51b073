//! What to try after a fault: flags with values, none that the run has already.

use crate::cell::CellKind;
use crate::clip::Clip;
use crate::config::{ClassWeights, Config};
use crate::init::Init;
use crate::telemetry::{Cause, FaultRecord};

/// A rate as small as this is not what to make smaller.
const SMALL_RATE: f64 = 1e-5;

/// What to try, the likeliest first.
pub fn ways_out(fault: &FaultRecord, config: &Config) -> Vec<String> {
    let mut ways = Vec::new();
    let clip = config.clip == Clip::None;
    let rate = config.lr >= SMALL_RATE;
    let lower = || {
        let usual = Config::default().lr;
        // With no more digits than it needs; from above all rates that work, straight to the usual one.
        let tenth = format!("{:.1e}", config.lr / 10.0).parse::<f64>().unwrap_or(usual);
        format!("--lr {}", if config.lr > 1.0 { usual } else { tenth })
    };
    let unbounded = match config.cell_kind() {
        CellKind::Relu | CellKind::Identity | CellKind::Residual { .. } => Some("--cell gru"),
        CellKind::Rnn | CellKind::Gru { .. } | CellKind::Lstm { .. } => None,
    };
    let large = matches!(config.init, Init::Gaussian { gain } | Init::Orthogonal { gain } if gain > 1.0);
    match fault.cause {
        Cause::BadInput => {
            ways.push("correct the value in the data, or leave its row out".into());
        }
        Cause::PaddingOnly => {
            if config.class_weights == ClassWeights::Balanced {
                ways.push("--class-weights none".into());
            }
            ways.push("leave out the rows that ask for nothing".into());
        }
        Cause::StepTooLarge => {
            if rate {
                ways.push(lower());
            }
            if clip {
                ways.push("--clip norm:1".into());
            }
        }
        Cause::ForwardOverflow => {
            if large {
                ways.push("--init orthogonal".into());
            }
            ways.extend(unbounded.map(|cell| format!("{cell}, whose states stay bounded")));
            if clip {
                ways.push("--clip norm:1".into());
            }
            if rate {
                ways.push(lower());
            }
        }
        Cause::GradientGrowth => {
            if clip {
                ways.push("--clip norm:1".into());
            }
            if large {
                ways.push("--init orthogonal".into());
            }
            let unrolled = config.text.is_some() && config.unroll > 16;
            if unrolled {
                ways.push(format!("--unroll {}", config.unroll / 2));
            }
            if matches!(config.cell_kind(), CellKind::Rnn | CellKind::Relu | CellKind::Identity) {
                ways.push("--cell gru, which keeps a gradient in bounds".into());
            }
            if rate && fault.step > 1 {
                ways.push(lower());
            }
        }
        Cause::OptimizerState => ways.push("begin with the weights alone: --from the run".into()),
        Cause::BadWeights => {
            ways.push("begin with other weights: another checkpoint for --from, or none".into())
        }
    }
    ways
}
