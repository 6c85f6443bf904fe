use std::process::Command;

use super::*;
use crate::testing::HOSTILE;

const HOSTILE_PROMPTS: [&str; 8] = [
    HOSTILE,
    "it's",
    "'; rm -rf ~; '",
    "$(id) `id` $HOME \\ \\n \\' \"",
    "two\nlines\tand\u{7}a bell",
    "@file <file ;type=text/html",
    "%k %v %f $& $1 ${x} {x}",
    "狐\u{2028}🦊 é",
];

fn fields(prompt: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("model", "gpt-image-2".into()),
        ("prompt", prompt.into()),
        ("n", 2.into()),
    ]
}

fn curl() -> Language {
    languages("https://hub.example.com")[0].clone()
}

/// What a shell takes the command's words to be.
fn words(command: &str) -> Vec<String> {
    let script = command.replacen("curl ", "printf '%s\\0' ", 1);
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("GIH_KEY", "k")
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}");
    assert!(output.stderr.is_empty(), "{script}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_end_matches('\0')
        .split('\0')
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_shell_reads_the_prompt_that_was_typed() {
    for prompt in HOSTILE_PROMPTS {
        let words = words(&curl().code(&fields(prompt)));
        assert_eq!(
            words[..6],
            [
                "https://hub.example.com/api/v1/images/generations",
                "-H",
                "Authorization: Bearer k",
                "-H",
                "Content-Type: application/json",
                "-d",
            ]
        );
        let body: Value = serde_json::from_str(&words[6]).unwrap();
        assert_eq!(body["prompt"], prompt);
        assert_eq!(body["n"], 2);
        assert_eq!(words.len(), 7);
    }
}

#[test]
fn the_shell_reads_a_form_and_its_files() {
    for prompt in HOSTILE_PROMPTS {
        let file = prompt.replace(['\n', '/'], "");
        let words = words(&curl().form.fill(&fields(prompt), &[&file, "b.png"]));
        assert_eq!(words[3..5], ["--form-string", "model=gpt-image-2"]);
        assert_eq!(words[6], format!("prompt={prompt}"));
        let in_quotes = file.replace('\\', "\\\\").replace('"', "\\\"");
        assert_eq!(words[10], format!("reference_image=@\"{in_quotes}\""));
        assert_eq!(words[12], "reference_image=@\"b.png\"");
        assert_eq!(words.len(), 13);
    }
}

#[test]
fn an_odd_address_is_quoted() {
    let language = languages("https://hub.example.com/it's?a&b")[0].clone();
    let words = words(&language.code(&fields("a")));
    assert_eq!(
        words[0],
        "https://hub.example.com/it's?a&b/api/v1/images/generations"
    );
}

#[test]
fn python_and_javascript_have_the_prompt_as_one_literal_of_one_line() {
    let [_, python, javascript] = languages("https://hub.example.com");
    for prompt in HOSTILE_PROMPTS {
        for (code, begins, ends) in [
            (python.code(&fields(prompt)), "        \"prompt\": ", ","),
            (javascript.code(&fields(prompt)), "    prompt: ", ","),
            (
                python.form.fill(&fields(prompt), &["a.png"]),
                "        \"prompt\": ",
                ",",
            ),
            (
                javascript.form.fill(&fields(prompt), &["a.png"]),
                "form.set(\"prompt\", ",
                ");",
            ),
        ] {
            let literal = code
                .split('\n')
                .find_map(|line| line.strip_prefix(begins)?.strip_suffix(ends));
            let literal = literal.unwrap_or_else(|| panic!("{code}"));
            assert_eq!(serde_json::from_str::<String>(literal).unwrap(), prompt);
            assert!(!literal.chars().any(char::is_control), "{literal}");
        }
    }
}

#[test]
fn the_code_is_whole() {
    let [curl, python, javascript] = languages("https://hub.example.com");
    let fields = fields("a fox");
    assert_eq!(
        curl.code(&fields),
        r#"curl https://hub.example.com/api/v1/images/generations \
  -H "Authorization: Bearer $GIH_KEY" \
  -H 'Content-Type: application/json' \
  -d '{
    "model": "gpt-image-2",
    "prompt": "a fox",
    "n": 2
  }'"#
    );
    assert_eq!(
        python.form.fill(&fields, &["a.png", "b.png"]),
        r#"import os
import requests

answer = requests.post(
    "https://hub.example.com/api/v1/images/generations",
    headers={"Authorization": "Bearer " + os.environ["GIH_KEY"]},
    data={
        "model": "gpt-image-2",
        "prompt": "a fox",
        "n": 2,
    },
    files=[
        ("reference_image", open("a.png", "rb")),
        ("reference_image", open("b.png", "rb")),
    ],
    timeout=900,
)
answer.raise_for_status()
for image in answer.json()["images"]:
    print(image["url"])"#
    );
    assert_eq!(
        javascript.form.fill(&fields, &["a.png"]),
        r#"import { openAsBlob } from "node:fs";

const form = new FormData();
form.set("model", "gpt-image-2");
form.set("prompt", "a fox");
form.set("n", 2);
form.append("reference_image", await openAsBlob("a.png"), "a.png");
const answer = await fetch("https://hub.example.com/api/v1/images/generations", {
  method: "POST",
  headers: { Authorization: `Bearer ${process.env.GIH_KEY}` },
  body: form,
});
if (!answer.ok) throw new Error(await answer.text());
const { images } = await answer.json();
for (const image of images) console.log(image.url);"#
    );
}
