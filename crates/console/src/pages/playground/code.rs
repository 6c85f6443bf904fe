//! The call that is chosen, as code. What may be anything, the prompt and the names of files, is quoted for its language.
//!
//! The script fills the same [`Wording`]s while somebody types, so that there is one wording.

use serde::Serialize;
use serde_json::Value;

/// What the code says while there is no prompt.
pub(crate) const EXAMPLE_PROMPT: &str = "A red fox in the snow, soft morning light";

/// How a value is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Quoting {
    /// As a JSON text, which is a text of JavaScript and of Python too.
    Json,
    /// As a JSON text within single quotes of the shell.
    JsonInShell,
    /// As it is, within single quotes of the shell.
    Shell,
}

/// The code around the fields of a call, in one language, as JSON or as a form with files.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wording {
    before: String,
    /// `%k` is the field's name, `%v` its value.
    field: &'static str,
    between: &'static str,
    /// Between fields and files.
    middle: &'static str,
    /// `%f` is the file's name.
    file: &'static str,
    after: String,
    quoting: Quoting,
}

/// One language.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Language {
    /// Its name in ids: `curl`, `python`, `javascript`.
    pub id: &'static str,
    /// Its name for people.
    #[serde(skip)]
    pub name: &'static str,
    json: Wording,
    form: Wording,
}

impl Language {
    /// The code of a call without files.
    pub fn code(&self, fields: &[(&str, Value)]) -> String {
        self.json.fill(fields, &[])
    }
}

impl Wording {
    /// The code of a call: its fields, in order, and the names of its files.
    fn fill(&self, fields: &[(&str, Value)], files: &[&str]) -> String {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::String(text) => self.quote(text),
                    other => other.to_string(),
                };
                self.field.replace("%k", name).replace("%v", &value)
            })
            .collect();
        let files: Vec<String> = files
            .iter()
            .map(|name| self.file.replace("%f", &self.quote_file(name)))
            .collect();
        let middle = if files.is_empty() { "" } else { self.middle };
        [
            self.before.as_str(),
            &fields.join(self.between),
            middle,
            &files.join(self.between),
            &self.after,
        ]
        .concat()
    }

    fn quote(&self, text: &str) -> String {
        match self.quoting {
            Quoting::Json => json(text),
            Quoting::JsonInShell => in_single_quotes(&json(text)),
            Quoting::Shell => in_single_quotes(text),
        }
    }

    fn quote_file(&self, name: &str) -> String {
        match self.quoting {
            // curl itself reads the name within double quotes.
            Quoting::Shell => in_single_quotes(&name.replace('\\', "\\\\").replace('"', "\\\"")),
            Quoting::Json | Quoting::JsonInShell => self.quote(name),
        }
    }
}

/// A text of JSON, JavaScript and Python alike.
fn json(text: &str) -> String {
    Value::from(text).to_string()
}

/// What stands within single quotes of a POSIX shell to mean `text`.
fn in_single_quotes(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// The languages, calling the hub at `base_url`.
pub(crate) fn languages(base_url: &str) -> [Language; 3] {
    let url = format!("{base_url}/api/v1/images/generations");
    [curl(&url), python(&url), javascript(&url)]
}

fn curl(url: &str) -> Language {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]@".contains(c);
    let url = if url.chars().all(is_plain) {
        url.to_owned()
    } else {
        format!("'{}'", in_single_quotes(url))
    };
    let head = format!("curl {url} \\\n  -H \"Authorization: Bearer $GIH_KEY\" \\\n");
    Language {
        id: "curl",
        name: "curl",
        json: Wording {
            before: format!("{head}  -H 'Content-Type: application/json' \\\n  -d '{{\n"),
            field: "    \"%k\": %v",
            between: ",\n",
            middle: "",
            file: "",
            after: "\n  }'".to_owned(),
            quoting: Quoting::JsonInShell,
        },
        form: Wording {
            before: head,
            field: "  --form-string '%k=%v'",
            between: " \\\n",
            middle: " \\\n",
            file: "  -F 'reference_image=@\"%f\"'",
            after: String::new(),
            quoting: Quoting::Shell,
        },
    }
}

/// How the code of each language goes on after the call.
const AFTER_PYTHON: &str = "    timeout=900,
)
answer.raise_for_status()
for image in answer.json()[\"images\"]:
    print(image[\"url\"])";
const AFTER_JAVASCRIPT: &str = "});
if (!answer.ok) throw new Error(await answer.text());
const { images } = await answer.json();
for (const image of images) console.log(image.url);";
const AUTHORIZATION: &str = "Authorization: `Bearer ${process.env.GIH_KEY}`";

fn python(url: &str) -> Language {
    let url = json(url);
    let head = format!(
        "import os
import requests

answer = requests.post(
    {url},
    headers={{\"Authorization\": \"Bearer \" + os.environ[\"GIH_KEY\"]}},
"
    );
    Language {
        id: "python",
        name: "Python",
        json: Wording {
            before: format!("{head}    json={{\n"),
            field: "        \"%k\": %v",
            between: ",\n",
            middle: "",
            file: "",
            after: format!(",\n    }},\n{AFTER_PYTHON}"),
            quoting: Quoting::Json,
        },
        form: Wording {
            before: format!("{head}    data={{\n"),
            field: "        \"%k\": %v",
            between: ",\n",
            middle: ",\n    },\n    files=[\n",
            file: "        (\"reference_image\", open(%f, \"rb\"))",
            after: format!(",\n    ],\n{AFTER_PYTHON}"),
            quoting: Quoting::Json,
        },
    }
}

fn javascript(url: &str) -> Language {
    let url = json(url);
    let head = format!("const answer = await fetch({url}, {{\n  method: \"POST\",\n");
    Language {
        id: "javascript",
        name: "JavaScript",
        json: Wording {
            before: format!(
                "{head}  headers: {{
    {AUTHORIZATION},
    \"Content-Type\": \"application/json\",
  }},
  body: JSON.stringify({{
"
            ),
            field: "    %k: %v",
            between: ",\n",
            middle: "",
            file: "",
            after: format!(",\n  }}),\n{AFTER_JAVASCRIPT}"),
            quoting: Quoting::Json,
        },
        form: Wording {
            before: "import { openAsBlob } from \"node:fs\";\n\nconst form = new FormData();\n"
                .to_owned(),
            field: "form.set(\"%k\", %v);",
            between: "\n",
            middle: "\n",
            file: "form.append(\"reference_image\", await openAsBlob(%f), %f);",
            after: format!(
                "\n{head}  headers: {{ {AUTHORIZATION} }},\n  body: form,\n{AFTER_JAVASCRIPT}"
            ),
            quoting: Quoting::Json,
        },
    }
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
