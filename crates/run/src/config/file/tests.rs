use super::*;

/// A configuration that version 1 wrote into a run directory: every setting at the top level.
const FLAT: &str = include_str!("version-1.toml");

fn parsed(text: &str) -> Result<Config, String> {
    let mut config = Config::default();
    config.parse(Path::new("run.toml"), text).map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn a_written_file_reads_back_to_the_same_settings() {
    let text = "text = 'a \"b\".txt'\ncell = \"gru\"\nhidden = 1_000\nlr = 0.1\nschedule = \"step:3:0.25\"\n\
                clip = \"value:5\"\ntie_weights = true\neps = 1e-6\ninit = \"gaussian:0.5\"\n\
                bptt_memory = \"65536KiB\"\n";
    let config = parsed(text).unwrap();
    assert_eq!((config.model.hidden, config.optimizer.lr, config.model.tie_weights), (1000, 0.1, true));
    assert!(config.to_toml(false).contains("bptt_memory = \"64MiB\"\n"));
    for explained in [false, true] {
        let again = parsed(&config.to_toml(explained)).unwrap();
        assert!(config.differences(&again).is_empty());
        assert!(!Config::default().differences(&again).is_empty());
    }
}

#[test]
fn a_file_has_a_table_for_each_section() {
    let text = parsed("text = 'book.txt'\noptimizer = 'sgd'\nseed = 3\n").unwrap().to_toml(false);
    let tables: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(tables, ["[data]", "[model]", "[optimizer]", "[run]"]);
    assert!(text.starts_with("schema = 2\n\n[data]\ntext = \"book.txt\"\n"), "{text}");
    let of = |table: &str, line: &str| {
        let rest = &text[text.find(&format!("[{table}]\n")).unwrap()..];
        rest[1..].split("\n[").next().unwrap().contains(&format!("\n{line}\n"))
    };
    assert!(of("optimizer", "optimizer = \"sgd\"") && of("run", "seed = 3") && of("model", "hidden = 128"));
    for key in KEYS {
        assert!(text.matches(&format!("\n{} = ", key.name)).count() <= 1, "{}", key.name);
    }
}

#[test]
fn keys_may_be_in_tables_or_at_the_top_level() {
    let flat = parsed("text = 'a.txt'\noptimizer = 'sgd'\nlr = 0.5\nsteps = 7\n").unwrap();
    for text in [
        "schema = 2\n[data]\ntext = 'a.txt'\n[optimizer]\noptimizer = 'sgd'\nlr = 0.5\n[run]\nsteps = 7\n",
        "text = 'a.txt'\nsteps = 7\n[optimizer]\noptimizer = 'sgd'\nlr = 0.5\n",
        "data.text = 'a.txt'\noptimizer.optimizer = 'sgd'\noptimizer.lr = 0.5\nrun.steps = 7\n",
        "optimizer = { optimizer = 'sgd', lr = 0.5 }\nsteps = 7\ntext = 'a.txt'\n[model]\n",
    ] {
        let config = parsed(text).unwrap();
        assert!(flat.differences(&config).is_empty(), "{text}");
        assert!(config.is_given("lr") && !config.is_given("momentum"));
    }
}

#[test]
fn a_file_of_version_1_gives_the_same_settings() {
    let config = parsed(FLAT).unwrap();
    assert!(FLAT.starts_with("schema = 1\n") && !FLAT.contains("\n["));
    for (key, value) in [
        ("series", "/data/series.csv"),
        ("text", "(none)"),
        ("columns", "load,wind"),
        ("target", "load"),
        ("time_column", "time"),
        ("window", "15"),
        ("missing", "interpolate"),
        ("cell", "gru"),
        ("hidden", "24"),
        ("batch", "8"),
        ("steps", "12"),
        ("seed", "7"),
        ("optimizer", "adam"),
        ("lr", "0.002"),
        ("eps", "(none)"),
        ("checkpoint_every", "100000.0"),
        ("observe", "full"),
        ("no_probe", "true"),
    ] {
        assert_eq!(config.get(key).to_string(), value, "{key}");
    }
    // All settings of the version 1 file, one by one.
    for line in FLAT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1) {
        let (key, value) = line.split_once(" = ").unwrap();
        assert_eq!(config.get(key).to_string(), value.trim_matches('"'), "{key}");
        assert!(config.is_given(key));
    }
    let again = parsed(&config.to_toml(false)).unwrap();
    assert!(config.differences(&again).is_empty());
}

#[test]
fn errors_name_the_file_the_line_and_the_nearest_key() {
    for (text, message) in [
        ("schema = 1\nhiden = 3\n", "run.toml, line 2: there is no setting \"hiden\": did you mean hidden?"),
        ("\n\nbatch = -3\n", "run.toml, line 3: batch = -3: needs a whole number, 0 or more"),
        ("[data]\n\nbatch = -3\n", "run.toml, line 3: batch = -3: needs a whole number, 0 or more"),
        (
            "bptt_memory = -1\n",
            "run.toml, line 1: bptt_memory = -1: needs a whole number of bytes, or one with a unit",
        ),
        ("cell = \"lsmt\"", "line 1: cell = lsmt: there is no such cell: did you mean lstm?"),
        ("schema = 3\n", "run.toml has schema = 3, but this version reads schema = 1 and 2"),
        ("schema = 0\n", "run.toml has schema = 0, but this version reads schema = 1 and 2"),
        (
            "lr = [1]\n",
            "run.toml, line 1: lr needs a number, true, false or a string, but has the type array",
        ),
        ("a = 1\nlr = = 2\n", "run.toml, line 2: "),
        ("[model]\nlr = 1\n", "run.toml, line 2: lr belongs to [optimizer], not to [model]: move it there"),
        (
            "[training]\nlr = 1\n",
            "run.toml, line 1: unknown section [training]: choose one of [data], [model], [optimizer], [run]",
        ),
        ("lr = 1\n[optimizer]\nlr = 2\n", "run.toml, line 3: lr is set twice, first in line 1"),
        ("optimizer = \"sgd\"\n[optimizer]\nlr = 2\n", "run.toml, line 2: "),
        ("[data.text]\nfile = 1\n", "text needs a number, true, false or a string, but has the type table"),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
