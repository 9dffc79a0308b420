//! Activities: what must hold for every text that stands in a command or a script; `tests/fuzz` looks for one where it
//! does not. A lexer of each language reads the result, and must see what it sees with a harmless text. Pure.

use super::script::Language;
use super::shell::quoted;
use super::{is_unfit, names, shown};
use crate::relocate::facts::{ClaimsMatching, FederatedCredential};
use crate::surfaces::issuer::outside::Outside;
use crate::surfaces::issuer::subject::of;

/// What a lexer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A word of a shell, without its quotes; or anything bare in a script.
    Word(String),
    /// What a shell would not leave as it stands: an operator, an expansion, the end of a line.
    Active(char),
    /// A quoted thing of a script, by its first mark.
    Quoted(char),
    /// A comment.
    Comment,
    /// A quoted thing that does not end.
    Open,
}

/// The words of a line as a POSIX shell reads it.
fn shell(text: &str) -> Vec<Token> {
    let (mut out, mut word): (Vec<Token>, Option<String>) = (Vec::new(), None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => loop {
                let word = word.get_or_insert_default();
                match rest.next() {
                    Some('\'') => break,
                    Some(c) => word.push(c),
                    None => return vec![Token::Open],
                }
            },
            '\\' => word.get_or_insert_default().extend(rest.next()),
            ' ' | '\t' => out.extend(word.take().map(Token::Word)),
            '"' | '$' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '~' | '#' | '!'
            | '{' | '}' => out.push(Token::Active(c)),
            '\n' | '\r' => {
                out.extend(word.take().map(Token::Word));
                out.push(Token::Active(c));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word.map(Token::Word));
    out
}

/// One word of a shell, that names what it was made of wherever that can be a name, and no option.
pub fn words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let command = format!("az show --name {} --all", quoted(&text));
    let read = shell(&command);
    let [Token::Word(az), Token::Word(show), Token::Word(name), Token::Word(word), Token::Word(all)] =
        &read[..]
    else {
        panic!("{command:?} is read as {read:?}");
    };
    assert_eq!([az, show, name, all], ["az", "show", "--name", "--all"]);
    assert!(!word.starts_with('-') && !word.chars().any(is_unfit), "{command:?}");
    if !text.starts_with('-') && !text.chars().any(is_unfit) {
        assert_eq!(word, &text);
    }
    assert!(!shown(&text).chars().any(is_unfit));
}

/// The tokens of a script, as its engine reads it.
fn script(language: Language, text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let letters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while let Some(&c) = letters.get(at) {
        let two: String = letters[at..].iter().take(2).collect();
        let comment = if language == Language::Kql { "//" } else { "--" };
        if two == comment {
            at += letters[at..].iter().position(|c| is_unfit(*c)).unwrap_or(letters.len() - at);
            out.push(Token::Comment);
            continue;
        }
        let closing = match (c, language) {
            ('\'', _) => Some('\''),
            ('[', Language::TSql) => Some(']'),
            ('"', Language::Postgres) => Some('"'),
            ('`', Language::MySql) => Some('`'),
            _ => None,
        };
        match closing {
            Some(closing) => {
                let Some(end) = end_of(language, &letters, at + 1, closing) else { return vec![Token::Open] };
                out.push(Token::Quoted(c));
                at = end;
            }
            None => {
                match out.last_mut() {
                    Some(Token::Word(word)) => word.push(c),
                    _ => out.push(Token::Word(c.to_string())),
                }
                at += 1;
            }
        }
    }
    // A tool that sends the script ends a batch, or fills something in, wherever that stands.
    let line_by_line = language == Language::TSql;
    if line_by_line
        && (text.contains("$(") || text.lines().any(|line| line.trim().eq_ignore_ascii_case("go")))
    {
        out.push(Token::Active('$'));
    }
    out
}

/// Where a quoted thing ends.
fn end_of(language: Language, letters: &[char], mut at: usize, closing: char) -> Option<usize> {
    let escapes = closing == '\'' && matches!(language, Language::MySql | Language::Kql);
    loop {
        match *letters.get(at)? {
            '\\' if escapes => at += 2,
            c if c == closing && language != Language::Kql && letters.get(at + 1) == Some(&closing) => {
                at += 2
            }
            c if c == closing => return Some(at + 1),
            // A line does not end inside anything that was quoted here.
            c if is_unfit(c) => return None,
            _ => at += 1,
        }
    }
}

