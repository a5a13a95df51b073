//! Threads, shared by everything that Python calls.

use std::sync::{Arc, Mutex, OnceLock};

use longspan::cell::Real;
use longspan_kernel::{Context, InstructionSet};

/// A number type that layers can have.
pub(crate) trait Number: Real + numpy::Element {
    /// The context of the process for this type and this number of threads.
    fn context(threads: usize) -> Arc<Context<Self>>;
}

macro_rules! number {
    ($($real:ty),+) => {$(
        impl Number for $real {
            fn context(threads: usize) -> Arc<Context<Self>> {
                static CONTEXT: OnceLock<Mutex<Option<Arc<Context<$real>>>>> = OnceLock::new();
                let mut context = CONTEXT.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                match &*context {
                    Some(context) if context.threads() == threads => Arc::clone(context),
                    // The old one ends when the last pass that uses it does.
                    _ => Arc::clone(context.insert(Arc::new(Context::new(InstructionSet::detect(), threads)))),
                }
            }
        }
    )+};
}

number!(f32, f64);
