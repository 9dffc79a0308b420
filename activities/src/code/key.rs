//! Activities: the key that a place in a file is the value of: never the value itself, nor what stands beside it. Pure.

/// A key that is longer than this is none.
const KEY_MAX: usize = 64;

/// So many bytes before a place are looked at.
const LOOKED_AT: usize = 256;

/// The key whose value begins before this byte of a line, where that is plain: what stands at the beginning of the line,
/// or behind what separates one pair from the next. In anything else, a secret may look like a key.
pub(super) fn key(line: &[u8], at: usize) -> Option<String> {
    let at = at.min(line.len());
    let before = String::from_utf8_lossy(&line[at.saturating_sub(LOOKED_AT)..at]);
    // What was cut off is no beginning of a line.
    let before =
        if at > LOOKED_AT { format!("{}{before}", char::REPLACEMENT_CHARACTER) } else { before.into_owned() };
    flag(&before).or_else(|| pair(&before))
}

/// `--client-id ID`
fn flag(before: &str) -> Option<String> {
    let word = before.trim_end_matches(['"', '\'', ' ', '=']).rsplit([' ', '\t']).next()?;
    let is_flag = before.ends_with([' ', '=', '"', '\'']) && word.starts_with('-') && word.len() > 2;
    (is_flag && is_key(word)).then(|| word.to_owned())
}

fn pair(before: &str) -> Option<String> {
    let mut rest = before;
    while let Some(at) = rest.rfind(['=', ':']) {
        let head = rest[..at].trim_end_matches([' ', '\t', '"', '\'', '\\', '=', ':', '+']);
        let begin = head
            .rfind(|c: char| !is_of_key(c))
            .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
        let (lead, key) = head.split_at(begin);
        if is_key(key) && opens(lead) {
            return Some(key.to_owned());
        }
        rest = &rest[..at];
    }
    None
}

/// Whether a pair may begin behind this: it is the first of its line, or the one before it has ended.
fn opens(lead: &str) -> bool {
    let lead = lead.trim_end_matches(['"', '\'', '\\', ' ', '\t']);
    let is_one_word = !lead.trim_start().is_empty()
        && lead.trim_start().chars().all(|c| c.is_ascii_alphabetic() || c == '$');
    lead.is_empty() || is_one_word || lead.ends_with(['{', '(', '[', ',', ';', '&', '?', '-', '\u{feff}'])
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./@$".contains(c)
}

/// Whether a word looks like a key, and not like what was made by chance.
fn is_key(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    (1..=KEY_MAX).contains(&word.len())
        && digits * 3 <= word.len()
        && word.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        key(line.as_bytes(), line.rfind("ID").expect("the id"))
    }

    #[test]
    fn the_key_of_a_place_is_told_in_every_notation() {
        for (line, wanted) in [
            ("  client_id = \"ID\"", "client_id"),
            ("    azure.workload.identity/client-id: \"ID\"", "azure.workload.identity/client-id"),
            ("\"clientId\": \"ID\",", "clientId"),
            ("{\"a\": 1, \"clientId\":\"ID\"}", "clientId"),
            ("export AZURE_CLIENT_ID=ID", "AZURE_CLIENT_ID"),
            ("- AZURE_CLIENT_ID: ID", "AZURE_CLIENT_ID"),
            ("Server=x;User Id=y;ClientId=ID;", "ClientId"),
            ("https://x/?client_id=ID&y", "client_id"),
            ("az login --client-id ID", "--client-id"),
            ("const clientId = 'ID'", "clientId"),
            ("  client-id: ${{ 'ID' }}", "client-id"),
        ] {
            assert_eq!(of(line).as_deref(), Some(wanted), "{line}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_no_key() {
        for line in [
            "Authorization: Bearer hunter2:ID",
            "SECRET=hunter2:ID",
            "https://user:hunter2@host/ID",
            "hunter2 ID",
            "connect(\"hunter2\", \"ID\")",
            "x = f1e2d3c4b5a69788f1e2d3c4b5a69788:ID",
        ] {
            assert!(!of(line).unwrap_or_default().contains("hunter2"), "{line}: {:?}", of(line));
            assert!(!of(line).unwrap_or_default().contains("f1e2"), "{line}");
        }
        assert_eq!(key(b"caf\xe9=ID", 5), None);
    }
}
