//! Who asks by another name, or from a page of elsewhere, is not answered.

use crate::client::{Client, SUB, estate};

#[tokio::test]
async fn another_name_and_another_origin_are_refused_on_every_path_of_every_server() {
    let client = Client::at(estate()).await;
    let azure = &client.azure;
    let http = reqwest::Client::new();
    let paths = [
        format!("{}/sim/estate", azure.arm),
        format!("{}/sim/requests", azure.arm),
        format!("{}{SUB}?api-version=2022-12-01", azure.arm),
        format!("{}/metadata/endpoints", azure.arm),
        format!("{}/v1.0/groups", azure.graph),
        format!("{}/common/discovery/instance", azure.login),
    ];
    for url in &paths {
        let other = http.get(url).header("host", "evil.example").send().await.expect("an answer");
        assert_eq!(other.status(), 421, "{url}");
        let page = http.get(url).header("origin", "http://evil.example").send().await.expect("an answer");
        assert_eq!(page.status(), 403, "{url}");
        let text = page.text().await.expect("text");
        assert!(!text.contains("userAssignedIdentities"), "nothing of the estate is in {text}");
    }
    let own = http.get(&paths[0]).header("origin", azure.login.as_str()).send().await.expect("an answer");
    assert_eq!(own.status(), 200);
}
