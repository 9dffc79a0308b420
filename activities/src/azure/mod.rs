//! Azure: the clients. The only room that speaks to the cloud.
//!
//! A [`Reader`] can only read. A [`Writer`] wants the engine's `Call` for everything it sends, so code
//! that was not handed one cannot change anything.

mod cloud;
mod counts;
mod data_plane;
mod date;
pub mod errors;
mod exchange;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod graph;
mod id;
pub mod known_clouds;
mod pacing;
mod paging;
mod reader;
mod recording;
mod sanitize;
mod seal;
mod shape;
mod sign_in;
mod together;
mod transport;
mod writer;
mod written_text;

#[cfg(test)]
mod tests;

pub use cloud::{Azure, ConnectError, ConnectOptions};
pub use counts::RequestCount;
pub(crate) use data_plane::{PlaneHost, PlaneList};
pub use date::Told;
pub use exchange::Caller;
pub use id::{ClientId, DirectoryId, PrincipalId, ResourceId, ResourceType, SubscriptionId};
pub use pacing::least_ms_of_writes;
pub(crate) use reader::{AT_ONCE, WEB};
pub use reader::{ReadAction, Reader};
pub use recording::{ApiEndpoint, RecordedResponse, ResponseRecording};
pub use sanitize::is_unseen;
pub use shape::items;
pub(crate) use shape::{NO_ANSWER, says_gone, says_never, says_no_version};
pub use sign_in::{LocalSignIn, SignInError};
pub use writer::Writer;
