//! Activities: whether a word that is the name of an identity names one where it stands: by the block around it. Pure.

use crate::code::kind::contains;
use crate::code::place::Form;
use crate::code::spelt::{begins, ends, ends_an_escape};

/// A block that is longer than this, to either side, is not looked through.
const AROUND: usize = 4_096;

/// What says that something is about identities.
const ABOUT_IDENTITIES: [&str; 2] = ["identit", "uami"];

/// How the word between these bytes names an identity of this group; `None` where it does not.
pub(super) fn named(text: &[u8], start: usize, end: usize, group: &str) -> Option<Form> {
    if !is_value(text, start, end) {
        return None;
    }
    let line = (line_start(text, start), line_end(text, end));
    let block = block(text, start, end);
    let (from, to) = block.map_or_else(|| lines_around(text, line), |block| (block.from, block.to));
    let about = |from: usize, to: usize| {
        let sides = [&text[from..start], &text[end..to]];
        ABOUT_IDENTITIES.iter().any(|word| sides.iter().any(|side| contains(side, word)))
    };
    if !about(line.0, line.1) && !about(from, to) {
        return None;
    }
    if block.is_some_and(|block| declares(&text[block.from..start], &text[end..block.to])) {
        return Some(Form::Declaration);
    }
    let has_group = mentions(&text[from..start], group) || mentions(&text[end..to], group);
    Some(if has_group { Form::Parts } else { Form::NameOnly })
}

/// Whether the word is a value by itself, and not a part of a path, a file's name or a symbol.
fn is_value(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].last();
    let opens = before.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`=:,([>\\%/".contains(byte));
    let opens = opens || ends_an_escape(&text[..start]);
    let is_path =
        before == Some(&b'/') && !contains(&text[start.saturating_sub(24)..start], "userassignedidentities");
    let closes =
        text.get(end).is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`,)]<;\\%}&#|".contains(byte));
    opens && closes && !is_path
}

fn line_start(text: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(AROUND);
    text[from..at].iter().rposition(|byte| *byte == b'\n').map_or(from, |found| from + found + 1)
}

fn line_end(text: &[u8], at: usize) -> usize {
    let to = text.len().min(at + AROUND);
    text[at..to].iter().position(|byte| *byte == b'\n').map_or(to, |found| at + found)
}

/// The three lines before a line and after it: what stands together where nothing has brackets.
fn lines_around(text: &[u8], (mut from, mut to): (usize, usize)) -> (usize, usize) {
    for _ in 0..3 {
        from = line_start(text, from.saturating_sub(1));
        to = line_end(text, text.len().min(to + 1));
    }
    (from, to)
}

#[derive(Clone, Copy, Debug)]
struct Block {
    /// Where the line begins that opens it.
    from: usize,
    to: usize,
}

/// The innermost block in brackets around these bytes, with the line that opens it.
fn block(text: &[u8], start: usize, end: usize) -> Option<Block> {
    let (mut depth, mut open) = (0_usize, None);
    for at in (start.saturating_sub(AROUND)..start).rev() {
        match text[at] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth == 0 => {
                open = Some(at);
                break;
            }
            b'(' | b'[' | b'{' => depth -= 1,
            _ => {}
        }
    }
    let open = open?;
    let last = text.len().min(end + AROUND);
    let mut depth = 0_usize;
    let close = (end..last).find(|at| match text[*at] {
        b'(' | b'[' | b'{' => {
            depth += 1;
            false
        }
        b')' | b']' | b'}' if depth == 0 => true,
        b')' | b']' | b'}' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    Some(Block { from: line_start(text, open), to: close.unwrap_or(last) })
}

/// Whether a block makes an identity: what stands in it before the name, and after.
fn declares(before: &[u8], after: &[u8]) -> bool {
    let head = before.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head = plain(head);
    let is_of_type = |text: &str| text.contains("userassignedidentit");
    let words = head.trim_start();
    if words.starts_with("resource ") {
        return is_of_type(words) && !words.contains(" existing");
    }
    let (before, after) = (plain(before), plain(after));
    if words.starts_with("module ") {
        let source = |text: &str| text.contains("userassignedidentity");
        return source(&before) || source(&after);
    }
    // `"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": …` in either order.
    let is_name = before.trim_end_matches(['"', '\'', ' ']).ends_with("\"name\":");
    let typed = |text: &str| {
        text.contains("\"type\": \"microsoft.managedidentity/userassignedidentities\"")
            || text.contains("\"type\":\"microsoft.managedidentity/userassignedidentities\"")
    };
    is_name && (typed(&before) || typed(&after)) || words.contains("new ") && is_of_type(words)
}

/// Without regard to case and to what names of types have between their words.
fn plain(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).to_lowercase();
    text.replace(['_', '-'], "")
}

/// Whether a name stands here as a word, in any case.
fn mentions(text: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    !name.is_empty()
        && text.windows(name.len()).enumerate().any(|(at, there)| {
            there.eq_ignore_ascii_case(name) && begins(text, at, true) && ends(text, at + name.len(), true)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<Form> {
        let at = text.find("id-pay").expect("the name");
        named(text.as_bytes(), at, at + "id-pay".len(), "rg-weu")
    }

    #[test]
    fn a_name_with_its_group_in_one_block_is_the_identity() {
        for text in [
            "data \"azurerm_user_assigned_identity\" \"p\" {\n  name = \"id-pay\"\n  resource_group_name = \"RG-WEU\"\n}",
            "resource p 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {\n  name: 'id-pay'\n  scope: resourceGroup('rg-weu')\n}",
            "\"[resourceId('rg-weu', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'id-pay')]\"",
            "\"[resourceId(\\u0027rg-weu\\u0027, \\u0027Microsoft.ManagedIdentity/userAssignedIdentities\\u0027, \\u0027id-pay\\u0027)]\"",
            "az identity show --name id-pay --resource-group rg-weu",
            "identity:\n  name: id-pay\n  resourceGroup: rg-weu\n",
        ] {
            assert_eq!(seen(text), Some(Form::Parts), "{text}");
        }
    }

    #[test]
    fn what_makes_the_identity_is_told_from_what_uses_it() {
        for text in [
            "resource \"azurerm_user_assigned_identity\" \"p\" {\n  name = \"id-pay\"\n  location = var.l\n}",
            "resource p 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {\n  name: 'id-pay'\n}",
            "{\n \"type\": \"Microsoft.ManagedIdentity/userAssignedIdentities\",\n \"name\": \"id-pay\"}",
            "{\"name\":\"id-pay\",\"type\":\"Microsoft.ManagedIdentity/userAssignedIdentities\"}",
            "module \"p\" {\n source = \"Azure/avm-res-managedidentity-userassignedidentity/azurerm\"\n name = \"id-pay\"\n}",
            "var p = new UserAssignedIdentity(\"id-pay\", new() {});",
        ] {
            assert_eq!(seen(text), Some(Form::Declaration), "{text}");
        }
    }

    #[test]
    fn a_name_without_its_group_may_be_another_and_one_that_is_no_name_of_an_identity_is_nothing() {
        assert_eq!(seen("managedIdentityName: id-pay"), Some(Form::NameOnly));
        assert_eq!(seen("\"identityName\": {\"value\": \"id-pay\"}"), Some(Form::NameOnly));
        for text in [
            "image: id-pay",
            "azurerm_user_assigned_identity.id-pay.id",
            "identity/id-pay/x",
            "# id-pay.tf identity",
        ] {
            assert_eq!(seen(text), None, "{text}");
        }
    }
}
