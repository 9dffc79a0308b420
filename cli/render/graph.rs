//! CLI: the graph of an identity as text, for Graphviz and for Mermaid. Names are hostile: each form has an escape of its own.
//! Pure.

use crate::counted::counted;
use crate::error::one_line;
use crate::graph::{Graph, Link, Relation};
use crate::put::putln;
use std::fmt::Write;

/// Under a heading for each way of being tied to it.
pub(crate) fn text(graph: &Graph) -> String {
    let mut out = String::new();
    putln!(out, "{}   {}   move {}", graph.name(), graph.location, graph.run);
    putln!(out, "  {}", graph.identity);
    putln!(out, "  client {}   principal {}", graph.client_id, graph.principal_id);
    for relation in Relation::ALL {
        let all: Vec<&Link> = graph.links.iter().filter(|link| link.relation == relation).collect();
        if all.is_empty() {
            continue;
        }
        putln!(out, "\n{}   {}", relation.title(), all.len());
        for link in all {
            putln!(out, "  {}   {}", link.name, link.label);
        }
    }
    if !graph.gaps.is_empty() {
        putln!(out, "\nNOT READ   {}: there may be more", counted(graph.gaps.len(), "place"));
        for gap in &graph.gaps {
            putln!(out, "  {gap}");
        }
    }
    if !graph.unseen.is_empty() {
        putln!(out, "\nCANNOT BE SEEN   {} from outside", counted(graph.unseen.len(), "thing"));
        graph.unseen.iter().for_each(|what| putln!(out, "  {what}"));
    }
    out.trim_end().to_owned()
}

/// For Graphviz.
pub(crate) fn dot(graph: &Graph) -> String {
    let mut out = "digraph identity {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    out.push_str(&format!("  n0 [label={}, shape=oval];\n", dot_text(graph.name())));
    for (n, link) in (1..).zip(&graph.links) {
        out.push_str(&format!("  n{n} [label={}];\n", dot_text(&link.name)));
        let (from, to) = ends(n, link);
        out.push_str(&format!("  n{from} -> n{to} [label={}];\n", dot_text(&link.label)));
    }
    out.push('}');
    out
}

/// For Mermaid, which pages of a wiki draw by themselves.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    out.push_str(&format!("  n0([{}])\n", mermaid_text(graph.name())));
    for (n, link) in (1..).zip(&graph.links) {
        out.push_str(&format!("  n{n}[{}]\n", mermaid_text(&link.name)));
        let (from, to) = ends(n, link);
        out.push_str(&format!("  n{from} -->|{}| n{to}\n", mermaid_text(&link.label)));
    }
    out.trim_end().to_owned()
}

fn ends(n: usize, link: &Link) -> (usize, usize) {
    if link.relation.comes_in() { (n, 0) } else { (0, n) }
}

/// A quoted string of DOT. A backslash would begin an escape, and an ampersand an entity.
fn dot_text(text: &str) -> String {
    let shown = one_line(text).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    format!("\"{shown}\"")
}

