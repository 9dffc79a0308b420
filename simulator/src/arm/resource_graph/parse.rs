//! Resource Graph: the text of a query into what it means. Pure. A small part of KQL, refused beyond that.

use serde_json::Value;

/// A query: a table and what is done to its rows, in order.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) table: String,
    pub(super) steps: Vec<Step>,
}

/// One step.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Where(Expr),
    Extend(Vec<(String, Expr)>),
    Project(Vec<(String, Expr)>),
    Limit(usize),
    Distinct(Vec<(String, Expr)>),
    Count,
    /// The first so many in an order.
    Top(usize, Expr, bool),
    /// Another query, how, and the columns that must be equal in both.
    Join(Box<Query>, Join, Vec<String>),
    MvExpand(String, Expr),
    OrderBy(Expr, bool),
    /// Aggregates, and by what rows are put together.
    Summarize(Vec<(String, String, Vec<Expr>)>, Vec<(String, Expr)>),
    /// Columns that go.
    Away(Vec<String>),
    /// New name and old.
    Rename(Vec<(String, String)>),
}

/// Which rows of two tables are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Inner,
    InnerUnique,
    LeftOuter,
    LeftAnti,
    LeftSemi,
}

/// What `summarize` can make of many rows.
const AGGREGATES: [&str; 10] =
    ["count", "countif", "dcount", "sum", "min", "max", "avg", "any", "make_list", "make_set"];

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A text, a number, or a truth.
    Given(Value),
    /// A column, and the members below it.
    Path(Vec<String>),
    Call(String, Vec<Expr>),
    Binary(Box<Expr>, String, Box<Expr>),
    In(Box<Expr>, bool, bool, Vec<Expr>),
    /// Lists rather than pairs of pairs: a long chain of them must not be a deep one.
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// `a contains 'b' or a contains 'c'`, of the texts in lower case: `a` is made once for all of them.
    ContainsAny(Box<Expr>, super::needles::Needles),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(String),
}

/// A query is at most this deep.
const DEPTH_MAX: usize = 64;

/// Reads a query.
pub(super) fn query(text: &str) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let query = parser.query()?;
    if parser.at < parser.tokens.len() {
        return Err(format!("expected | at token {}", parser.at));
    }
    Ok(query)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut chars = text.chars().peekable();
    let mut out = Vec::new();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '\'' || c == '"' {
            chars.next();
            out.push(Token::Text(quoted(&mut chars, c)?));
        } else if c.is_ascii_digit() {
            let mut number = String::new();
            while let Some(d) = chars.next_if(|d| d.is_ascii_digit() || *d == '.') {
                number.push(d);
            }
            out.push(Token::Number(number.parse().map_err(|_| format!("{number} is not a number"))?));
        } else if c.is_alphabetic() || c == '_' || c == '$' {
            let mut word = String::new();
            while let Some(d) = chars.next_if(|d| d.is_alphanumeric() || matches!(d, '_' | '$' | '-' | '~')) {
                // `in~` is one word; a minus joins only operators such as mv-expand.
                word.push(d);
            }
            out.push(Token::Word(word));
        } else {
            chars.next();
            let mut sign = c.to_string();
            if matches!(c, '=' | '!' | '<' | '>')
                && let Some(d) = chars.next_if(|d| matches!(d, '=' | '~'))
            {
                sign.push(d);
            }
            out.push(Token::Sign(sign));
        }
    }
    Ok(out)
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, end: char) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next() {
            None => return Err("a text does not end".to_owned()),
            Some('\\') => text.extend(chars.next()),
            Some(c) if c == end => return Ok(text),
            Some(c) => text.push(c),
        }
    }
}

