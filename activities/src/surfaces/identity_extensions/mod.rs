//! Activities: what stands on the identity itself: policies, exemptions, diagnostic settings.

mod surface;
pub(crate) mod survey;

pub(crate) use surface::IdentityExtensions;
