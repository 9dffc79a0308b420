//! Activities: literals, identifiers and comments of the languages that scripts for databases are in. Pure.

use super::{UNFIT, fit};

/// A language of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Azure SQL; `sqlcmd` and its like read the script, which end a batch at a line `GO` and fill in `$(…)` even
    /// inside literals.
    TSql,
    /// PostgreSQL, with standard literals.
    Postgres,
    /// MySQL, where a backslash is special inside a literal.
    MySql,
    /// Kusto, where nothing is doubled.
    Kql,
}

impl Language {
    /// What stands between the single quotes of a literal.
    pub(crate) fn literal(self, text: &str) -> String {
        let text = self.fit(text);
        match self {
            Self::TSql | Self::Postgres => text.replace('\'', "''"),
            Self::MySql => text.replace('\\', r"\\").replace('\'', "''"),
            Self::Kql => text.replace('\\', r"\\").replace('\'', r"\'"),
        }
    }

    /// What stands between the marks of an identifier: `[…]`, `"…"`, `` `…` ``, of Kusto `['…']`.
    pub(crate) fn identifier(self, text: &str) -> String {
        let doubled = |closing: &str| self.fit(text).replace(closing, &closing.repeat(2));
        match self {
            Self::TSql => doubled("]"),
            Self::Postgres => doubled("\""),
            Self::MySql => doubled("`"),
            Self::Kql => self.literal(text),
        }
    }

    /// A line that nothing in it can end.
    pub(crate) fn comment(self, text: &str) -> String {
        let mark = if self == Self::Kql { "//" } else { "--" };
        format!("{mark} {}\n", self.fit(text))
    }

    fn fit(self, text: &str) -> String {
        let text = fit(text);
        if self == Self::TSql { text.replace("$(", &format!("{UNFIT}(")) } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_in_its_literal_its_identifier_and_its_comment() {
        use Language::*;
        assert_eq!(MySql.literal(r"a'b\"), r"a''b\\");
        assert_eq!(Postgres.literal(r"a'b\"), r"a''b\");
        assert_eq!(Kql.literal(r"t') x\"), r"t\') x\\");
        assert_eq!(TSql.literal("x'\nGO\n$(y)"), "x''\u{fffd}GO\u{fffd}\u{fffd}(y)");
        assert_eq!(TSql.identifier("a]b"), "a]]b");
        assert_eq!(MySql.identifier("a`b"), "a``b");
        assert_eq!(Postgres.identifier("a\"b"), "a\"\"b");
        assert_eq!(Postgres.comment("s\nDROP TABLE t;"), "-- s\u{fffd}DROP TABLE t;\n");
        assert_eq!(Kql.comment("s\u{2028}.drop table t"), "// s\u{fffd}.drop table t\n");
    }
}
