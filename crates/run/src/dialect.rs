//! The settings of a remedy as flags of `longspan train` and as lines of a configuration file.

use longspan_diagnose::Setting;

use crate::config::flag;

/// Settings as flags of `longspan train`: `--cell lstm --forget-bias 3`.
pub fn flags(settings: &[Setting]) -> String {
    let flags: Vec<_> = settings.iter().map(|s| format!("{} {}", flag(s.key), s.value)).collect();
    flags.join(" ")
}

/// Settings as lines of a configuration file: `cell = "lstm"`, `forget_bias = 3`.
pub fn toml(settings: &[Setting]) -> String {
    let lines: Vec<_> = settings.iter().map(|s| format!("{} = {}", s.key, literal(&s.value))).collect();
    lines.join("\n")
}

/// A value in TOML: numbers, true and false as they are, everything else in quotes.
fn literal(value: &str) -> String {
    let bare = value.parse::<bool>().is_ok() || value.parse::<f64>().is_ok_and(f64::is_finite);
    if bare { value.to_owned() } else { ::toml::Value::String(value.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::test_dir::TestDir;

    #[test]
    fn both_forms_set_the_same() {
        let setting = |key, value: &str| Setting { key, value: value.into() };
        let settings = [
            setting("cell", "lstm"),
            setting("forget_bias", "3"),
            setting("lr", "5e-4"),
            setting("layer_norm", "true"),
            setting("clip", "norm:0.5"),
        ];
        assert_eq!(
            flags(&settings),
            "--cell lstm --forget-bias 3 --lr 5e-4 --layer-norm true --clip norm:0.5"
        );
        let directory = TestDir::new();
        let file = directory.write("remedy.toml", toml(&settings));
        let mut read = Config::default();
        read.read(&file).expect("a configuration");
        for Setting { key, value } in settings {
            let text = read.get(key).text().expect("a value");
            let number = |text: &str| text.parse::<f64>().ok();
            assert!(text == value || number(&text) == number(&value), "{key}: {text}, {value}");
        }
    }
}
