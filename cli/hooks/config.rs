//! CLI: what a batch file asks to be told, and by which way. A part of what is approved. Pure.

use super::message::Occasion;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// What is told outside of the log, and to whom. Where the key of a webhook is stands here, and never the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hooks {
    /// What is told; everything where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Occasion>,
    /// A program with its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
    /// The address of a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The environment variable that holds the webhook's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret_env: Option<String>,
    /// The file that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret_file: Option<String>,
    /// Whether the address may be `http` of another machine.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) allow_http: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What is wrong with hooks, and at which key.
pub(crate) struct Flaw {
    pub(crate) key: &'static str,
    pub(crate) what: String,
    pub(crate) remedy: &'static str,
}

impl Hooks {
    /// Whether this is told.
    pub(crate) fn tells(&self, occasion: Occasion) -> bool {
        self.events.is_empty() || self.events.contains(&occasion)
    }

    /// Everything that is wrong with them.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut add = |key, what: &str, remedy| flaws.push(Flaw { key, what: what.to_owned(), remedy });
        let program = self.command.first().map(String::as_str);
        if program == Some("") || self.command.iter().any(|word| word.contains('\0')) {
            add("command", "command names no program", "a program with its arguments: [\"./notify.sh\"]");
        }
        let secrets = [&self.secret_env, &self.secret_file].into_iter().flatten();
        match (&self.url, secrets.count()) {
            (None, 0) if program.is_none() => {
                add("hooks", "[hooks] tells nobody", "add command or url");
            }
            (None, 0) | (Some(_), 1) => {}
            (None, _) => add("hooks", "[hooks] has a secret and no url", "add url, or leave the secret out"),
            (Some(_), 0) => add(
                "url",
                "url needs a secret that its messages are signed with",
                "say where it is: secret_env or secret_file",
            ),
            (Some(_), _) => add("url", "url has two secrets", "secret_env or secret_file, and not both"),
        }
        if let Some(Err((what, remedy))) = self.url.as_deref().map(|url| address(url, self.allow_http)) {
            add("url", what, remedy);
        }
        flaws
    }

    /// Where it tells what, in one line for people; nothing of the address that may be secret.
    pub(crate) fn line(&self) -> String {
        let words: Vec<&str> = self.events.iter().map(|occasion| occasion.word()).collect();
        let what = if words.is_empty() { "everything".to_owned() } else { words.join(", ") };
        let program = (!self.command.is_empty()).then(|| format!("the program {}", self.command.join(" ")));
        let url = self.url.as_ref().map(|url| format!("the webhook {url}"));
        let whom: Vec<String> = program.into_iter().chain(url).collect();
        format!("hooks: {what} is told to {}", whom.join(" and "))
    }
}

/// The address of a webhook, or why it is none.
pub(crate) fn address(text: &str, allow_http: bool) -> Result<Url, (&'static str, &'static str)> {
    let url =
        Url::parse(text).map_err(|_| ("url is no address", "like \"https://hooks.contoso.example/x\""))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "url has a name or a password in it",
            "the receiver is told who it is by the signature",
        ));
    }
    let here = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(("url has no host", "like \"https://hooks.contoso.example/x\"")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here || allow_http => Ok(url),
        "http" => Err((
            "url is http: everybody on the way could read it",
            "https, or allow_http = true where that is known",
        )),
        _ => Err(("url is no address of the web", "https, or http on this machine")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hooks(url: &str) -> Hooks {
        Hooks { url: Some(url.to_owned()), secret_env: Some("KEY".to_owned()), ..Hooks::default() }
    }

    #[test]
    fn a_webhook_is_https_or_on_this_machine_unless_somebody_says_so() {
        let fits = |url: &str| hooks(url).flaws().is_empty();
        for url in ["https://a.example/x", "http://127.0.0.1:8/x", "http://[::1]/", "http://localhost:1/"] {
            assert!(fits(url), "{url}");
        }
        for url in ["http://a.example/x", "https://u:p@a.example/", "ftp://a.example/", "x", "https://"] {
            assert!(!fits(url), "{url}");
        }
        assert!(Hooks { allow_http: true, ..hooks("http://a.example/x") }.flaws().is_empty());
        assert!(!Hooks { allow_http: true, ..hooks("ftp://a.example/x") }.flaws().is_empty());
    }

    #[test]
    fn hooks_tell_somebody_and_a_webhook_has_one_secret() {
        let flaws = |hooks: &Hooks| hooks.flaws().len();
        assert_eq!(flaws(&Hooks::default()), 1);
        assert_eq!(flaws(&Hooks { secret_env: None, ..hooks("https://a.example/") }), 1);
        assert_eq!(flaws(&Hooks { secret_file: Some("k".to_owned()), ..hooks("https://a.example/") }), 1);
        assert_eq!(flaws(&Hooks { command: vec!["x".to_owned()], ..Hooks::default() }), 0);
        assert_eq!(flaws(&Hooks { command: vec![String::new()], ..Hooks::default() }), 1);
    }
}
