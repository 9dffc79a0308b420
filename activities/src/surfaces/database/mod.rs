//! Activities: users inside databases, which no API of Azure reaches.

pub(crate) mod plan;
pub(crate) mod servers;
#[cfg(test)]
mod tests;
