//! The command line. Flags of `train` are made from the library's table of settings.

use clap::{Arg, ArgAction, ArgMatches, Command};
use longspan_run::config::{Config, ConfigError, KEYS, Origin, Value, flag};

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("longspan")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Trains recurrent networks on sequences and shows the gradient through time")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(demo())
        .subcommand(inspect())
        .subcommand(train())
        .subcommand(eval())
        .subcommand(predict())
        .subcommand(sample())
        .subcommand(probe())
        .subcommand(diagnose())
        .subcommand(explain())
        .subcommand(report())
        .subcommand(serve())
        .subcommand(config())
        .subcommand(ls())
        .subcommand(replay())
}

fn demo() -> Command {
    Command::new("demo")
        .about("Tell the story of gradients through time, in less than a minute: what explodes, what fades, and what helps")
        .arg(value("length", "N", "Steps between subject and verb, 6 to 200 [default: 20]"))
        .arg(value("lengths", "N,N…", "Those that all networks are compared at [default: 5,10,20,40]"))
        .arg(value("gain", "G", "Gain of the recurrent weights that explode [default: 1.6]"))
        .arg(value("limit", "C", "Clip gradients longer than this [default: 1]"))
        .arg(count("steps", "N", "Training steps of each network [default: 800]"))
        .arg(count("hidden", "H", "Units of each network [default: 64]"))
        .arg(count("seed", "N", "Start of every random number [default: 0]"))
        .arg(count("threads", "N", "Threads; 0 for one on each core"))
        .arg(lang())
        .arg(value("output", "FILE", "Page to write; - for none [default: longspan-demo.html]").short('o'))
        .arg(json("Print what was measured as one JSON document; writes no page unless -o says where"))
}

fn inspect() -> Command {
    Command::new("inspect")
        .about("Say what a file or folder holds, and the command that trains on it")
        .arg(positional("DATA", "Sequences, a series, images, music, texts; or a run, a checkpoint, weights"))
        .arg(json("Print one JSON document"))
}

fn train() -> Command {
    let defaults = Config::default();
    let mut command = Command::new("train")
        .about("Train a network on a text, labelled sequences, a series, music or a task")
        .after_help(
            "Examples:\n  longspan train --text book.txt\n  longspan train --labelled vowels.ts --labelled-test vowels-test.ts\n  \
             longspan train --series sunspots.csv --window 36 --horizon 12\n  \
             longspan train --task agreement --length 30 --cell gru --steps 1000\n  \
             longspan train --resume --out runs/book-lstm-1",
        );
    for key in KEYS {
        let default = match defaults.get(key.name) {
            Value::Absent => String::new(),
            value => format!(" [default: {value}]"),
        };
        let arg = value(&flag(key.name)[2..], key.takes, &format!("{}{default}", key.help))
            .id(key.name)
            .help_heading(key.section.title())
            .allow_negative_numbers(true);
        // A switch may stand alone: --nesterov is --nesterov true.
        let is_switch = matches!(defaults.get(key.name), Value::Flag(_));
        command = command.arg(match is_switch {
            true => arg.num_args(0..=1).default_missing_value("true").require_equals(false),
            false => arg,
        });
    }
    command
        .arg(value("config", "FILE", "Settings from a TOML file; flags go over it").help_heading("Run"))
        .arg(value("out", "DIR", "Directory of the run [default: runs/NAME-CELL-N]").help_heading("Run"))
        .arg(switch("resume", "Continue the run in --out").help_heading("Run").requires("out"))
        .arg(
            value("from", "RUN|FILE", "Begin with the weights of a run or a safetensors file")
                .help_heading("Run")
                .conflicts_with("resume"),
        )
        .arg(
            value("set", "KEY=VALUE", "Any setting by its name; may be repeated")
                .help_heading("Run")
                .action(ArgAction::Append),
        )
        .arg(json("Print the summary as one JSON document").help_heading("Run"))
}

fn eval() -> Command {
    Command::new("eval")
        .about("Say how good a run's weights are: loss, accuracy by class, or errors of forecasts, beside the naive guess")
        .arg(positional("RUN", "Directory of a run, or a checkpoint"))
        .arg(value("text", "FILE", "Text to score [default: what the run has held out]"))
        .arg(value("labelled", "FILE", "Labelled sequences or music to score"))
        .arg(value("series", "FILE", "Series to score: all its windows"))
        .arg(value("part", "NAME", "Of the run's own data: valid or test [default: test where there is one; of texts valid]"))
        .arg(count("season", "N", "Series: compare also with the forecast that all is as N rows before"))
        .arg(value("checkpoint", "NAME", "best or last [default: best]"))
        .arg(value("length", "N", "Task: how far its samples reach, or a range A..B [default: the run's]"))
        .arg(count("batch", "N", "Sequences side by side; 1 reads a text in one piece [default: the run's]"))
        .arg(count("unroll", "N", "Steps computed at once [default: the run's]"))
        .arg(count("threads", "N", "Threads; 0 for one on each core"))
        .arg(json("Print one JSON document"))
}

