//! Makes the languages of the documentation and its examples part of the binary: every file of `languages/` and of
//! `examples/`, so that a new one is listed nowhere. A language file that cannot be read ends the build.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=languages");
    println!("cargo:rerun-if-changed=examples");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("languages.rs"), languages()?)?;
    fs::write(out.join("examples.rs"), examples()?)?;
    Ok(())
}

/// `&[Language { … }]`, in the order of their codes.
fn languages() -> Result<String, Box<dyn Error>> {
    let mut code = "&[\n".to_owned();
    for path in files("languages")? {
        let file = path.display();
        let table: toml::Table = fs::read_to_string(&path)?
            .parse()
            .map_err(|error| format!("{file}: {error}"))?;
        let mut texts = Vec::new();
        collect("", &table, &mut texts).map_err(|problem| format!("{file}: {problem}"))?;
        texts.sort();
        let own = |key: &str| {
            let text = texts.iter().find(|(name, _)| name == key);
            text.ok_or_else(|| format!("{file}: {key} is missing"))
        };
        writeln!(
            code,
            "Language {{ code: {:?}, tag: {:?}, name: {:?}, thousands: {:?}, texts: &[",
            stem(&path),
            own("lang")?.1,
            own("name")?.1,
            own("thousands")?.1,
        )?;
        for text in texts.iter().filter(|(key, _)| key.contains('.')) {
            writeln!(code, "{text:?},")?;
        }
        code.push_str("] },\n");
    }
    code.push(']');
    Ok(code)
}

/// The texts of a table and of the tables in it, by their keys with dots between.
fn collect(
    prefix: &str,
    table: &toml::Table,
    texts: &mut Vec<(String, String)>,
) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            toml::Value::String(text) => texts.push((key, text.clone())),
            toml::Value::Table(table) => collect(&format!("{key}."), table, texts)?,
            _ => return Err(format!("{key} is neither a text nor a table")),
        }
    }
    Ok(())
}

/// `&[("name", "extension", "text")]`.
fn examples() -> Result<String, Box<dyn Error>> {
    let mut code = "&[\n".to_owned();
    for path in files("examples")? {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path)?;
        writeln!(code, "({:?}, {extension:?}, {text:?}),", stem(&path))?;
    }
    code.push(']');
    Ok(code)
}

fn files(folder: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
