//! Joins the modules of a page into one script, because a browser loads no module from a `file:` address.
//!
//! Each module becomes a function that returns its exports, placed after the modules that it imports. So names of different modules
//! cannot collide. Modules may use these forms only, which the tests check:
//!
//! ```text
//! import { a, b as c } from "./module.js";                     const { a, b: c } = $js_module_js;
//! import words from "../words/area.json" with { type: "json" };  const words = $words_area_json;
//! export function f() {}   export async function f() {}   export const f = …
//! ```
//!
//! An export is a value, not a live binding: `export let` would not follow assignments. Circular imports are not possible.

use std::path::{Component, Path};

use super::modules::text;

/// Returns the script of the page whose entry is `js/ENTRY.js`.
///
/// # Panics
/// If imports are circular or name a module that does not exist.
pub(crate) fn script(entry: &str) -> String {
    let mut bundle = Bundle { text: String::from("(() => {\n\"use strict\";\n"), ..Bundle::default() };
    bundle.add(&format!("js/{entry}.js"));
    bundle.text + "})();\n"
}

#[derive(Default)]
struct Bundle {
    text: String,
    /// Modules that `text` contains.
    done: Vec<String>,
    /// Modules whose imports are being added.
    open: Vec<String>,
}

impl Bundle {
    /// Adds a module after the modules that it imports.
    fn add(&mut self, path: &str) {
        if self.done.iter().any(|done| done == path) {
            return;
        }
        assert!(!self.open.iter().any(|open| open == path), "circular imports: {:?} {path}", self.open);
        let source = text(path).unwrap_or_else(|| panic!("no module {path}, which {:?} imports", self.open));
        let name = name(path);
        if path.ends_with(".json") {
            self.text += &format!("// {path}\nconst {name} = {};\n", source.trim_end());
        } else {
            let module = Module::of(source);
            self.open.push(path.to_owned());
            let mut imports = String::new();
            for (names, from) in module.imports {
                let from = resolved(path, from);
                self.add(&from);
                imports += &format!("const {} = {};\n", names.replace(" as ", ": "), self::name(&from));
            }
            self.open.pop();
            let (body, exports) = (module.body, module.exports.join(", "));
            self.text += &format!(
                "// {path}\nconst {name} = (() => {{\n{imports}{body}return {{ {exports} }};\n}})();\n"
            );
        }
        self.done.push(path.to_owned());
    }
}

/// A module, parsed into imports, exports and body.
struct Module<'a> {
    /// The imported names as they are written, and the path that they are imported from.
    imports: Vec<(&'a str, &'a str)>,
    exports: Vec<&'a str>,
    body: String,
}

impl<'a> Module<'a> {
    fn of(source: &'a str) -> Self {
        let mut module = Self { imports: Vec::new(), exports: Vec::new(), body: String::new() };
        let mut rest = source;
        while !rest.is_empty() {
            if let Some((names, after)) =
                rest.strip_prefix("import ").and_then(|rest| rest.split_once(" from \""))
            {
                let (from, after) = after.split_once('"').unwrap_or((after, ""));
                module.imports.push((names, from));
                rest = after.split_once(";\n").map_or("", |(_, after)| after);
                continue;
            }
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let line = match line.strip_prefix("export ") {
                Some(line) => {
                    module.exports.push(declared(line));
                    line
                }
                None => line,
            };
            module.body += line;
            module.body.push('\n');
            rest = after;
        }
        module
    }
}

/// The name that an exported line declares.
fn declared(line: &str) -> &str {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("function ").or_else(|| line.strip_prefix("const "));
    let name = name.unwrap_or_else(|| panic!("unsupported form of an export: {line}"));
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(name)
}

/// Resolves the path `relative` of an import in `module`.
fn resolved(module: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in Path::new(relative).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.extend(part.to_str()),
            _ => {}
        }
    }
    parts.join("/")
}

/// The name of the constant that holds a module in the script.
fn name(path: &str) -> String {
    format!("${}", path.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
}

#[cfg(test)]
mod tests {
    use super::super::modules::{MODULES, WORDS};
    use super::super::tests::files;
    use super::*;

    const ENTRIES: [&str; 3] = ["report", "dashboard", "demo"];

    #[test]
    fn every_module_is_in_a_page_after_what_it_imports() {
        let scripts = ENTRIES.map(script);
        for (path, source) in MODULES {
            let at = |script: &str, path: &str| script.find(&format!("\nconst {} = ", name(path)));
            assert!(scripts.iter().any(|script| at(script, path).is_some()), "{path} is in no page");
            for (_, from) in Module::of(source).imports {
                let from = resolved(path, from);
                for script in scripts.iter().filter(|script| at(script, path).is_some()) {
                    assert!(at(script, &from) < at(script, path), "{path} is before {from}");
                }
            }
        }
    }

    #[test]
    fn scripts_have_no_imports_and_end_no_element() {
        for script in ENTRIES.map(script) {
            for line in script.lines() {
                assert!(!line.starts_with("import ") && !line.starts_with("export "), "{line}");
            }
            let ends = ["</script", "<script", "<!--"].map(|end| script.to_lowercase().contains(end));
            assert_eq!(ends, [false; 3], "it would change how a browser reads the script's element");
        }
        for (path, source) in MODULES {
            let module = Module::of(source);
            assert!(!module.body.contains("\nimport "), "{path}: unsupported form of an import");
            // An import that the module does not export would be undefined in the browser.
            for (names, from) in module.imports.iter().filter(|(_, from)| from.ends_with(".js")) {
                let from = resolved(path, from);
                let exports = Module::of(text(&from).expect("a module")).exports;
                for name in names.trim_matches(['{', '}', ' ', '\n']).split(',').map(str::trim) {
                    let name = name.split(" as ").next().unwrap_or(name);
                    assert!(name.is_empty() || exports.contains(&name), "{path}: {from} exports no {name}");
                }
            }
        }
    }

    #[test]
    fn every_file_is_in_the_program() {
        let known: Vec<&str> = MODULES.iter().chain(WORDS).map(|(path, _)| *path).collect();
        for path in files("assets/js").into_iter().chain(files("assets/words")) {
            let path = path.to_string_lossy().replace('\\', "/");
            let types = path.ends_with("/document.js") || path.ends_with(".d.ts");
            assert!(types || known.iter().any(|known| path.ends_with(known)), "{path} is in no list");
        }
    }

    #[test]
    fn modules_become_functions() {
        let source = "// Why.\nimport {\n  a,\n  b as c,\n} from \"./x.js\";\nimport w from \"../w.json\" with { type: \"json\" };\n\n\
                      export async function f() {}\nconst own = 1;\nexport const g = own;\n";
        let module = Module::of(source);
        assert_eq!(module.imports, [("{\n  a,\n  b as c,\n}", "./x.js"), ("w", "../w.json")]);
        assert_eq!(module.exports, ["f", "g"]);
        assert_eq!(module.body, "// Why.\n\nasync function f() {}\nconst own = 1;\nconst g = own;\n");
        assert_eq!(resolved("js/figures/a.js", "../../words/b.json"), "words/b.json");
        assert_eq!(name("js/figures/a.js"), "$js_figures_a_js");
    }
}
