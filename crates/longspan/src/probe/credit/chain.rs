//! Whether the states of a model form one chain, along which lags can be counted.

use longspan_record::credit::Reason;

use crate::model::ModelSpec;

/// Returns the reason why they do not.
pub(crate) fn no_chain(spec: &ModelSpec) -> Option<Reason> {
    match spec {
        ModelSpec { bidirectional: true, .. } => Some(Reason::BothWays),
        ModelSpec { encoder: Some(_), .. } => Some(Reason::Encoder),
        _ => None,
    }
}
