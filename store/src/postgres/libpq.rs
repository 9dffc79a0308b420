//! Store: what the files of libpq say: services and passwords. Pure, but for the two files, which are read.
//!
//! Sources: <https://www.postgresql.org/docs/15/libpq-pgservice.html>, <https://www.postgresql.org/docs/15/libpq-pgpass.html>.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The parameters of one service, as its file gives them; nothing where there is none of this name.
pub(super) fn service(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut inside = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            // The first of a name counts.
            inside = heading == name && found.is_none();
            if inside {
                found = Some(BTreeMap::new());
            }
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && let Some(of) = &mut found
        {
            of.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

/// Whom a password is for.
pub(super) struct Whom<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The password of the first line that fits: `host:port:database:user:password`, where `*` fits all and `\` makes the next letter plain.
pub(super) fn password(text: &str, whom: &Whom<'_>) -> Option<String> {
    // A socket of the usual folder is called so in these files.
    let host = if whom.host.starts_with('/') { "localhost" } else { whom.host };
    let port = whom.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let wanted = [host, &port, whom.database, whom.user];
        let of_folder = fields.first().is_some_and(|(field, _)| field == whom.host);
        let fits = |(at, wanted): (usize, &str)| {
            fields.get(at).is_some_and(|(field, plain)| {
                field == wanted || field == "*" && !plain || at == 0 && of_folder
            })
        };
        let all = wanted.iter().enumerate().all(|(at, wanted)| fits((at, wanted)));
        (all && fields.len() >= 5).then(|| fields[4].0.clone())
    })
}

/// The fields of a line, and whether a letter of it was made plain.
fn fields(line: &str) -> Vec<(String, bool)> {
    let mut fields = vec![(String::new(), false)];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let last = fields.len();
        match letter {
            ':' if last < 5 => fields.push((String::new(), false)),
            '\\' => {
                if let (Some(plain), Some(field)) = (letters.next(), fields.last_mut()) {
                    field.0.push(plain);
                    field.1 = true;
                }
            }
            letter => {
                if let Some(field) = fields.last_mut() {
                    field.0.push(letter);
                }
            }
        }
    }
    fields
}

/// Reads a file of passwords; refuses one that others may read. Nothing where there is no such file.
pub(super) fn read_passwords(path: &Path) -> Result<Option<String>, String> {
    let Ok(about) = fs::metadata(path) else { return Ok(None) };
    if !about.is_file() {
        return Ok(None);
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&about) & 0o077 != 0 {
        return Err(format!(
            "the file of passwords {} may be read by others; make it yours alone: chmod 600",
            path.display()
        ));
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|e| format!("the file of passwords {} cannot be read: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_by_its_name_and_the_first_of_a_name_counts() {
        let text = "# ours\n[one]\nhost=a\nport = 7\n\n[two]\nhost=b\n[one]\nhost=c\n";
        let one = service(text, "one").expect("it is there");
        assert_eq!((one["host"].as_str(), one["port"].as_str()), ("a", "7"));
        assert_eq!(service(text, "three"), None);
    }

    #[test]
    fn a_password_is_that_of_the_first_line_that_fits() {
        let text =
            "# a word\nother:5432:db:ada:1\ndb\\:1:*:*:ada:a\\:b\\\\c:d\n*:*:*:*:last\nlocalhost:1:x:y:z\n";
        let whom = |host| Whom { host, port: 5432, database: "db", user: "ada" };
        assert_eq!(password(text, &whom("other")).as_deref(), Some("1"));
        assert_eq!(password(text, &whom("db:1")).as_deref(), Some("a:b\\c:d"));
        assert_eq!(password(text, &whom("/tmp")).as_deref(), Some("last"));
        assert_eq!(password("localhost:*:*:*:z", &whom("/tmp")).as_deref(), Some("z"));
        assert_eq!(password("", &whom("other")), None);
        assert_eq!(password("\\*:*:*:*:no", &whom("other")), None);
    }
}
