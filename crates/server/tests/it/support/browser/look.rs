//! Looking at a page: its size and colours, pictures of it, its console, and what axe finds.

use std::path::Path;

use serde_json::{Value, json};

use super::Browser;
use super::start::tool;

/// WCAG 2.2 at levels A and AA, with what came before, and axe's best practices.
const ALL_TAGS: [&str; 7] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22a",
    "wcag22aa",
    "best-practice",
];

impl Browser {
    /// Gives the page another size, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        // Not by the window, which has a least width.
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// The size of a phone.
    pub async fn narrow(&self) {
        self.resize(390, 844).await;
    }

    /// The size of a desk.
    pub async fn wide(&self) {
        self.resize(1280, 900).await;
    }

    /// Asks for dark or light colours, and for no movement.
    pub async fn dark(&self, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Whether the page is wider than the window: on a phone nobody wants to scroll sideways.
    pub async fn overflows(&self) -> bool {
        let script = "const root = document.documentElement;
            return root.scrollWidth > root.clientWidth;";
        self.script(script, &[]).await == true
    }

    /// Takes a picture of the page, all of it, as a PNG file.
    pub async fn screenshot(&self, file: &Path) {
        let script = "const root = document.documentElement;
            return [window.innerWidth, Math.max(root.scrollHeight, window.innerHeight)];";
        let size = self.script(script, &[]).await;
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let picture = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let answer = self.devtools("Page.captureScreenshot", picture).await;
        let text = answer["data"].as_str().unwrap().as_bytes();
        let bytes = base64_simd::STANDARD.decode_to_vec(text).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// What the browser has complained of since it was asked last: errors of scripts, what the page's policy forbade,
    /// what did not load. Not that the page itself was answered with an error, as a refused form is.
    pub async fn complaints(&self) -> Vec<String> {
        let page = self.url().await;
        let log = json!({"type": "browser"});
        let entries = self.session().post("/se/log", log).await.unwrap();
        let mut complaints = Vec::new();
        for entry in entries.as_array().into_iter().flatten() {
            let text = |part: &str| entry[part].as_str().unwrap_or_default();
            let (level, message) = (text("level"), text("message"));
            let is_own_status = text("source") == "network"
                && message.starts_with(&format!("{page} "))
                && message.contains("the server responded with a status of");
            if matches!(level, "SEVERE" | "WARNING") && !is_own_status {
                complaints.push(format!("{level}: {message}"));
            }
        }
        complaints
    }

    /// The browser must have nothing to complain of.
    pub async fn is_content(&self) {
        let complaints = self.complaints().await;
        assert!(
            complaints.is_empty(),
            "at {}\n{}",
            self.url().await,
            complaints.join("\n")
        );
    }

    /// What axe finds wrong with the page, a line for each element.
    pub async fn axe(&self) -> Vec<String> {
        let has_axe = self.script("return typeof axe === 'object';", &[]);
        if has_axe.await != true {
            let axe = tool("TEST_AXE");
            let axe = std::fs::read_to_string(&axe)
                .unwrap_or_else(|error| panic!("{}: {error}", axe.display()));
            // Through the driver, where no policy of the page forbids it.
            self.script(&format!("{axe}\nwindow.axe = axe;"), &[]).await;
        }
        let rules = json!({"type": "tag", "values": ALL_TAGS});
        let run = "const [rules, done] = arguments;
            const options = { runOnly: rules, resultTypes: ['violations'] };
            axe.run(document, options).then(
                (found) => done(found.violations), (error) => done({ error: String(error) }));";
        let found = self.session().slow_script(run, &[rules]).await.unwrap();
        let violations = found.as_array();
        let violations = violations.unwrap_or_else(|| panic!("axe: {found}"));
        violations.iter().flat_map(lines).collect()
    }

    /// axe must find nothing wrong.
    pub async fn is_accessible(&self) {
        let violations = self.axe().await;
        assert!(
            violations.is_empty(),
            "at {}\n{}",
            self.url().await,
            violations.join("\n")
        );
    }
}

/// `color-contrast (serious) at p.hint: what to do`, for each element that breaks the rule.
fn lines(violation: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
    nodes
        .iter()
        .map(|node| {
            let target = node["target"].as_array().cloned().unwrap_or_default();
            let target: Vec<String> = target
                .iter()
                .map(|part| {
                    part.as_str()
                        .map_or_else(|| part.to_string(), str::to_owned)
                })
                .collect();
            let summary = text(&node["failureSummary"]).replace('\n', " ");
            format!(
                "{} ({}) at {}: {}. {summary} {}",
                text(&violation["id"]),
                text(&violation["impact"]),
                target.join(" "),
                text(&violation["help"]),
                text(&node["html"]),
            )
        })
        .collect()
}
