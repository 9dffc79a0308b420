//! Activities: what services keep inside, asked of themselves. Pure.

use crate::activity::kit::Kit;
use crate::relocate::facts::Facts;
use crate::relocate::short::short;
use crate::surfaces::data_plane::facts::asked;
use crate::surfaces::data_plane::listed::ALL;
use crate::surfaces::data_plane::unnamed::PlaneUnnamed;
use crate::surfaces::row::{Row, by_hand};
use crate::surfaces::surface::Surface;
use rehome_orchestrator::Registry;

/// The surface.
pub(crate) struct DataPlanes;

impl Surface for DataPlanes {
    fn rows(&self) -> Vec<Row> {
        let row = |service: &&crate::surfaces::data_plane::service::Service| {
            let whats: Vec<&str> = service.lists.iter().map(|list| list.what).collect();
            by_hand(
                &format!(
                    "inside {}, with `{}` in `[data_planes]`: {}",
                    service.name,
                    service.word,
                    whats.join(", ")
                ),
                "a command for each that names it; the service is asked again by `verify`, and before anything is detached",
            )
        };
        ALL.iter().map(row).collect()
    }

    fn conditions(&self, registry: Registry, kit: &Kit) -> Registry {
        registry.condition(PlaneUnnamed(kit.reader()))
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for one in asked(facts) {
            let at = format!("data plane {} {}", one.service, one.id).to_lowercase();
            put(at.clone(), if one.whole { "asked" } else { "asked, and not all of it told" }.to_owned());
            for object in &one.objects {
                put(format!("{at} {}", object.called()).to_lowercase(), short(object));
            }
        }
    }
}
