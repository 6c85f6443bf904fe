//! What a person does with a page.

use std::path::Path;

use serde_json::json;

use super::found::{CHOSEN, FILLED, PRESSED, words};
use super::{Browser, Element, Told};

/// A key without a letter.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// To the next thing that can have the focus.
    Tab,
    /// Presses it, or sends its form.
    Enter,
    /// Away from it.
    Escape,
    /// One up, in a list.
    Up,
    /// One down.
    Down,
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        match key {
            Key::Tab => '\u{e004}',
            Key::Enter => '\u{e007}',
            Key::Escape => '\u{e00c}',
            Key::Up => '\u{e013}',
            Key::Down => '\u{e015}',
        }
    }
}

impl Browser {
    /// Presses the button, link or the like with this name.
    pub async fn click(&self, name: &str) {
        self.patiently(&format!("pressed {name:?}"), async || {
            let found = self.all_named(PRESSED, name).await?;
            let Some(element) = found.first() else {
                return Ok(None);
            };
            self.session().click(element).await.map(Some)
        })
        .await;
    }

    /// The same where several have the name: the one in a table's row, a list's item, an article, a section, a form or a
    /// dialog that says `text`; in the smallest such.
    pub async fn click_near(&self, text: &str, name: &str) {
        let pick = "const [text, ...all] = arguments;
            const sizes = all.map((one) => {
                const box = one.closest('tr, li, article, section, form, dialog, fieldset');
                return box && box.innerText.includes(text) ? box.innerText.length : Infinity;
            });
            const least = Math.min(...sizes);
            return least === Infinity ? -1 : sizes.indexOf(least);";
        self.patiently(&format!("pressed {name:?} near {text:?}"), async || {
            let found = self.all_named(PRESSED, name).await?;
            let mut arguments = vec![json!(text)];
            for element in &found {
                arguments.push(element.as_argument());
            }
            let picked = self.session().script(pick, &arguments).await?;
            let picked = picked.as_u64().and_then(|at| usize::try_from(at).ok());
            match picked.and_then(|at| found.get(at)) {
                Some(element) => self.session().click(element).await.map(Some),
                None => Ok(None),
            }
        })
        .await;
    }

    /// Whether there is something to press with this name now. Waits for nothing.
    pub async fn offers(&self, name: &str) -> bool {
        !self.all_named(PRESSED, name).await.unwrap().is_empty()
    }

    /// Replaces what is in the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.named(FILLED, label).await;
        self.session().clear(&field).await.unwrap();
        self.session().type_into(&field, text).await.unwrap();
    }

    /// What is in the field with this label.
    pub async fn value(&self, label: &str) -> String {
        let field = self.named(&[FILLED, CHOSEN].concat(), label).await;
        let value = self.session().property(&field, "value").await.unwrap();
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Chooses the option with this text from the list with this label.
    pub async fn select(&self, label: &str, option: &str) {
        let list = self.named(CHOSEN, label).await;
        let find = "const [list, text] = arguments;
            return [...list.options].find((one) => one.text === text) ?? null;";
        let arguments = [list.as_argument(), json!(option)];
        self.patiently(&format!("chose {option:?} of {label:?}"), async || {
            let found = self.session().script(find, &arguments).await?;
            if found.is_null() {
                return Ok(None);
            }
            let found = Element::read(&found)?;
            self.session().click(&found).await.map(Some)
        })
        .await;
    }

    /// Gives files to the file field that a CSS selector names; it may be one that is not to be seen.
    pub async fn upload(&self, selector: &str, files: &[&Path]) {
        let field = self
            .patiently(&format!("looked for {selector}"), async || {
                Ok(self.session().find(selector).await?.pop())
            })
            .await;
        let paths: Vec<String> = files
            .iter()
            .map(|path| path.canonicalize().unwrap().display().to_string())
            .collect();
        let paths = paths.join("\n");
        self.session().type_into(&field, &paths).await.unwrap();
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: Key) {
        let key = char::from(key).to_string();
        self.session().keys(&key).await.unwrap();
    }

    /// Types where the focus is.
    pub async fn type_in(&self, text: &str) {
        self.session().keys(text).await.unwrap();
    }

    /// Presses Tab until what has this name has the focus; fails when the focus has gone round without finding it.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..200 {
            self.press(Key::Tab).await;
            let (role, found) = self.focused().await;
            if found == name {
                return;
            }
            passed.push(format!("{role} {found:?}"));
        }
        panic!("Tab never came to {name:?}, only to\n{}", passed.join("\n"));
    }

    /// What can be read on the page.
    pub async fn text(&self) -> String {
        let text = self
            .script("return document.body ? document.body.innerText : '';", &[])
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until this can be read on the page.
    pub async fn sees(&self, text: &str) {
        self.patiently(&format!("waited for {text:?}"), async || {
            Ok(self.reads(text).await?.then_some(()))
        })
        .await;
    }

    /// Waits until this cannot be read on the page any more.
    pub async fn sees_no(&self, text: &str) {
        self.patiently(&format!("waited for {text:?} to go"), async || {
            Ok((!self.reads(text).await?).then_some(()))
        })
        .await;
    }

    async fn reads(&self, text: &str) -> Told<bool> {
        let script = "return document.readyState !== 'loading' && document.body.innerText;";
        let found = self.session().script(script, &[]).await?;
        let found = found.as_str().map(words).unwrap_or_default();
        Ok(found.contains(&words(text)))
    }

    /// Waits until the address ends so.
    pub async fn is_at(&self, ending: &str) {
        self.patiently(&format!("waited to be at …{ending}"), async || {
            Ok(self.address().await?.ends_with(ending).then_some(()))
        })
        .await;
    }

    /// Waits until a selector names something on the page.
    pub async fn has(&self, selector: &str) -> Element {
        self.patiently(&format!("looked for {selector}"), async || {
            let mut found = self.session().find(selector).await?;
            Ok((!found.is_empty()).then(|| found.remove(0)))
        })
        .await
    }

    /// What was copied last. The page must be on `https` or on this machine, as for its own scripts.
    pub async fn clipboard(&self) -> String {
        let read = "const done = arguments[0];
            navigator.clipboard.readText().then(done, (error) => done({ error: String(error) }));";
        let text = self.session().slow_script(read, &[]).await.unwrap();
        text.as_str()
            .unwrap_or_else(|| panic!("the clipboard: {text}"))
            .to_owned()
    }
}
