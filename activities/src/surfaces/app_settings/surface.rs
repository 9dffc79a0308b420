//! Activities: application settings and connection strings that name the identity. Pure.

use crate::activity::kit::Kind;
use crate::relocate::facts::Facts;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::app_settings::activity::{AppSettings, ConnectionStrings, List, SettingsRewrite};
use crate::surfaces::cluster::nodes::cluster_of;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::Surface;

/// The surface.
pub(crate) struct Settings;

impl Surface for Settings {
    fn rows(&self) -> Vec<Row> {
        vec![
            moved("application settings of sites and slots", AppSettings::NAME),
            moved("connection strings of sites and slots", ConnectionStrings::NAME),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<SettingsRewrite<AppSettings>>(), Kind::of::<SettingsRewrite<ConnectionStrings>>()]
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let ours = facts.hosts.iter().filter(|h| cluster_of(facts, h).is_none());
        for host in ours.filter(|h| !h.settings.is_empty()) {
            wanted.forward(&format!("{}/config/write", host.kind), &host.id);
        }
    }
}