/// Settings of how new data are read, where that is not as the run's own were.
pub(crate) const READING: [&str; 6] =
    ["label_column", "id_column", "image_steps", "time_column", "group_column", "missing"];

fn predict() -> Command {
    let mut command = Command::new("predict")
        .about("Predict from new data: classes, forecasts, keys, or how probable each token of a text is; labels are not needed")
        .after_help(
            "A row of CSV (or a JSON object a line, with --json) is written for each sequence, each row ahead of a forecast, each \
             step of music, each token of a text.\n\n\
             With --stream a line of standard input is one step: numbers in the order of the channels the model reads, or with \
             a first line that names them; or text, whose tokens are read one after another. Every line is answered by a line at \
             once: the classes as if the sequence ended here, the forecast, the keys, or the likeliest next tokens. The state is kept from line to line, \
             without a window; a blank line begins a new sequence.\n\n\
             Examples:\n  longspan predict runs/vowels-lstm-1 --input new.ts -o classes.csv\n  \
             longspan predict runs/sunspots-lstm-1 --input sunspots.csv\n  \
             sensor | longspan predict runs/pump-gru-1 --stream --json",
        )
        .arg(positional("RUN", "Directory of a run, or a checkpoint"))
        .arg(
            value("input", "FILE", "Sequences, a series, music or a text, as the run has learned; - for standard input")
                .required_unless_present("stream"),
        )
        .arg(
            switch("stream", "Answer each line of standard input at once, the state kept")
                .conflicts_with_all(["input", "every", "batch"]),
        )
        .arg(value("output", "FILE", "Where predictions go; - for standard output [default: -]").short('o'))
        .arg(switch("every", "Series: the forecast from every window, beside what the file has"))
        .arg(value("checkpoint", "NAME", "best or last [default: best]"))
        .arg(count("batch", "N", "Sequences side by side [default: the run's]"))
        .arg(count("threads", "N", "Threads; 0 for one on each core [default: 0, of a stream 1]"))
        .arg(json("Write one JSON object a line instead of CSV"));
    for key in KEYS.iter().filter(|key| READING.contains(&key.name)) {
        let help = format!("{} [default: the run's]", key.help);
        command =
            command.arg(value(&flag(key.name)[2..], key.takes, &help).id(key.name).help_heading("Reading"));
    }
    command
}

fn sample() -> Command {
    Command::new("sample")
        .about("Let a run write text")
        .arg(positional("RUN", "Directory of a run, or a checkpoint"))
        .arg(value("checkpoint", "NAME", "best or last [default: best]"))
        .arg(value("prompt", "TEXT", "What it goes on from").allow_hyphen_values(true))
        .arg(count("length", "N", "Tokens to write [default: 500]"))
        .arg(
            value("temperature", "X", "Below 1 safer, above 1 wilder, 0 always the likeliest [default: 1]")
                .allow_negative_numbers(true),
        )
        .arg(count("top-k", "K", "Choose among the K likeliest tokens; 0 for all [default: 0]"))
        .arg(count("seed", "N", "Start of every random number [default: 0]"))
        .arg(count("threads", "N", "Threads; 0 for one on each core [default: 1]"))
        .arg(json("Print one JSON document"))
}

fn probe() -> Command {
    Command::new("probe")
        .about("Measure how far the gradient of a run's weights reaches, and what its dynamics do to it")
        .after_help(
            "Measured on what the run has held out, else on what it was trained on, or on a file; a run keeps it in probe/STEP.json, and is \
             judged at the end as `longspan diagnose` does: exit code 1 where something ruins it.\n\n\
             Examples:\n  longspan probe runs/book-lstm-1\n  longspan probe runs/book-lstm-1 --window 500 --exponents all --json",
        )
        .arg(positional("RUN", "Directory of a run, or a checkpoint"))
        .arg(value("text", "FILE", "Text to measure on"))
        .arg(value("labelled", "FILE", "Labelled sequences or music to measure on"))
        .arg(value("series", "FILE", "Series to measure on"))
        .arg(value("checkpoint", "NAME", "best or last [default: best]"))
        .arg(value("length", "N", "Task: how far its samples reach [default: the run's]"))
        .arg(count("sequences", "N", "Sequences to measure at [default: 64]"))
        .arg(count("window", "W", "Steps back that are looked at [default: as far as half of the sequences go, at most 1000]"))
        .arg(switch("f32", "Measure in f32, as the model is trained, instead of f64: faster, and blind below 1e-38"))
        .arg(value("exponents", "K", "Leading Lyapunov exponents of each layer, or all [default: 8]"))
        .arg(count("qr-every", "N", "Steps from one orthonormalisation of their directions to the next; 2 are faster [default: 1]"))
        .arg(count("seed", "N", "Start of every random number [default: 0]"))
        .arg(count("threads", "N", "Threads; 0 for one on each core"))
        .arg(json("Print one JSON document"))
}