/// One literal, identifier or comment of a script, whatever it is made of.
pub fn scripts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for language in [Language::TSql, Language::Postgres, Language::MySql, Language::Kql] {
        let (open, close) = match language {
            Language::TSql => ("[", "]"),
            Language::Postgres => ("\"", "\""),
            Language::MySql => ("`", "`"),
            Language::Kql => ("['", "']"),
        };
        let written = |text: &str| {
            let (head, literal) = (language.comment(text), language.literal(text));
            let identifier = language.identifier(text);
            let one = format!("{head}SELECT '{literal}' AS {open}{identifier}{close};\n");
            format!("{one}{one}")
        };
        let (harmless, hostile) = (written("x"), written(&text));
        assert_eq!(script(language, &hostile), script(language, &harmless), "{language:?}: {hostile}");
    }
}

/// Whatever a credential says of its tokens: what is understood has names of its grammar, and the rest no command.
pub fn subjects(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (issuer, subject) =
        text.split_once('\n').unwrap_or(("https://token.actions.githubusercontent.com", &text));
    for (subject, claims) in [(Some(subject), None), (None, Some(subject))] {
        let credential = FederatedCredential {
            name: "n".to_owned(),
            issuer: issuer.to_owned(),
            subject: subject.map(ToOwned::to_owned),
            audiences: Vec::new(),
            claims_matching: claims
                .map(|value| ClaimsMatching { value: value.to_owned(), language_version: 1 }),
            unknown: std::collections::BTreeSet::new(),
        };
        match of(&credential) {
            Outside::GitHub { host, repository, environment, .. } => {
                let (owner, name) = repository.split_once('/').expect("an owner and a name");
                assert!(names::is_github_owner(owner) && names::is_github_repository(name), "{repository}");
                assert!(host.is_none_or(|host| names::is_host(&host)));
                assert!(environment.is_none_or(|environment| names::is_title(&environment)));
            }
            Outside::Kubernetes { namespace, account, .. } => {
                assert!(names::is_label(&namespace) && names::is_subdomain(&account));
            }
            Outside::Listed { at: 1, names } => {
                let [host, project] = &names[..] else { panic!("a server and a project: {names:?}") };
                assert!(names::is_host(host) && names::is_gitlab_project(project));
            }
            Outside::Listed { at: 2, names } => {
                let [organization, pipeline] = &names[..] else { panic!("both: {names:?}") };
                assert!(names::is_label(organization) && names::is_label(pipeline));
            }
            Outside::Listed { at: 3, names } => {
                assert!(names.iter().all(|name| names::is_guid(name)), "{names:?}")
            }
            Outside::AzureDevOps { .. } | Outside::Listed { .. } | Outside::Other { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 12] = [
        "",
        "--all",
        "a'b\\",
        "'; DROP TABLE t;--",
        "x\nGO\nDROP DATABASE prod\nGO\n",
        "$(touch PWNED)`id`",
        "]]]",
        "\"\"`",
        "\\'",
        "\u{2028}x",
        "$($(x)",
        "é;&|<>*?[~#!{}",
    ];

    #[test]
    fn hostile_texts_stay_one_word_of_each_language() {
        for text in HOSTILE {
            words(text.as_bytes());
            scripts(text.as_bytes());
        }
    }

    #[test]
    fn the_lexers_see_what_is_not_quoted() {
        assert!(shell("a $(b)").contains(&Token::Active('$')) && shell("a 'b") == [Token::Open]);
        let sql = |text: &str| script(Language::TSql, text);
        assert_ne!(sql("SELECT 'x'; DROP TABLE t;--' AS y"), sql("SELECT 'x' AS y"));
        assert_ne!(sql("SELECT 'x\nGO\n' AS y"), sql("SELECT 'x' AS y"));
        assert_ne!(script(Language::Kql, "['a''] b"), script(Language::Kql, "['a'] b"));
    }

    #[test]
    fn hostile_subjects_get_no_names_that_are_none() {
        for issuer in [
            "https://token.actions.githubusercontent.com",
            "https://gitlab.com",
            "https://agent.buildkite.com",
            "https://login.microsoftonline.com/6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40/v2.0",
            "https://x.example/y",
        ] {
            for subject in [
                "repo:--all/x:environment:a b",
                "repo:o@1/r@2:environment:p%3Aq",
                "system:serviceaccount:pay:--all",
                "project_path:g/-p:ref_type:branch:ref:main",
                "organization:o:pipeline:--all:ref:r:commit:c:step:s",
                "organization:o:pipeline:p:ref:r:commit:c:step:$(x)",
                "/eid1/c/pub/t/T/a/A/n/plugin/e/--all/h/9f31",
                "claims['sub'] matches 'repo:o/*:ref:x'",
                "repo:o/r\n:ref:x",
            ] {
                subjects(format!("{issuer}\n{subject}").as_bytes());
            }
        }
    }
}
