//! Limits: each class of operation has its own, says what is left, and punishes who does not wait.

use crate::client::{Client, GROUP, estate, identity, machine};
use reqwest::Method;
use serde_json::{Value, json};

const MSI: &str = "api-version=2024-11-30";
const INDEX: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

#[tokio::test]
async fn every_answer_says_what_is_left_here_and_everywhere() {
    let client = Client::at(estate()).await;
    let said = client.get(&format!("{}?api-version=2024-07-01", machine("vm"))).await;
    assert_eq!(said.header("x-ms-ratelimit-remaining-subscription-reads"), "249");
    assert_eq!(said.header("x-ms-ratelimit-remaining-subscription-global-reads"), "3749");
    let tags = json!({"location": "westeurope", "tags": {"a": "b"}});
    let said = client.put(&format!("{GROUP}?api-version=2024-07-01"), tags).await;
    assert_eq!(said.header("x-ms-ratelimit-remaining-subscription-writes"), "199");
    assert_eq!(said.header("x-ms-ratelimit-remaining-subscription-global-writes"), "2999");
    let said = client.get("/tenants?api-version=2022-12-01").await;
    assert_eq!(said.header("x-ms-ratelimit-remaining-tenant-reads"), "249");
}

#[tokio::test]
async fn who_does_not_wait_waits_longer() {
    let client = Client::at(estate()).await;
    let tags = json!({"location": "westeurope", "tags": {"a": "b"}});
    let there = format!("{GROUP}?api-version=2024-07-01");
    let mut said = client.put(&there, tags.clone()).await;
    for _ in 0..2_000 {
        if said.status == 429 {
            break;
        }
        said = client.put(&there, tags.clone()).await;
    }
    assert_eq!(said.refused(), (429, "SubscriptionRequestsThrottled"));
    let wish = |said: &crate::client::Said| said.header("retry-after").parse::<u64>().expect("seconds");
    let first = wish(&said);
    let mut longest = first;
    for _ in 0..100 {
        longest = longest.max(wish(&client.put(&there, tags.clone()).await));
    }
    assert!(longest > first, "{longest} s after a hundred tries, and {first} s at first");
    let read = client.get(&format!("{}?api-version=2024-07-01", machine("vm"))).await;
    assert_eq!(read.status, 200, "reads have a bucket of their own");
}

#[tokio::test]
async fn the_index_takes_fifteen_queries_in_five_seconds_and_counts_the_wrong_ones() {
    let client = Client::at(estate()).await;
    let first = client.arm(Method::POST, INDEX, Some(json!({"query": "no such table"}))).await;
    assert_eq!((first.status, first.header("x-ms-user-quota-remaining")), (400, "14"));
    let mut answered = 1;
    let refused = loop {
        let said = client.arm(Method::POST, INDEX, Some(json!({"query": "resources | project id"}))).await;
        if said.status == 429 {
            break said;
        }
        answered += 1;
        assert!(answered < 60, "it never refuses");
    };
    assert_eq!(refused.refused(), (429, "RateLimiting"));
    assert!(answered >= 15, "only {answered} were answered");
    assert!(refused.header("x-ms-user-quota-resets-after").starts_with("00:00:0"));
}

#[tokio::test]
async fn one_identity_is_written_once_in_four_seconds() {
    let client = Client::at(estate()).await;
    let there = format!("{}?{MSI}", identity("busy"));
    let mut said = client.put(&there, json!({"location": "westeurope"})).await;
    for _ in 0..10 {
        said = client.put(&there, json!({"location": "westeurope"})).await;
    }
    assert_eq!(said.refused(), (429, "TooManyRequests"));
    let other = client.put(&format!("{}?{MSI}", identity("idle")), json!({"location": "westeurope"})).await;
    assert_eq!(other.status, 201, "another identity has a limit of its own");
}

#[tokio::test]
async fn a_batch_is_answered_and_its_parts_are_refused_by_themselves() {
    let client = Client::at(estate()).await;
    let ask = |n: usize| json!({"id": n.to_string(), "method": "GET", "url": "/groups/g/transitiveMembers"});
    let batch = json!({"requests": (0..20).map(ask).collect::<Vec<Value>>()});
    let mut refused = Value::Null;
    for _ in 0..200 {
        let said = client.graph(Method::POST, "/$batch", Some(batch.clone())).await;
        assert_eq!(said.status, 200);
        let parts = said.body["responses"].as_array().cloned().unwrap_or_default();
        if let Some(part) = parts.into_iter().find(|part| part["status"] == 429) {
            refused = part;
            break;
        }
    }
    assert_eq!(refused["body"]["error"]["code"], "TooManyRequests");
    assert!(refused["headers"]["Retry-After"].is_string(), "{refused}");
}
