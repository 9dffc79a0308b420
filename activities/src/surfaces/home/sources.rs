//! Activities: what a site or a container app that names the identity is deployed from again. Reads only.
//! Sources: web/2023-12-01 (`WebApps_GetSourceControl`), app/2025-07-01 (`ContainerAppsSourceControls_ListByContainerApp`)

use crate::azure::{AT_ONCE, Reader, ResourceId, WEB};
use crate::references::members;
use crate::relocate::facts::{Gap, Home, HomeKind, Host, ManualReference};
use crate::relocate::survey::gaps::gap;
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::Fault;
use serde_json::Value;

/// The sources of these hosts.
pub(crate) async fn read(reader: &Reader, hosts: &[Host]) -> (Vec<ManualReference>, Vec<Gap>) {
    let mut asked = Vec::new();
    for host in hosts.iter().filter(|host| host.readable) {
        let app = host.kind == "Microsoft.App/containerApps";
        let path = match host.kind == "Microsoft.Web/sites" || host.kind == "Microsoft.Web/sites/slots" {
            true => format!("{}/sourcecontrols/web", host.id),
            false if app => format!("{}/sourcecontrols", host.id),
            false => continue,
        };
        asked.push(async move { (of(reader, &path, app).await, &host.id, path) });
    }
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    for (sources, host, path) in stream::iter(asked).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match sources {
            Ok(sources) => found.extend(sources.iter().filter_map(|source| home(host, source))),
            Err(why) => gaps.push(gap(&path, &why)),
        }
    }
    (found, gaps)
}

async fn of(reader: &Reader, path: &str, listed: bool) -> Result<Vec<Value>, Fault> {
    if listed {
        return reader.list(path, "2025-07-01", &[]).await;
    }
    // A site that is not deployed from anywhere has none.
    Ok(reader.find(path, WEB).await?.into_iter().collect())
}

fn home(host: &ResourceId, source: &Value) -> Option<ManualReference> {
    let repository = members::text(source, "/properties/repoUrl").filter(|url| !url.is_empty())?;
    let repository = without_sign_in(&repository);
    let branch = members::text(source, "/properties/branch").map(|branch| format!(", branch {branch}"));
    let place = format!("{repository}{}", branch.unwrap_or_default());
    Some(ManualReference::Home(Home { id: host.clone(), kind: HomeKind::Source, place, of: Vec::new() }))
}

/// An address without whom it is opened as, and without what may be a key in its query.
fn without_sign_in(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else {
        return address.rsplit('@').next().unwrap_or_default().to_owned();
    };
    // An address without a server has nobody who is signed in.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_is_told_without_what_signs_in_to_it() {
        let of = |url: &str| match home(
            &"/app".into(),
            &json!({"properties": {"repoUrl": url, "branch": "main"}}),
        ) {
            Some(ManualReference::Home(home)) => home.place,
            other => format!("{other:?}"),
        };
        assert_eq!(of("https://me:planted@git.example/r?t=planted"), "https://git.example/r, branch main");
        assert_eq!(of("planted@git.example:r"), "git.example:r, branch main");
        assert_eq!(of(""), "None");
    }
}
