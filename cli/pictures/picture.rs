//! CLI: a picture: what it is called, what it says to whoever cannot see it, and its shapes. Pure.

use super::colours::{COLOURS, SHAPES};
use crate::error::one_line;
use maud::{Markup, PreEscaped, html};

/// A picture. Its texts may come from Azure: they are escaped where they are set, by [`said`] and by the templates.
pub(crate) struct Picture {
    /// A name of its own on a page.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What it shows, in words.
    pub(crate) about: String,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) shapes: Markup,
}

impl Picture {
    /// As it stands in a page, which has the colours.
    pub(crate) fn inline(&self) -> Markup {
        self.svg(false)
    }

    /// As a file of its own.
    pub(crate) fn file(&self) -> String {
        self.svg(true).into_string()
    }

    fn svg(&self, alone: bool) -> Markup {
        let Self { id, width, height, .. } = self;
        html! {
            svg xmlns=[alone.then_some("http://www.w3.org/2000/svg")] class="pic" role="img" width=(width) height=(height)
                viewBox={ "0 0 " (width) " " (height) } aria-labelledby={ (id) "-title " (id) "-about" } {
                title id={ (id) "-title" } { (said(&self.title)) }
                desc id={ (id) "-about" } { (said(&self.about)) }
                @if alone {
                    style { (PreEscaped(COLOURS)) (PreEscaped(SHAPES)) ".pic{background:var(--paper)}" }
                }
                (self.shapes)
            }
        }
    }
}

/// Text from anywhere, on one line and without characters that steer; the templates escape the rest.
pub(crate) fn said(text: &str) -> String {
    one_line(text)
}

/// So wide a character of a picture's text is, at most, in hundredths of a unit.
const WIDE: i64 = 660;

/// So many units a text needs at most.
pub(crate) fn width_of(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX / WIDE).saturating_mul(WIDE) / 100
}

/// A text that fits into so many units, with what was cut off marked.
pub(crate) fn fitted(text: &str, width: i64) -> String {
    let text = said(text);
    if width_of(&text) <= width {
        return text;
    }
    let most = usize::try_from(width.max(0) * 100 / WIDE).unwrap_or(0).saturating_sub(1);
    let cut: String = text.chars().take(most).collect();
    format!("{}\u{2026}", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_says_is_text_and_a_file_loads_nothing() {
        let hostile = "</title><script>alert(1)</script>\u{202e}\n\"'&";
        let shapes = html! { text { (said(hostile)) } };
        let (title, about) = (hostile.to_owned(), hostile.to_owned());
        let picture = Picture { id: "p".to_owned(), title, about, width: 10, height: 10, shapes };
        for text in [picture.inline().into_string(), picture.file()] {
            assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
            assert!(text.contains("\\u202e\\n&quot;'&amp;"), "{text}");
            let file = usize::from(text.contains("<style>"));
            assert_eq!(text.matches("http").count(), file, "only the name of SVG: {text}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_says_so() {
        assert_eq!(fitted("short", 100), "short");
        let cut = fitted(&"x".repeat(100), 100);
        assert!(cut.ends_with('\u{2026}') && width_of(&cut) <= 100, "{cut}");
        assert_eq!(fitted("anything", 0), "\u{2026}");
    }
}
