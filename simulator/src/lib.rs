//! A local Azure, reached over HTTP.

#[cfg_attr(not(test), expect(dead_code, reason = "the rules of this room are asked by the HTTP server"))]
mod arm;
#[cfg_attr(not(test), expect(dead_code, reason = "the outages are asked for over HTTP"))]
mod workload;
