//! The ARM room of the local Azure: what `management.azure.com` answers.

mod actions;
mod activity_log;
mod answers;
mod apim;
mod built_in_policies;
mod clusters;
mod computed;
mod deleted_vaults;
mod deployments;
mod extensions;
mod generic;
mod groups;
mod hidden;
mod identity_block;
mod keyvault;
mod management_groups;
mod moves;
mod msi;
mod msi_versions;
mod paging;
mod parts;
mod patches;
mod policies;
mod poll;
mod provider_operations;
mod providers;
pub(crate) mod refusals;
mod regions;
mod resource_filter;
mod resource_graph;
mod resources;
mod route;
mod runs;
mod services;
mod sites;
mod stacks;
mod statuses;
mod tag_names;
mod tag_resource;
mod tags;
mod template;
mod types;
mod versions;

pub(crate) use route::answer;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use {resource_graph::rows, route::taken_apart};
