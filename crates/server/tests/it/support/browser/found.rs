//! Finding things by role and accessible name, as the browser tells them to a screen reader.

use serde_json::json;

use super::{Browser, Element, Told};

/// What is pressed.
pub(super) const PRESSED: &[&str] = &[
    "button",
    "checkbox",
    "DisclosureTriangle",
    "link",
    "menuitem",
    "option",
    "popUpButton",
    "radio",
    "switch",
    "tab",
    "ToggleButton",
];
/// What is filled in.
pub(super) const FILLED: &[&str] = &[
    "ComboBoxMenuButton",
    "combobox",
    "Date",
    "DateTime",
    "InputTime",
    "searchbox",
    "slider",
    "spinbutton",
    "textbox",
];
/// What is chosen from.
pub(super) const CHOSEN: &[&str] = &["combobox", "ComboBoxSelect", "listbox", "popUpButton"];
/// What an outline of a page leaves out: everything that is only a part of something else, or a mere box.
const BOXES: &[&str] = &[
    "generic",
    "InlineTextBox",
    "LayoutTable",
    "LineBreak",
    "none",
    "StaticText",
];

/// A thing on the page.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) role: String,
    pub(super) name: String,
    node: i64,
}

/// One space wherever there is white space.
pub(super) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Browser {
    /// Everything that a screen reader tells, in order; with a name, only what has it.
    async fn told(&self, name: Option<&str>) -> Told<Vec<Found>> {
        let session = self.session();
        let document = session
            .devtools("DOM.getDocument", json!({"depth": 0}))
            .await?;
        let mut query = json!({"nodeId": document["root"]["nodeId"]});
        if let Some(name) = name {
            query["accessibleName"] = json!(name);
        }
        let answer = session.devtools("Accessibility.queryAXTree", query).await?;
        let nodes = answer["nodes"].as_array().cloned().unwrap_or_default();
        Ok(nodes
            .iter()
            .filter(|node| node["ignored"] != true)
            .filter_map(|node| {
                Some(Found {
                    role: node["role"]["value"].as_str()?.to_owned(),
                    name: words(node["name"]["value"].as_str().unwrap_or_default()),
                    node: node["backendDOMNodeId"].as_i64()?,
                })
            })
            .collect())
    }

    /// The elements of these roles with this name, in the page's order.
    pub(super) async fn all_named(&self, roles: &[&str], name: &str) -> Told<Vec<Element>> {
        let mut elements = Vec::new();
        for found in self.told(Some(name)).await? {
            if roles.contains(&found.role.as_str()) {
                elements.push(self.element(&found).await?);
            }
        }
        Ok(elements)
    }

    /// Waits until there is one; the first.
    pub(super) async fn named(&self, roles: &[&str], name: &str) -> Element {
        self.patiently(&format!("looked for {name:?}"), async || {
            Ok(self.all_named(roles, name).await?.into_iter().next())
        })
        .await
    }

    /// Over a name of the page's window: DevTools and WebDriver have no other in common.
    async fn element(&self, found: &Found) -> Told<Element> {
        let session = self.session();
        let node = json!({"backendNodeId": found.node});
        let object = session.devtools("DOM.resolveNode", node).await?;
        let keep = json!({
            "objectId": object["object"]["objectId"],
            "functionDeclaration": "function () { window.foundByTest = this; }",
        });
        session.devtools("Runtime.callFunctionOn", keep).await?;
        let take = "const it = window.foundByTest; delete window.foundByTest; return it;";
        Element::read(&session.script(take, &[]).await?)
    }

    /// What has the keyboard's focus: its role and its name.
    pub async fn focused(&self) -> (String, String) {
        let active = json!({"expression": "document.activeElement"});
        let object = self.devtools("Runtime.evaluate", active).await;
        let node = json!({"objectId": object["result"]["objectId"], "fetchRelatives": false});
        let answer = self.devtools("Accessibility.getPartialAXTree", node).await;
        let text = |part: &str| words(answer["nodes"][0][part]["value"].as_str().unwrap_or("none"));
        (text("role"), text("name"))
    }

    /// What is on the page, a line each, for a person who reads why a test failed.
    pub async fn outline(&self) -> String {
        let told = match self.told(None).await {
            Ok(told) => told,
            Err(error) => return format!("(the page does not tell: {error})"),
        };
        let lines = told
            .iter()
            .filter(|found| !BOXES.contains(&found.role.as_str()) && !found.name.is_empty());
        let lines: Vec<String> = lines
            .map(|found| format!("  {} {:?}", found.role, found.name))
            .collect();
        lines.join("\n")
    }
}