fn diagnose() -> Command {
    Command::new("diagnose")
        .about("Say what is wrong with a run, by what it has recorded, and what to try")
        .after_help(
            "Exit code 1 where something ruins the run, else 0: a finding of lower rank does not end a script.\n\n\
             `longspan explain CODE` says what a finding means and when it is a false alarm.",
        )
        .arg(positional("RUN", "Directory of a run"))
        .arg(switch("probe", "Measure its last weights first, as `longspan probe` does, where that has not been done"))
        .arg(lang())
        .arg(json("Print one JSON document"))
}

fn explain() -> Command {
    Command::new("explain")
        .about("Say what a finding means, what it is held against, and what helps")
        .arg(Arg::new("CODE").help("Code of a finding [default: a list of all]"))
        .arg(switch("all", "Print all pages as Markdown").conflicts_with("CODE"))
        .arg(lang())
}

fn report() -> Command {
    Command::new("report")
        .about("Make a page about runs that opens offline: findings, curves, the gradient through time")
        .after_help(
            "Examples:\n  longspan report runs/book-lstm-1\n  longspan report runs/a runs/b -o comparison.html --lang zh\n  \
             longspan report runs/book-lstm-1 --format md\n  longspan report runs/a runs/b -o metrics.csv",
        )
        .arg(positional("RUN", "Directories of runs; several are compared").num_args(1..))
        .arg(
            value("output", "FILE", "Where it goes; - for standard output [default: report.html, other formats: -]")
                .short('o'),
        )
        .arg(
            value(
                "format",
                "FORMAT",
                "html, md, json (what pages are made of) or csv (the metrics) [default: by the end of FILE, else html]",
            )
            .value_parser(["html", "md", "json", "csv"]),
        )
        .arg(lang())
}

fn serve() -> Command {
    Command::new("serve")
        .about("Show the runs below a directory in a browser, as they train; reads only")
        .arg(Arg::new("DIR").help("Where runs are").default_value("runs"))
        .arg(
            value("port", "N", "Port; 0 for a free one [default: 8808]")
                .value_parser(clap::value_parser!(u16)),
        )
        .arg(
            value(
                "address",
                "IP",
                "Address to listen on, with --token where others can reach it [default: 127.0.0.1]",
            )
            .value_parser(clap::value_parser!(std::net::IpAddr)),
        )
        .arg(value("token", "TEXT", "What a browser must know: it opens http://ADDRESS:PORT/?token=TEXT"))
        .arg(lang())
}

fn config() -> Command {
    Command::new("config")
        .about("Show the settings: all defaults, or what a file makes of them")
        .arg(switch("defaults", "Print every setting with its meaning and default, as a TOML file"))
        .arg(Arg::new("FILE").help("Check a file and print the resolved settings"))
        .arg_required_else_help(true)
}

fn ls() -> Command {
    Command::new("ls")
        .about("List runs")
        .arg(Arg::new("DIR").help("Where to look").default_value("runs"))
        .arg(json("Print one JSON document"))
}

fn replay() -> Command {
    Command::new("replay")
        .about("Try the step once more that a run could not take, and name the first bad value in it")
        .after_help("Reads the run's directory alone and changes nothing. Exit code 1 where it is not the value that was recorded.")
        .arg(positional("RUN", "Directory of a run"))
        .arg(switch("fault", "The step that failed").required(true))
        .arg(count("threads", "N", "Threads; 0 for one on each core [default: 0]"))
        .arg(json("Print one JSON document"))
}

fn positional(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).help(help).required(true)
}

fn value(name: &str, takes: &'static str, help: &str) -> Arg {
    let name = name.to_owned();
    Arg::new(name.clone()).long(name).value_name(takes).help(help.to_owned())
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn lang() -> Arg {
    value("lang", "LANG", "Language: en or zh [default: en]").value_parser(["en", "zh"])
}

fn json(help: &'static str) -> Arg {
    switch("json", help)
}

fn count(name: &'static str, takes: &'static str, help: &'static str) -> Arg {
    value(name, takes, help).value_parser(clap::value_parser!(u64))
}

/// The settings of `train`: the file of --config, then --set, then the flags.
pub(crate) fn settings(matches: &ArgMatches) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    if let Some(file) = matches.get_one::<String>("config") {
        config.read(file.as_ref())?;
    }
    for pair in matches.get_many::<String>("set").into_iter().flatten() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        config.set(name.trim(), value.trim(), Origin::Flag)?;
    }
    for key in KEYS {
        if let Some(value) = matches.get_one::<String>(key.name) {
            config.set(key.name, value, Origin::Flag)?;
        }
    }
    Ok(config)
}
