//! A local Azure, reached over HTTP.

#[expect(dead_code, reason = "the rules of this room are asked by the HTTP server")]
mod arm;