/// A quoted string of Mermaid, in which everything that could mean something there is the number of its character.
fn mermaid_text(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " -_./:,+@".contains(c);
    let shown = one_line(text).chars().fold(String::new(), |mut shown, c| {
        match plain(c) {
            true => shown.push(c),
            false => shown.push_str(&format!("#{};", u32::from(c))),
        }
        shown
    });
    // Nothing between the quotes is no label at all.
    if shown.is_empty() { "\" \"".to_owned() } else { format!("\"{shown}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters that mean something to one of the forms, or to a terminal.
    const HOSTILE: &[&str] = &[
        "\"",
        "\\",
        "\\n",
        "\\\"",
        "]",
        "[",
        "}",
        "{",
        ";",
        "-->",
        "->",
        "|",
        "&",
        "&quot;",
        "#",
        "#quot;",
        "#34;",
        "<b>",
        "`",
        "\n",
        "\r",
        "\t",
        "\u{1b}[2J",
        "\u{202e}",
        "%%",
        "end",
        "click n0 href",
        "--",
        "//",
        "é",
        "名",
    ];

    /// Texts made of those, the same for the same seed.
    fn texts(seed: u64) -> impl Iterator<Item = String> {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits")
        };
        std::iter::repeat_with(move || {
            let parts = next() % 6;
            (0..parts).map(|_| HOSTILE[next() % HOSTILE.len()]).collect()
        })
    }

    fn graph(name: &str, label: &str) -> Graph {
        let links = Relation::ALL.map(|relation| Link {
            relation,
            label: label.to_owned(),
            name: name.to_owned(),
            id: "/x".to_owned(),
        });
        Graph {
            run: "m-1".to_owned(),
            identity: format!("/a/{}", name.replace('/', "")),
            location: "westeurope".to_owned(),
            client_id: "c".to_owned(),
            principal_id: "p".to_owned(),
            links: links.to_vec(),
            gaps: vec![format!("gap {label}.")],
            unseen: Vec::new(),
        }
    }

    /// What Graphviz reads in a line: the string behind `label=`, and what is left of the line without it.
    fn read_dot(line: &str) -> (String, String) {
        let (before, rest) = line.split_once("label=\"").expect("a label");
        let (mut said, mut rest) = (String::new(), rest.chars());
        loop {
            match rest.next().expect("the string ends") {
                '"' => break,
                '\\' => said.push(rest.next().expect("something is escaped")),
                c => said.push(c),
            }
        }
        (said.replace("&amp;", "&"), format!("{before}{}", rest.as_str()))
    }

    fn read_mermaid(line: &str) -> (String, String) {
        let (before, rest) = line.split_once('"').expect("a string");
        let (inside, after) = rest.split_once('"').expect("it ends");
        let mut parts = inside.split('#');
        let mut said = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (number, rest) = part.split_once(';').expect("the number of a character");
            said.push(number.parse().ok().and_then(char::from_u32).expect("a character"));
            said.push_str(rest);
        }
        (said, format!("{before}{after}"))
    }

    #[test]
    fn no_name_breaks_out_of_its_string_and_every_one_is_read_back() {
        let seed = 7;
        println!("seed {seed}");
        let mut texts = texts(seed);
        for _ in 0..500 {
            let (name, label) = (texts.next().expect("one"), texts.next().expect("one"));
            let graph = graph(&name, &label);
            let dot = dot(&graph);
            let lines: Vec<&str> = dot.lines().collect();
            assert_eq!(lines.len(), 3 + 1 + 2 * Relation::ALL.len() + 1, "{dot}");
            for (n, pair) in (1..).zip(lines[4..lines.len() - 1].chunks(2)) {
                assert_eq!(read_dot(pair[0]), (one_line(&name), format!("  n{n} [];")));
                let (said, rest) = read_dot(pair[1]);
                assert_eq!(said, one_line(&label));
                assert!(rest == format!("  n0 -> n{n} [];") || rest == format!("  n{n} -> n0 [];"), "{rest}");
            }
            let mermaid = mermaid(&graph);
            let lines: Vec<&str> = mermaid.lines().collect();
            assert_eq!(lines.len(), 2 + 2 * Relation::ALL.len(), "{mermaid}");
            let shown = |text: &str| if text.is_empty() { " ".to_owned() } else { one_line(text) };
            for (n, pair) in (1..).zip(lines[2..].chunks(2)) {
                assert_eq!(read_mermaid(pair[0]), (shown(&name), format!("  n{n}[]")));
                let (said, rest) = read_mermaid(pair[1]);
                assert_eq!(said, shown(&label));
                assert!(rest == format!("  n0 -->|| n{n}") || rest == format!("  n{n} -->|| n0"), "{rest}");
            }
            let text = text(&graph);
            assert_eq!(text.lines().count(), 3 + 3 * Relation::ALL.len() + 3, "{text}");
        }
    }
}
