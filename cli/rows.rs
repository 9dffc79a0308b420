//! CLI: results as rows: a line of JSON for each, or columns under a header. Pure.
//!
//! Columns keep their names, their meaning and their places; new ones come last.

use crate::args::Format;
use crate::error::{clean_json, one_line};
use serde_json::Value;
use std::collections::BTreeSet;
use std::error::Error;

/// The name of a column, and where its cell is in a row (a JSON Pointer).
pub(crate) type Column = (&'static str, &'static str);

/// The rows of a result that is about many things.
pub(crate) struct List<'a> {
    pub(crate) columns: &'static [Column],
    /// Objects, which are made only where they are printed. Lines of JSON have the whole of each.
    pub(crate) rows: &'a dyn Fn() -> Vec<Value>,
    /// Whether the names of the columns come first; only the first part of a list has them.
    pub(crate) header: bool,
}

impl<'a> List<'a> {
    /// All of a list.
    pub(crate) fn whole(columns: &'static [Column], rows: &'a dyn Fn() -> Vec<Value>) -> Self {
        Self { columns, rows, header: true }
    }
}

type Printed = Result<String, Box<dyn Error>>;

/// A list of things.
pub(crate) fn of_list(format: Format, list: &List<'_>) -> Printed {
    let rows = (list.rows)();
    if format == Format::Jsonl {
        return lines(&rows);
    }
    let header = list.header.then(|| list.columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    let of = |row: &Value| {
        list.columns.iter().map(|(_, at)| row.pointer(at).map_or_else(String::new, cell)).collect()
    };
    table(format, header, rows.iter().map(of).collect())
}

/// A result that is one thing: its members, but for those that have members of their own.
pub(crate) fn of_one(format: Format, value: &Value) -> Printed {
    match (format, value) {
        (Format::Jsonl, _) => lines(std::slice::from_ref(value)),
        (_, Value::Object(members)) => {
            let flat = members.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
            let (header, cells) = flat.map(|(name, value)| (name.clone(), cell(value))).unzip();
            table(format, Some(header), vec![cells])
        }
        (_, other) => table(format, None, vec![vec![cell(other)]]),
    }
}

/// What was picked from a result. Lists of objects have their members as columns; other lists have no names for theirs.
pub(crate) fn of_picked(format: Format, found: &Value) -> Printed {
    let all = match found {
        Value::Null => &[],
        Value::Array(all) => &all[..],
        one => std::slice::from_ref(one),
    };
    if format == Format::Jsonl {
        return lines(all);
    }
    let names: BTreeSet<&String> =
        all.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    let header = (!names.is_empty()).then(|| names.iter().map(|name| one_line(name)).collect());
    let cells = all.iter().map(|row| match row {
        Value::Array(row) => row.iter().map(cell).collect(),
        Value::Object(row) => names.iter().map(|name| cell(row.get(*name).unwrap_or(&Value::Null))).collect(),
        one => vec![cell(one)],
    });
    table(format, header, cells.collect())
}

fn lines(rows: &[Value]) -> Printed {
    let lines = rows.iter().map(|row| Ok(clean_json(&serde_json::to_string(row)?)));
    Ok(lines.collect::<Result<Vec<_>, serde_json::Error>>()?.join("\n"))
}

/// A value as the text of a cell; what would begin a column or a row of its own is shown, and not obeyed.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text),
        other => clean_json(&other.to_string()),
    }
}

fn table(format: Format, header: Option<Vec<String>>, rows: Vec<Vec<String>>) -> Printed {
    let all = header.into_iter().chain(rows);
    if format == Format::Tsv {
        return Ok(all.map(|row| row.join("\t")).collect::<Vec<_>>().join("\n"));
    }
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in all {
        writer.write_record(row.into_iter().map(harmless))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?.trim_end_matches('\n').to_owned())
}

/// A spreadsheet takes a text that begins so for a formula, and carries it out.
fn harmless(text: String) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    if formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: &[Column] =
        &[("run", "/run"), ("state", "/state"), ("done", "/done"), ("first", "/more/0"), ("gone", "/gone")];

    fn of(format: Format, rows: &[Value], header: bool) -> String {
        let rows = || rows.to_vec();
        of_list(format, &List { header, ..List::whole(COLUMNS, &rows) }).expect("rows")
    }

    #[test]
    fn a_list_has_the_columns_that_it_promises_and_a_line_of_json_has_everything() {
        let rows = [
            json!({"run": "m-1", "state": "done", "done": 3, "more": [1]}),
            json!({"run": "m\t2\nx,\"", "state": "=cmd()", "done": -4, "other": null}),
        ];
        let tsv = of(Format::Tsv, &rows, true);
        assert_eq!(tsv, "run\tstate\tdone\tfirst\tgone\nm-1\tdone\t3\t1\t\nm\\t2\\nx,\"\t=cmd()\t-4\t\t");
        let csv = of(Format::Csv, &rows, true);
        assert_eq!(csv, "run,state,done,first,gone\nm-1,done,3,1,\n\"m\\t2\\nx,\"\"\",'=cmd(),-4,,");
        let jsonl = of(Format::Jsonl, &rows, true);
        assert_eq!(jsonl.lines().next(), Some(r#"{"done":3,"more":[1],"run":"m-1","state":"done"}"#));
        assert_eq!(of(Format::Tsv, &[], false), "");
    }

    #[test]
    fn one_thing_is_one_row_of_what_is_flat_in_it() {
        let value = json!({"format_version": "1.0", "batch": "b", "left_out": {}, "at": null});
        assert_eq!(of_one(Format::Tsv, &value).expect("rows"), "at\tbatch\tformat_version\n\tb\t1.0");
        assert_eq!(of_one(Format::Jsonl, &json!({"a": [1]})).expect("rows"), r#"{"a":[1]}"#);
    }

    #[test]
    fn what_was_picked_is_printed_without_names_where_it_has_none() {
        for (found, tsv) in [
            (json!(["m-1", "m-2"]), "m-1\nm-2"),
            (json!([["m-1", 3], ["m-2", null]]), "m-1\t3\nm-2\t"),
            (json!([{"b": 1, "a": "x"}, {"c": {"d": 1}}]), "a\tb\tc\nx\t1\t\n\t\t{\"d\":1}"),
            (json!("m-1"), "m-1"),
            (json!(null), ""),
        ] {
            assert_eq!(of_picked(Format::Tsv, &found).expect("rows"), tsv);
        }
    }

    #[test]
    fn no_text_begins_a_row_or_a_column_of_its_own() {
        for text in ["a\tb", "a\nb", "a\r\nb", "\u{1b}[2J", "\u{2028}", "\"", ",", "=1+1", "@x", "-x"] {
            let rows = [json!({"run": text, "state": text, "done": 1})];
            let tsv = of(Format::Tsv, &rows, true);
            assert_eq!(tsv.lines().count(), 2, "{text:?}");
            assert!(tsv.lines().all(|line| line.split('\t').count() == COLUMNS.len()), "{text:?}: {tsv}");
            let csv = of(Format::Csv, &rows, true);
            let read: Vec<csv::StringRecord> = csv::Reader::from_reader(csv.as_bytes())
                .into_records()
                .collect::<Result<_, _>>()
                .expect("CSV");
            assert_eq!((read.len(), read[0].len()), (1, COLUMNS.len()), "{text:?}: {csv}");
            assert!(!read[0][0].starts_with(['=', '+', '-', '@']), "{text:?}: {csv}");
        }
    }
}
