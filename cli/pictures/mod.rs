//! CLI: pictures, as SVG text: the same in a page, in a report and in a file. Pure.

pub(crate) mod access;
pub(crate) mod calendar;
pub(crate) mod colours;
pub(crate) mod identity;
pub(crate) mod mark;
pub(crate) mod picture;
pub(crate) mod scale;
pub(crate) mod timeline;
