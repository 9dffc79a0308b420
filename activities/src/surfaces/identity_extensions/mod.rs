//! Activities: what stands on the identity itself: policies, exemptions, diagnostic settings.

pub(crate) mod plan;
pub(crate) mod survey;
