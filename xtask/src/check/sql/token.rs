//! SQL's words, for both databases.

/// A piece of a statement. Text, numbers and comments do not name anything, and are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A keyword or a name, in lower case, with the dots of a prefixed name.
    Word(String),
    /// A name in double quotes: never a keyword.
    Quoted(String),
    /// Anything else.
    Symbol(char),
}

impl Token {
    /// Whether it is this keyword.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    /// How many parentheses are open behind it, when so many are before it.
    pub fn depth_after(&self, depth: usize) -> usize {
        match self {
            Self::Symbol('(') => depth + 1,
            Self::Symbol(')') => depth.saturating_sub(1),
            _ => depth,
        }
    }
}

/// The statements of a script. A trigger's body falls apart into several, none of which makes a table.
pub fn statements(script: &str) -> Vec<Vec<Token>> {
    let mut statements = Vec::new();
    let mut statement = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let (token, after) = next(rest, first);
        rest = after;
        match token {
            Some(Token::Symbol(';')) => statements.push(std::mem::take(&mut statement)),
            token => statement.extend(token),
        }
    }
    statements.push(statement);
    statements.retain(|statement| !statement.is_empty());
    statements
}

/// The token that begins with `first`, if it is one to keep, and what follows. What never ends, ends with the script.
fn next(rest: &str, first: char) -> (Option<Token>, &str) {
    if let Some(comment) = rest.strip_prefix("--") {
        return (None, split_at(comment, "\n").1);
    }
    if let Some(comment) = rest.strip_prefix("/*") {
        return (None, split_at(comment, "*/").1);
    }
    match first {
        // A doubled quote inside a text makes two texts of it, which are left out all the same.
        '\'' => (None, split_at(&rest[1..], "'").1),
        '"' => {
            let (name, after) = split_at(&rest[1..], "\"");
            (Some(Token::Quoted(name.to_owned())), after)
        }
        '$' => match dollar_quote(rest) {
            Some(quote) => (None, split_at(&rest[quote.len()..], quote).1),
            None => (Some(Token::Symbol('$')), &rest[1..]),
        },
        _ if first.is_alphanumeric() || first == '_' => {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || "_.$".contains(c)))
                .unwrap_or(rest.len());
            (Some(Token::Word(rest[..end].to_lowercase())), &rest[end..])
        }
        _ => (
            (!first.is_whitespace()).then_some(Token::Symbol(first)),
            &rest[first.len_utf8()..],
        ),
    }
}

/// `$$` or `$tag$`, with which Postgres quotes a function's body.
fn dollar_quote(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 2;
    rest[1..end - 1]
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_')
        .then(|| &rest[..end])
}

/// What is before the mark, and what is behind it.
fn split_at<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_once(mark).unwrap_or((text, ""))
}
