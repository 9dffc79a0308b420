//! A local Azure, reached over HTTP.

#[cfg_attr(not(test), expect(dead_code, reason = "the rules of this room are asked by the HTTP server"))]
mod arm;
