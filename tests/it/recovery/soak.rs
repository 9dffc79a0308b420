//! Many moves whose runner is killed at random moments until all is done, round after round.
//!
//! A plain run makes one round of forty of them; `REHOME_ROUNDS=20 cargo test --release --test it soak`, of which
//! every round has a hundred moves, is a part of `tests/nightly`.

use crate::support::azure::Azure;
use crate::support::kills::{Dice, kill_once, say, sent_twice};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use crate::support::verdict::{judge, moves};
use serde_json::{Value, json};

/// How much is lived through.
#[derive(Clone, Copy)]
struct Size {
    moves: usize,
    /// The first process lives for so many milliseconds at the most.
    lives_ms: u64,
    rounds: u32,
}

impl Size {
    fn asked() -> Self {
        match std::env::var("REHOME_ROUNDS").ok().and_then(|n| n.parse().ok()) {
            Some(rounds) => Self { moves: 100, lives_ms: 1_500, rounds },
            None => Self { moves: 40, lives_ms: 700, rounds: 1 },
        }
    }
}
const SUB: &str = "/subscriptions/50a10000-0000-4000-8000-000000000001";

fn guid(kind: &str, n: usize) -> String {
    format!("50a1{kind}-0000-4000-8000-{n:012}")
}

/// Each identity may read the group, is trusted by a pipeline, and is used by a machine of its own.
pub(crate) fn estate(moves: usize) -> Value {
    let group = |name: &str, location: &str| {
        json!({"id": format!("{SUB}/resourceGroups/{name}"), "name": name, "location": location,
            "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
    };
    let mut arm = vec![
        json!({"id": SUB, "subscriptionId": SUB.rsplit('/').next(), "displayName": "soak", "state": "Enabled"}),
        group("rg", "westeurope"),
        group("rg-new", "swedencentral"),
    ];
    let scope = format!("{SUB}/resourceGroups/rg");
    for n in 0..moves {
        let id = format!("{scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n}");
        let (client, principal) = (guid("c11e", n), guid("0b1d", n));
        arm.push(json!({"id": id, "name": format!("id-{n}"), "location": "westeurope",
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "properties": {"clientId": client, "principalId": principal, "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}}));
        arm.push(json!({"id": format!("{id}/federatedIdentityCredentials/pipeline"), "name": "pipeline",
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "properties": {"issuer": "https://idp.example", "subject": format!("s-{n}"), "audiences": ["api://AzureADTokenExchange"]}}));
        arm.push(json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", guid("a551", n)),
            "name": guid("a551", n), "type": "Microsoft.Authorization/roleAssignments",
            "properties": {"scope": scope, "principalId": principal, "principalType": "ServicePrincipal",
                "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7")}}));
        arm.push(json!({"id": format!("{scope}/providers/Microsoft.Compute/virtualMachines/vm-{n}"), "name": format!("vm-{n}"),
            "type": "Microsoft.Compute/virtualMachines", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {"clientId": client, "principalId": principal}}},
            "properties": {"provisioningState": "Succeeded", "vmId": guid("0071", n)}}));
    }
    json!({"arm": arm, "graph": [], "settings": {"throttling": false}})
}

pub(crate) fn batch(moves: usize) -> String {
    let head = "format_version = \"1.0\"\n[batch]\nname = \"soak\"\nto = \"swedencentral\"\nsoak = \"0s\"\n";
    let one = |n: usize| {
        format!(
            "[[identity]]\nid = \"{SUB}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n}\"\n\
            target_resource_group = \"rg-new\"\n"
        )
    };
    head.to_owned() + &(0..moves).map(one).collect::<String>()
}

/// One batch, killed again and again; forward and cleaned up, or taken back.
fn round(size: Size, dice: &mut Dice, back: bool) -> u32 {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate(size.moves).to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), batch(size.moves)).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    let (mut kills, mut within_ms) = (0, size.lives_ms);
    for _ in 0..10 {
        kills += u32::from(kill_once(&rehome, &["run", "plan.json", "--yes"], dice, &mut within_ms));
    }
    if back {
        let rollback = ["rollback", "soak", "--reason", "a test", "--yes"];
        for _ in 0..10 {
            kills += u32::from(kill_once(&rehome, &rollback, dice, &mut within_ms));
        }
        rehome.say_with_people(&rollback).expect(0);
        assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
    } else {
        assert_eq!(rehome.run_with_people(), 0);
        let moved = azure.estate();
        let cleanup = ["cleanup", "soak", "--confirm", "soak", "--yes"];
        for _ in 0..10 {
            kills += u32::from(kill_once(&rehome, &cleanup, dice, &mut within_ms));
        }
        rehome.say(&cleanup).expect(0);
        judge(&before, &moved, &azure.estate(), &moves(&rehome));
        assert_eq!(sent_twice(&azure), Vec::<String>::new(), "what had taken effect was sent again");
    }
    rehome.say(&["audit", "verify"]).expect(0);
    assert!(
        rehome.json(&["status"])["moves"]
            .as_array()
            .is_some_and(|m| m.iter().all(|m| !text(&m["state"]).is_empty()))
    );
    kills
}

#[test]
fn many_moves_survive_a_runner_that_is_killed_at_random_moments() {
    let size = Size::asked();
    let rounds = size.rounds;
    let mut dice = Dice::seeded();
    let mut kills = 0;
    for nth in 0..rounds {
        kills += round(size, &mut dice, nth % 2 == 1);
        say(&format!("round {} of {rounds}: {kills} kills so far", nth + 1));
    }
    assert!(kills >= 5 * rounds, "only {kills} kills came before the program had ended");
}
