//! What to train, and where.

use std::path::{Path, PathBuf};

use super::{TrainError, resumed_config};
use crate::config::{Config, KEYS, Origin};
use crate::machine;
use longspan_kernel::InstructionSet;

/// What to train, and where.
#[derive(Clone, Debug)]
pub struct Job {
    /// The settings.
    pub config: Config,
    /// The run's directory.
    pub out: PathBuf,
    /// Whether to continue the run in `out`.
    pub resume: bool,
    /// The run or file whose weights the run starts with.
    pub from: Option<PathBuf>,
    /// The instruction set.
    pub level: InstructionSet,
    /// Threads.
    pub threads: usize,
}

impl Job {
    /// Prepares a run with these settings on this machine. Without `out`, the run is `runs/NAME-CELL-N`, named after its data,
    /// with the smallest N that is not taken. `resume` continues the run in `out`; the settings then change those of the run.
    ///
    /// # Errors
    /// [`TrainError`] if a setting cannot be used, or there is no run to resume.
    pub fn prepare(
        mut config: Config,
        out: Option<PathBuf>,
        resume: bool,
        from: Option<PathBuf>,
    ) -> Result<Self, TrainError> {
        absolute_paths(&mut config)?;
        let level = machine::instruction_set()?;
        let out = match out {
            Some(out) => out,
            None => {
                // The name is made from the settings, so they are checked first.
                config.check()?;
                free_name(&config)
            }
        };
        if resume {
            config = resumed_config(&out, &config)?;
        }
        let threads = machine::threads(config.run.threads);
        Ok(Self { config, out, resume, from, level, threads })
    }
}

/// Makes the paths of the settings absolute, so that the run can be resumed and evaluated from any directory.
fn absolute_paths(config: &mut Config) -> Result<(), TrainError> {
    for key in KEYS.iter().filter(|key| matches!(key.takes, "FILE" | "DIR")) {
        if let Some(path) = config.get(key.name).text() {
            let path = std::path::absolute(path).map_err(TrainError::NoDirectory)?;
            config.set(key.name, &path.to_string_lossy(), Origin::Flag)?;
        }
    }
    Ok(())
}

/// Returns runs/NAME-CELL-N with the smallest N that is not taken.
fn free_name(config: &Config) -> PathBuf {
    let file = config.data.text.as_ref().or(config.data.labelled.as_ref()).or(config.data.series.as_ref());
    let data = match (&config.data.task, file) {
        (Some(task), _) => task.to_string(),
        (None, Some(file)) => {
            // "names.csv.gz" is "names".
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.split('.').find(|part| !part.is_empty()).unwrap_or("run").to_owned()
        }
        (None, None) => "run".into(),
    };
    let name = |n: usize| Path::new("runs").join(format!("{data}-{}-{n}", config.model.cell));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
