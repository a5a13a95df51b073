//! Short runs on data of every kind.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use longspan_kernel::InstructionSet;
use longspan_run::config::{Config, Origin};
use longspan_run::directory::checkpoint_path;
use longspan_run::train::{Job, TrainError, train};

/// The setting of a file, its name and its content.
type File = (&'static str, &'static str, fn() -> String);

/// A kind of run.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    file: Option<File>,
    settings: &'static str,
}

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "text",
        file: Some(("text", "text.txt", text)),
        settings: "cell=lstm layers=2 unroll=8 dropout=0.1 schedule=plateau:1:0.5 eval_every=2 tie_weights=true",
    },
    Kind {
        name: "series",
        file: Some(("series", "series.csv", series)),
        settings: "cell=gru window=8 horizon=3 group_column=store categorical=sky calendar=hour,weekday test_fraction=0.2",
    },
    Kind {
        name: "recursive",
        file: Some(("series", "series.csv", series)),
        settings: "cell=rnn window=6 horizon=3 recursive=true columns=x,y calendar=month pool=mean optimizer=sgd momentum=0.5",
    },
    Kind {
        name: "labelled",
        file: Some(("labelled", "classes.ts", || labelled("a", "b"))),
        settings: "cell=lstm peepholes=true bidirectional=true layers=2 layer_residual=true layer_norm=true learn_state=true",
    },
    Kind {
        name: "targets",
        file: Some(("labelled", "targets.ts", || labelled("1.5", "2.5"))),
        settings: "cell=residual residual_learned=true residual_step=0.5 pool=mean optimizer=adagrad",
    },
    Kind {
        name: "encoder",
        file: None,
        settings: "cell=lstm coupled=true task=reversal length=5 encoder_decoder=true optimizer=rmsprop",
    },
    Kind {
        name: "words",
        file: Some(("text", "text.txt", text)),
        settings: "cell=relu unroll=4 level=word embedding=3 optimizer=adamw",
    },
    Kind { name: "task", file: None, settings: "task=adding length=9 cell=identity" },
];

fn text() -> String {
    "The cat, which the dogs saw, was full.\nThe cats were not.\n".repeat(20)
}

/// Two groups, hour by hour, with a column of categories.
fn series() -> String {
    let mut table = String::from("time,store,x,sky,y\n");
    for row in 0..40 {
        let sky = ["sun", "rain", "fog"][row % 3];
        for store in ["north", "south"] {
            let (day, hour) = (1 + row / 24, row % 24);
            let x = (row as f64 * 0.7).sin() + if store == "north" { 3.0 } else { 0.0 };
            writeln!(table, "2024-03-{day:02} {hour:02}:00:00,{store},{x:.3},{sky},{}", row % 7)
                .expect("memory");
        }
    }
    table
}

fn labelled(a: &str, b: &str) -> String {
    let head = if a.parse::<f64>().is_ok() {
        "@targetlabel true".into()
    } else {
        format!("@classLabel true {a} {b}")
    };
    let mut file = format!("{head}\n@data\n");
    for row in 0..24 {
        let steps = |k: usize| {
            (0..5 + row % 3).map(|t| format!("{}", (t * k + row) % 5)).collect::<Vec<_>>().join(",")
        };
        writeln!(file, "{}:{}:{}", steps(2), steps(3), if row % 2 == 0 { a } else { b }).expect("memory");
    }
    file
}

/// A run that has ended.
pub(crate) struct Run {
    job: Job,
}

impl Kind {
    /// Trains a run of this kind in a directory of its own in `dir`.
    pub(crate) fn train(&self, dir: &Path) -> Run {
        let mut config = Config::default();
        let mut set = |name: &str, value: &str| config.set(name, value, Origin::Flag).expect("a setting");
        for pair in
            "hidden=4 batch=4 steps=6 valid_fraction=0.3 threads=1 no_probe=true observe=off".split(' ')
        {
            let (name, value) = pair.split_once('=').expect("a pair");
            if !(name == "valid_fraction" && self.file.is_none()) {
                set(name, value);
            }
        }
        for pair in self.settings.split(' ') {
            let (name, value) = pair.split_once('=').expect("a pair");
            set(name, value);
        }
        if let Some((key, file, content)) = self.file {
            let path = dir.join(format!("{}-{file}", self.name));
            std::fs::write(&path, content()).expect("a temporary directory takes files");
            set(key, &path.display().to_string());
        }
        let job = Job {
            config,
            out: dir.join(self.name),
            resume: false,
            from: None,
            level: InstructionSet::detect(),
            threads: 1,
        };
        train(&job, &AtomicBool::new(false), &mut |_| {})
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        Run { job }
    }
}

impl Run {
    pub(crate) fn config(&self) -> &Config {
        &self.job.config
    }

    /// The file of its data.
    pub(crate) fn data(&self) -> Option<&PathBuf> {
        let data = &self.job.config.data;
        data.text.as_ref().or(data.labelled.as_ref()).or(data.series.as_ref())
    }

    /// The last checkpoint.
    pub(crate) fn last(&self) -> PathBuf {
        checkpoint_path(&self.job.out, "last")
    }

    /// Resumes it for two steps from this checkpoint instead of its own, and restores what it has changed.
    pub(crate) fn resumed_from(&self, checkpoint: &[u8]) -> Result<Vec<u8>, TrainError> {
        let files = [self.last(), self.job.out.join("metrics.jsonl")];
        let own = files.each_ref().map(|file| std::fs::read(file).expect("a file"));
        let write = |file: &Path, bytes: &[u8]| {
            std::fs::write(file, bytes).expect("a temporary directory takes files")
        };
        write(&files[0], checkpoint);
        let mut job = Job { resume: true, ..self.job.clone() };
        job.config.set("steps", "8", Origin::Flag).expect("a setting");
        let trained = train(&job, &AtomicBool::new(false), &mut |_| {});
        let after = std::fs::read(&files[0]).expect("a checkpoint");
        files.iter().zip(own).for_each(|(file, bytes)| write(file, &bytes));
        trained.map(|_| after)
    }
}
