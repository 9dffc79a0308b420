//! Activities: users inside databases, which no API of Azure reaches.

pub(crate) mod plan;
pub(crate) mod servers;
mod surface;
#[cfg(test)]
mod tests;

pub(crate) use surface::DatabaseUsers;
