//! ARM: regions.

use crate::http::Reply;
use serde_json::json;

/// Regions that the local Azure offers.
pub(super) const REGIONS: &[&str] = &[
    "westeurope",
    "northeurope",
    "swedencentral",
    "germanywestcentral",
    "francecentral",
    "switzerlandnorth",
    "italynorth",
    "spaincentral",
    "polandcentral",
    "norwayeast",
    "uksouth",
    "ukwest",
    "eastus",
    "eastus2",
    "centralus",
    "northcentralus",
    "southcentralus",
    "westcentralus",
    "westus",
    "westus2",
    "westus3",
    "canadacentral",
    "canadaeast",
    "brazilsouth",
    "mexicocentral",
    "southafricanorth",
    "uaenorth",
    "israelcentral",
    "qatarcentral",
    "australiaeast",
    "australiasoutheast",
    "eastasia",
    "southeastasia",
    "malaysiawest",
    "malaysiasouth",
    "indonesiacentral",
    "centralindia",
    "southindia",
    "japaneast",
    "japanwest",
    "koreacentral",
    "newzealandnorth",
];

/// Regions as a subscription lists them.
pub(super) fn locations(subscription: &str) -> Reply {
    let region = |name: &&str| {
        let title = title(name);
        json!({"id": format!("/subscriptions/{subscription}/locations/{name}"), "name": name, "type": "Region",
            "displayName": title, "regionalDisplayName": title,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "pairedRegion": []}})
    };
    let value: Vec<_> = REGIONS.iter().map(region).collect();
    Reply::json(200, json!({ "value": value }))
}

/// A region as people read it: `West Europe`, `East US 2`.
fn title(name: &str) -> String {
    const PARTS: [&str; 34] = [
        "germany",
        "switzerland",
        "sweden",
        "southafrica",
        "australia",
        "newzealand",
        "france",
        "italy",
        "spain",
        "poland",
        "norway",
        "canada",
        "brazil",
        "mexico",
        "israel",
        "qatar",
        "malaysia",
        "indonesia",
        "india",
        "japan",
        "korea",
        "southeast",
        "north",
        "south",
        "east",
        "west",
        "central",
        "europe",
        "asia",
        "uae",
        "us",
        "uk",
        "2",
        "3",
    ];
    let (mut rest, mut words) = (name, Vec::new());
    while let Some(part) = PARTS.iter().find(|part| rest.starts_with(**part)) {
        let written = match *part {
            "us" | "uk" | "uae" => part.to_uppercase(),
            "southafrica" => "South Africa".to_owned(),
            "newzealand" => "New Zealand".to_owned(),
            part => part[..1].to_uppercase() + &part[1..],
        };
        words.push(written);
        rest = &rest[part.len()..];
    }
    words.join(" ")
}

/// Whether the local Azure offers a region, however it is spelled.
pub(super) fn offers(location: &str) -> bool {
    REGIONS.contains(&location.replace(' ', "").to_lowercase().as_str())
}
