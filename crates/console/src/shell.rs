//! What every page has around its content.

use gih_domain::account::Account;
use gih_domain::mode::Mode;

use crate::assets;
use crate::language::Language;

/// A place that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The documentation.
    Docs,
    /// Trying things.
    Playground,
    /// What was generated.
    Generations,
    /// API keys.
    Keys,
    /// Credits and the ledger.
    Credits,
    /// The account itself.
    Account,
    /// What admins do.
    Admin,
    /// None of them.
    Elsewhere,
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    /// The account's address.
    pub email: String,
    /// Whether there is a way to the admin pages.
    pub is_admin: bool,
    /// Whether the password is one that the hub made up.
    pub password_is_temporary: bool,
}

impl From<&Account> for Viewer {
    fn from(account: &Account) -> Self {
        Self {
            email: account.email.to_string(),
            is_admin: account.is_admin,
            password_is_temporary: account.password_is_temporary,
        }
    }
}

/// The switch between an account's two worlds.
#[derive(Clone, Debug)]
pub(crate) struct ModeSwitch {
    /// Which one is looked at.
    pub mode: Mode,
    /// The page in live mode.
    pub live_url: String,
    /// The page in test mode.
    pub test_url: String,
}

impl ModeSwitch {
    /// The switch of the page at `path`, whose other parameters start anew.
    pub fn at(path: &str, mode: Mode) -> Self {
        Self {
            mode,
            live_url: format!("{path}?mode=live"),
            test_url: format!("{path}?mode=test"),
        }
    }

    /// Whether live mode is looked at.
    pub fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }
}

/// What every template is given as `shell`.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    /// What the tab says before the hub's name.
    pub title: String,
    /// The page's language.
    pub language: &'static Language,
    /// Where it stands in the navigation.
    pub section: Section,
    /// Who looks at it; `None` for strangers.
    pub viewer: Option<Viewer>,
    /// The switch between modes, on pages that have one.
    pub mode: Option<ModeSwitch>,
    /// What was just done, in a sentence.
    pub notice: Option<String>,
    /// Scripts of its own, besides the common one.
    pub scripts: Vec<&'static str>,
}

impl Shell {
    /// A page of the console, in English, for this account.
    pub fn of(title: impl Into<String>, section: Section, account: &Account) -> Self {
        Self {
            viewer: Some(account.into()),
            ..Self::for_strangers(title, section)
        }
    }

    /// A page for whoever comes.
    pub fn for_strangers(title: impl Into<String>, section: Section) -> Self {
        Self {
            title: title.into(),
            language: Language::english(),
            section,
            viewer: None,
            mode: None,
            notice: None,
            scripts: Vec::new(),
        }
    }

    /// In another language than English, the frame too.
    pub fn in_language(self, language: &'static Language) -> Self {
        Self { language, ..self }
    }

    /// With the switch between modes.
    pub fn with_mode(self, switch: ModeSwitch) -> Self {
        Self {
            mode: Some(switch),
            ..self
        }
    }

    /// With a sentence about what was just done.
    pub fn with_notice(self, notice: Option<impl Into<String>>) -> Self {
        Self {
            notice: notice.map(Into::into),
            ..self
        }
    }

    /// With a script of its own (a file of `assets/`).
    pub fn with_script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// A word of the frame, in the page's language.
    pub fn word(&self, key: &str) -> &'static str {
        self.language.text(key)
    }

    /// The address of an asset, for templates.
    #[allow(clippy::unused_self)] // templates call methods
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// `page` for the navigation entry that the page belongs to: what `aria-current` says.
    pub fn current(&self, section: &str) -> bool {
        section
            == match self.section {
                Section::Docs => "docs",
                Section::Playground => "playground",
                Section::Generations => "generations",
                Section::Keys => "keys",
                Section::Credits => "credits",
                Section::Account => "account",
                Section::Admin => "admin",
                Section::Elsewhere => "elsewhere",
            }
    }
}
