//! Tests of the scripts for users inside databases: what stands in them, in which order, and what cannot.

use crate::relocate::facts::Facts;
use crate::relocate::plan::fresh::shortened;
use crate::relocate::testing::*;
use rehome_orchestrator::{Node, Plan, Step, StepId};
use serde_json::json;

fn site_with_databases() -> Facts {
    let mut facts = facts();
    let mut site = host("Microsoft.Web/sites", "app");
    site.settings = vec![setting("AZURE_CLIENT_ID")];
    site.databases = [
        "sql-pay.database.windows.net",
        "pg-pay.postgres.database.azure.com",
        "my-pay.mysql.database.azure.com",
        "adx.westeurope.kusto.windows.net",
    ]
    .map(String::from)
    .into();
    facts.hosts = vec![site];
    facts
}

fn hands<'a>(plan: &'a Plan, about: &str) -> Vec<&'a Step> {
    plan.steps.iter().filter(|s| s.title.starts_with(about)).collect()
}

/// What a person reads: forward, and on the way back.
fn told(step: &Step) -> [String; 2] {
    let Node::ByHand { instruction, undo } = &step.node else { panic!("{} is not by hand", step.title) };
    let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
    [instruction, undo].map(|t| t.resolve(&|_| Some(&made)).unwrap().as_str().unwrap().to_owned())
}

fn needs(plan: &Plan, step: &Step, needed: &StepId) -> bool {
    let deeper = |need: &StepId| {
        need == needed || needs(plan, plan.steps.iter().find(|s| s.id == *need).unwrap(), needed)
    };
    step.needs.iter().any(deeper)
}

#[test]
fn each_server_has_its_script_before_the_hosts_and_another_behind_the_gate() {
    let facts = site_with_databases();
    let plan = crate::relocate::plan(&params(), &facts).unwrap();
    let switch = plan.steps.iter().find(|s| s.title.starts_with("app: AZURE_CLIENT_ID")).unwrap();
    let detach = plan.steps.iter().find(|s| s.title.starts_with("app: detach old")).unwrap();
    let gate = plan.steps.iter().find(|s| matches!(s.node, Node::Gate { .. })).unwrap();
    let delete = plan.steps.iter().find(|s| s.title.ends_with("POINT OF NO RETURN")).unwrap();
    for about in ["Azure SQL sql-pay", "PostgreSQL pg-pay", "MySQL my-pay", "Data Explorer adx"] {
        let [add, drop] = hands(&plan, about)[..] else { panic!("{about} has other than two steps") };
        assert!(needs(&plan, switch, &add.id), "{about}: the host waits for its user");
        assert!(add.needs.contains(&StepId::new("01")), "{about}: its user is of the new identity");
        for needed in [&gate.id, &detach.id] {
            assert!(needs(&plan, drop, needed), "{about}: the old user goes after the host let go");
        }
        assert!(needs(&plan, delete, &drop.id));
        for text in told(add).into_iter().chain(told(drop)) {
            assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        }
    }
    let plan = crate::relocate::plan(&params(), &crate::relocate::testing::facts()).unwrap();
    assert!(!plan.steps.iter().any(|s| s.title.contains("user")), "no server, no step");
}

#[test]
fn scripts_look_the_old_user_up_and_make_the_new_one_by_the_ids_that_each_database_keeps() {
    let facts = site_with_databases();
    let plan = crate::relocate::plan(&params(), &facts).unwrap();
    let script = |about: &str| told(hands(&plan, about)[0]);
    let [sql, back] = script("Azure SQL");
    assert!(sql.contains(&format!("CAST(CAST('{CLIENT}' AS uniqueidentifier) AS varbinary(16))")), "{sql}");
    let made = "CREATE USER [id-pay-swedencentral] FROM EXTERNAL PROVIDER WITH OBJECT_ID = 'new-oid';";
    assert!(sql.contains(made), "{sql}");
    assert!(back.contains("CAST('new-cid' AS uniqueidentifier)") && back.contains("DROP USER "), "{back}");
    let [postgres, back] = script("PostgreSQL");
    let made =
        "pgaadauth_create_principal_with_oid('id-pay-swedencentral', 'new-oid', 'service', false, false)";
    assert!(postgres.contains(made) && postgres.contains(&format!("'oid={PRINCIPAL}'")), "{postgres}");
    assert!(back.contains("set_config('rehome.gone', 'new-oid', false)"), "{back}");
    let [mysql, _] = script("MySQL");
    assert!(mysql.contains("CREATE AADUSER 'id-pay-swedencentral' IDENTIFIED BY 'new-cid';"), "{mysql}");
    let [kusto, back] = script("Data Explorer");
    assert!(kusto.contains("('aadapp=new-cid;t')") && back.contains("('aadapp=new-cid;t')"), "{kusto}");
    let unresolved = hands(&plan, "Azure SQL")[0];
    let Node::ByHand { instruction, .. } = &unresolved.node else { panic!("by hand") };
    assert!(instruction.render().as_str().unwrap().contains("OBJECT_ID = '(known after apply)'"));
}

#[test]
fn taking_the_clean_up_back_makes_the_old_user_again_from_what_the_new_one_has() {
    let plan = crate::relocate::plan(&params(), &site_with_databases()).unwrap();
    let [drop, back] = told(hands(&plan, "Azure SQL")[1]);
    assert!(drop.contains(&format!("CAST('{CLIENT}' AS uniqueidentifier)")), "{drop}");
    let made = format!("CREATE USER [id-pay] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{PRINCIPAL}';");
    assert!(back.contains(&made), "{back}");
}

#[test]
fn hostile_names_stay_in_their_literal_their_identifier_and_their_comment() {
    let hostile = "x]; DROP DATABASE a;--'\\\" `{{TO_CLIENT}}\nGO";
    let mut facts = site_with_databases();
    facts.target.id = facts.target.id.replace("/id-pay", &format!("/{hostile}")).into();
    facts.identity.tenant_id = "t') x".into();
    facts.hosts = vec![host("Microsoft.Sql/servers", "s\nDROP TABLE t;--"), facts.hosts.remove(0)];
    let plan = crate::relocate::plan(&params(), &facts).unwrap();
    let script = |about: &str| told(hands(&plan, about)[0])[0].clone();
    let sql = script("Azure SQL sql-pay");
    assert!(sql.contains("N'x]; DROP DATABASE a;--''\\\" `{{TO_CLIENT}}\u{fffd}GO'"), "{sql}");
    assert!(
        sql.contains("CREATE USER [x]]; DROP DATABASE a;--'\\\" `{{TO_CLIENT}}\u{fffd}GO] FROM"),
        "{sql}"
    );
    assert!(script("PostgreSQL").contains("_oid('x]; DROP DATABASE a;--''\\\" `"), "doubled, and no more");
    assert!(script("Data Explorer").contains(";t\\') x')"), "{}", script("Data Explorer"));
    let head = script("Azure SQL s\n");
    assert!(head.lines().next().unwrap().contains("s\u{fffd}DROP TABLE t;--"), "{head}");
}

#[test]
fn names_fit_what_each_engine_takes_and_differ_from_the_old_ones() {
    assert_eq!(shortened("id-pay", "-swedencentral", 32), "id-pay-swedencentral");
    assert_eq!(shortened(&"x".repeat(40), "-swedencentral", 32), format!("{}-swedencentral", "x".repeat(18)));
    assert_eq!(shortened("aé", "", 2), "a");
    assert_eq!(shortened("a", "-longer", 3), "-longer");
}