/// Several conditions of which one is enough: as one, where all of them look for a text in the same.
fn contains_any(parts: Vec<Expr>) -> Expr {
    let looked_for = |part: &Expr| match part {
        Expr::Binary(of, operator, what) if operator == "contains" => match &**what {
            Expr::Given(Value::String(text)) => Some((of.clone(), text.to_lowercase())),
            _ => None,
        },
        _ => None,
    };
    let Some((of, _)) = parts.first().and_then(looked_for) else { return Expr::Any(parts) };
    let same = |part| looked_for(part).filter(|(other, _)| *other == of).map(|(_, text)| text);
    match parts.iter().map(same).collect() {
        Some(texts) => Expr::ContainsAny(of, super::needles::Needles::new(texts)),
        None => Expr::Any(parts),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if s == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word))
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        if self.is_sign(sign) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("expected {sign} at token {}", self.at))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            other => Err(format!("expected a word, found {other:?}")),
        }
    }

    fn query(&mut self) -> Result<Query, String> {
        let table = self.word()?;
        let mut steps = Vec::new();
        while self.is_sign("|") {
            self.at += 1;
            steps.push(self.step()?);
        }
        Ok(Query { table, steps })
    }

    fn number(&mut self) -> Result<usize, String> {
        match self.peek() {
            Some(Token::Number(number)) if *number >= 0.0 => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
                let count = *number as usize;
                self.at += 1;
                Ok(count)
            }
            other => Err(format!("expected a number, found {other:?}")),
        }
    }

    fn by(&mut self) -> Result<(Expr, bool), String> {
        if !self.is_word("by") {
            return Err("expected by".to_owned());
        }
        self.at += 1;
        let by = self.expr()?;
        let ascending = self.is_word("asc");
        if ascending || self.is_word("desc") {
            self.at += 1;
        }
        Ok((by, ascending))
    }

    /// `join kind=leftouter (query) on a, b`.
    fn join(&mut self) -> Result<Step, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("the query is too deep".to_owned());
        }
        let mut kind = Join::InnerUnique;
        if self.is_word("kind") {
            self.at += 1;
            self.sign("=")?;
            kind = match self.word()?.to_lowercase().as_str() {
                "inner" => Join::Inner,
                "innerunique" => Join::InnerUnique,
                "leftouter" => Join::LeftOuter,
                "leftanti" => Join::LeftAnti,
                "leftsemi" => Join::LeftSemi,
                other => return Err(format!("the join {other} is not known here")),
            };
        }
        self.sign("(")?;
        let query = self.query()?;
        self.sign(")")?;
        if !self.is_word("on") {
            return Err("expected on".to_owned());
        }
        self.at += 1;
        let mut columns = vec![self.word()?];
        while self.is_sign(",") {
            self.at += 1;
            columns.push(self.word()?);
        }
        self.depth -= 1;
        Ok(Step::Join(Box::new(query), kind, columns))
    }

    fn step(&mut self) -> Result<Step, String> {
        let word = self.word()?;
        Ok(match word.to_lowercase().as_str() {
            "where" | "filter" => Step::Where(self.expr()?),
            "extend" => Step::Extend(self.columns()?),
            "project" => Step::Project(self.columns()?),
            "distinct" => Step::Distinct(self.columns()?),
            "count" => Step::Count,
            "limit" | "take" => Step::Limit(self.number()?),
            "top" => {
                let count = self.number()?;
                let (by, ascending) = self.by()?;
                Step::Top(count, by, ascending)
            }
            "join" => self.join()?,
            "mv-expand" => {
                let (name, expr) = self.columns()?.into_iter().next().ok_or("mv-expand needs a column")?;
                Step::MvExpand(name, expr)
            }
            "order" | "sort" => {
                let (by, ascending) = self.by()?;
                Step::OrderBy(by, ascending)
            }
            "summarize" => self.summarize()?,
            "project-away" => {
                let named = self.columns()?.into_iter().map(|(name, _)| name);
                Step::Away(named.collect())
            }
            "project-rename" => {
                let pairs = self.columns()?.into_iter().map(|(new, old)| match old {
                    Expr::Path(path) if path.len() == 1 => Ok((new, path[0].clone())),
                    _ => Err("project-rename takes columns only".to_owned()),
                });
                Step::Rename(pairs.collect::<Result<_, _>>()?)
            }
            other => return Err(format!("the operator {other} is not known here")),
        })
    }

    fn summarize(&mut self) -> Result<Step, String> {
        let mut made = Vec::new();
        while self.peek().is_some() && !self.is_word("by") && !self.is_sign("|") {
            let named = matches!(self.tokens.get(self.at + 1), Some(Token::Sign(s)) if s == "=");
            let name = if named { Some(self.word()?) } else { None };
            self.at += usize::from(named);
            let function = self.word()?.to_lowercase();
            if !AGGREGATES.contains(&function.as_str()) {
                return Err(format!("the aggregate {function} is not known here"));
            }
            self.sign("(")?;
            let given = self.arguments()?;
            let of = match given.first() {
                Some(Expr::Path(path)) => path.join("_"),
                _ => String::new(),
            };
            made.push((name.unwrap_or(format!("{function}_{of}")), function, given));
            if !self.is_sign(",") {
                break;
            }
            self.at += 1;
        }
        let by = if self.is_word("by") {
            self.at += 1;
            self.columns()?
        } else {
            Vec::new()
        };
        Ok(Step::Summarize(made, by))
    }

    fn columns(&mut self) -> Result<Vec<(String, Expr)>, String> {
        let mut columns = Vec::new();
        loop {
            let start = self.at;
            let named = matches!(self.peek(), Some(Token::Word(_)))
                && matches!(self.tokens.get(self.at + 1), Some(Token::Sign(s)) if s == "=");
            if named {
                let name = self.word()?;
                self.at += 1;
                columns.push((name, self.expr()?));
            } else {
                let expr = self.expr()?;
                let name = match &expr {
                    Expr::Path(path) => path.join("_"),
                    _ => format!("Column{start}"),
                };
                columns.push((name, expr));
            }
            if !self.is_sign(",") {
                return Ok(columns);
            }
            self.at += 1;
        }
    }

    fn expr(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("the expression is too deep".to_owned());
        }
        let mut any = vec![self.and()?];
        while self.is_word("or") {
            self.at += 1;
            any.push(self.and()?);
        }
        self.depth -= 1;
        Ok(if any.len() == 1 { any.swap_remove(0) } else { contains_any(any) })
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut all = vec![self.compared()?];
        while self.is_word("and") {
            self.at += 1;
            all.push(self.compared()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Expr::All(all) })
    }

    fn compared(&mut self) -> Result<Expr, String> {
        let left = self.primary()?;
        let operator = match self.peek() {
            Some(Token::Sign(s)) if ["==", "!=", "=~", "!~", "<", ">", "<=", ">="].contains(&s.as_str()) => {
                s.clone()
            }
            Some(Token::Word(w)) => w.to_lowercase(),
            Some(Token::Sign(s)) if s == "!" => {
                self.at += 1;
                let negated = self.compared_with(left)?;
                return Ok(Expr::Not(Box::new(negated)));
            }
            _ => return Ok(left),
        };
        let known = ["contains", "has", "startswith", "endswith", "in", "in~"];
        if operator.chars().all(char::is_alphabetic) && !known.contains(&operator.as_str()) {
            return Ok(left);
        }
        self.compared_with(left)
    }

    fn compared_with(&mut self, left: Expr) -> Result<Expr, String> {
        let operator = match self.peek() {
            Some(Token::Sign(s) | Token::Word(s)) => s.to_lowercase(),
            other => return Err(format!("expected an operator, found {other:?}")),
        };
        self.at += 1;
        if operator == "in" || operator == "in~" {
            self.sign("(")?;
            let list = self.arguments()?;
            return Ok(Expr::In(Box::new(left), operator == "in~", false, list));
        }
        let right = self.primary()?;
        Ok(Expr::Binary(Box::new(left), operator, Box::new(right)))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, String> {
        let mut list = Vec::new();
        while !self.is_sign(")") {
            list.push(self.expr()?);
            if self.is_sign(",") {
                self.at += 1;
            }
        }
        self.sign(")")?;
        Ok(list)
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let token = self.peek().cloned().ok_or("the query ends too early")?;
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Expr::Given(Value::from(text))),
            Token::Number(number) => Ok(Expr::Given(Value::from(number))),
            Token::Sign(sign) if sign == "(" => {
                let inner = self.expr()?;
                self.sign(")")?;
                Ok(inner)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Ok(Expr::Given(Value::from(true))),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Ok(Expr::Given(Value::from(false))),
            Token::Word(word) if word.eq_ignore_ascii_case("not") && self.is_sign("(") => {
                self.at += 1;
                let inner = self.expr()?;
                self.sign(")")?;
                Ok(Expr::Not(Box::new(inner)))
            }
            Token::Word(word) if self.is_sign("(") => {
                self.at += 1;
                Ok(Expr::Call(word.to_lowercase(), self.arguments()?))
            }
            Token::Word(word) => self.path(word),
            Token::Sign(sign) => Err(format!("{sign} was not expected here")),
        }
    }

    fn path(&mut self, first: String) -> Result<Expr, String> {
        let mut path = vec![first];
        loop {
            if self.is_sign(".") {
                self.at += 1;
                path.push(self.word()?);
            } else if self.is_sign("[") {
                self.at += 1;
                match self.peek().cloned() {
                    Some(Token::Text(text)) => path.push(text),
                    Some(Token::Number(number)) => path.push(number.to_string()),
                    other => return Err(format!("expected a name in brackets, found {other:?}")),
                }
                self.at += 1;
                self.sign("]")?;
            } else {
                return Ok(Expr::Path(path));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_and_what_is_not_known_is_refused() {
        let text = "resources | where type =~ 'a/b' and (properties.x['y'] contains 'it\\'s' or name !in ('a','b')) \
                    | extend t = tolower(strcat(tostring(identity), ' ')) | project id, t | take 5";
        let query = query(text).expect("it is a query");
        assert_eq!((query.table.as_str(), query.steps.len()), ("resources", 4));
        for bad in [
            "resources | frobnicate",
            "resources | where",
            "resources | where x == 'a",
            "| where",
            "",
            "a | join (b | join",
        ] {
            assert!(super::query(bad).is_err(), "{bad}");
        }
        assert!(super::query(&format!("t | where {}x{}", "(".repeat(500), ")".repeat(500))).is_err());
    }
}
