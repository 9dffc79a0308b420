"""Drives the Azure CLI and the official Python clients against `rehome sim serve`, and looks at what comes back.

Each check is one thing that a user of these clients does; what changed is read from /sim/estate as well.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
import urllib.request
import ssl

REHOME, VENV, ROOT = sys.argv[1:4]
ESTATE = os.path.join(ROOT, "examples", "contoso", "estate.json")
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Azure:
    """A local Azure in a process of its own, and the CLI signed in to it."""

    def __init__(self, folder):
        command = [REHOME, "sim", "serve", "--estate", ESTATE, "--tls", "--time-scale", "2000"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.env = dict(
            os.environ,
            AZURE_CONFIG_DIR=os.path.join(folder, "config"),
            AZURE_CORE_COLLECT_TELEMETRY="no",
            AZURE_CORE_INSTANCE_DISCOVERY="false",
            AZURE_CORE_ONLY_SHOW_ERRORS="true",
            REQUESTS_CA_BUNDLE=self.ready["ca"],
            SSL_CERT_FILE=self.ready["ca"],
        )
        os.environ.update(REQUESTS_CA_BUNDLE=self.ready["ca"], SSL_CERT_FILE=self.ready["ca"])
        self.tls = ssl.create_default_context(cafile=self.ready["ca"])

    def az(self, *arguments, fails=None):
        """Runs one command; its JSON answer, or what it said where it has to fail."""
        command = [os.path.join(VENV, "bin", "az"), *arguments, "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, env=self.env, timeout=120)
        if fails is not None:
            assert done.returncode != 0, f"az {' '.join(arguments)} should fail, and said {done.stdout}"
            assert fails in done.stderr, f"az {' '.join(arguments)} did not say {fails}: {done.stderr[-800:]}"
            return done.stderr
        assert done.returncode == 0, f"az {' '.join(arguments)}: {done.stderr[-1500:]}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def estate(self):
        with urllib.request.urlopen(self.ready["arm"] + "/sim/estate", context=self.tls) as answer:
            return json.load(answer)

    def find(self, resource_id):
        found = [o for o in self.estate()["arm"] if o["id"].lower() == resource_id.lower()]
        return found[0] if found else None

    def close(self):
        self.process.terminate()
        self.process.wait()


@check
def the_cloud_is_registered_from_its_metadata_and_signed_in_to(a):
    a.az("cloud", "register", "-n", "local", "--endpoint-resource-manager", a.ready["arm"])
    a.az("cloud", "set", "-n", "local")
    ready = a.ready
    a.az("login", "--service-principal", "-u", ready["client_id"], "-p", ready["client_secret"], "--tenant", ready["tenant"])
    accounts = a.az("account", "list")
    assert {x["name"] for x in accounts} == {"contoso-pay", "contoso-hr", "contoso-plat"}, accounts
    a.subscription = next(x["id"] for x in accounts if x["name"] == "contoso-pay")
    a.az("account", "set", "-s", a.subscription)


@check
def groups_are_made_listed_and_deleted(a):
    made = a.az("group", "create", "-n", "rg-cli", "-l", "westeurope", "--tags", "a=b")
    assert made["properties"]["provisioningState"] == "Succeeded" and made["tags"] == {"a": "b"}
    assert "rg-cli" in [g["name"] for g in a.az("group", "list")]
    a.az("group", "create", "-n", "rg-cli", "-l", "norwayeast", fails="InvalidResourceGroupLocation")
    a.az("group", "create", "-n", "rg-gone", "-l", "westeurope")
    a.az("group", "delete", "-n", "rg-gone", "-y")
    assert "rg-gone" not in [g["name"] for g in a.az("group", "list")]
    a.az("group", "show", "-n", "rg-gone", fails="ResourceGroupNotFound")


@check
def identities_are_made_shown_listed_and_deleted(a):
    made = a.az("identity", "create", "-g", "rg-cli", "-n", "id-cli", "-l", "westeurope")
    a.identity, a.principal = made["id"], made["principalId"]
    shown = a.az("identity", "show", "-g", "RG-CLI", "-n", "ID-CLI")
    assert shown["clientId"] == made["clientId"], "names compare without case"
    assert [i["name"] for i in a.az("identity", "list", "-g", "rg-cli")] == ["id-cli"]
    a.az("identity", "create", "-g", "rg-none", "-n", "x", "-l", "westeurope", fails="ResourceGroupNotFound")
    a.az("identity", "create", "-g", "rg-cli", "-n", "id-cli", "-l", "norwayeast", fails="InvalidResourceLocation")
    a.az("identity", "create", "-g", "rg-cli", "-n", "id-brief", "-l", "westeurope")
    a.az("identity", "delete", "-g", "rg-cli", "-n", "id-brief")
    a.az("identity", "show", "-g", "rg-cli", "-n", "id-brief", fails="ResourceNotFound")


@check
def what_uses_an_identity_is_listed(a):
    users = {}
    for one in a.az("identity", "list"):
        found = a.az("identity", "list-resources", "-g", one["resourceGroup"], "-n", one["name"])
        users[one["name"]] = [u["id"] for u in found]
    assert any(users.values()), users


@check
def federated_credentials_are_made_listed_and_deleted(a):
    where = ["-g", "rg-cli", "--identity-name", "id-cli"]
    made = a.az(
        "identity", "federated-credential", "create", *where, "-n", "gh-main",
        "--issuer", "https://token.actions.githubusercontent.com", "--subject", "repo:a/b:ref:refs/heads/main",
        "--audiences", "api://AzureADTokenExchange",
    )
    assert made["subject"] == "repo:a/b:ref:refs/heads/main"
    assert len(a.az("identity", "federated-credential", "list", *where)) == 1
    a.az("identity", "federated-credential", "delete", *where, "-n", "gh-main", "-y")
    assert a.az("identity", "federated-credential", "list", *where) == []


@check
def roles_are_listed_and_granted_and_taken(a):
    reader = a.az("role", "definition", "list", "--name", "Reader")
    assert reader[0]["roleName"] == "Reader"
    scope = f"/subscriptions/{a.subscription}/resourceGroups/rg-cli"
    grant = ["--role", "Reader", "--scope", scope, "--assignee-object-id", a.principal, "--assignee-principal-type", "ServicePrincipal"]
    made = a.az("role", "assignment", "create", *grant)
    assert a.find(made["id"]), "it is in the estate"
    found = a.az("role", "assignment", "list", "--scope", scope, "--assignee", a.principal)
    assert [f["name"] for f in found] == [made["name"]]
    other = a.az("identity", "create", "-g", "rg-cli", "-n", "id-other", "-l", "westeurope")
    a.az(
        "role", "assignment", "create", "--name", made["name"], "--role", "Reader", "--scope", scope,
        "--assignee-object-id", other["principalId"], "--assignee-principal-type", "ServicePrincipal",
        fails="RoleAssignmentUpdateNotPermitted",
    )
    taken = a.az(
        "rest", "--method", "put", "--url",
        f"{scope}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555555?api-version=2022-04-01",
        "--body", json.dumps({"properties": {"roleDefinitionId": made["roleDefinitionId"], "principalId": a.principal}}),
        fails="RoleAssignmentExists",
    )
    assert "Conflict" in taken or "RoleAssignmentExists" in taken
    a.az("role", "assignment", "delete", "--ids", made["id"])
    assert a.find(made["id"]) is None


@check
def resources_are_listed_shown_and_updated(a):
    listed = a.az("resource", "list")
    vault = next(r for r in listed if r["type"].lower() == "microsoft.keyvault/vaults")
    shown = a.az("resource", "show", "--ids", vault["id"], "--api-version", "2023-07-01")
    assert shown["id"].lower() == vault["id"].lower()
    updated = a.az("resource", "update", "--ids", vault["id"], "--api-version", "2023-07-01", "--set", "tags.seen=yes")
    assert updated["tags"]["seen"] == "yes"
    assert a.find(vault["id"])["tags"]["seen"] == "yes"


@check
def the_resource_graph_answers_a_query(a):
    body = {"query": "resources | where type =~ 'microsoft.managedidentity/userassignedidentities' | project id, name"}
    answer = a.az(
        "rest", "--method", "post", "--url", "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01",
        "--body", json.dumps(body),
    )
    assert answer["count"] >= 12 and answer["data"][0]["name"]


@check
def a_vault_is_made_and_gets_a_policy(a):
    made = a.az("keyvault", "create", "-g", "rg-cli", "-n", "kv-cli-local", "-l", "westeurope", "--enable-rbac-authorization", "false")
    assert made["properties"]["vaultUri"] or made["id"]
    a.az("keyvault", "set-policy", "-n", "kv-cli-local", "--object-id", a.principal, "--secret-permissions", "get", "list")
    policies = a.find(made["id"])["properties"]["accessPolicies"]
    assert any(p["objectId"] == a.principal and "get" in [s.lower() for s in p["permissions"]["secrets"]] for p in policies), policies


def first(a, kind):
    return next(o["id"] for o in a.estate()["arm"] if o.get("type", "").lower() == kind and a.subscription in o["id"])


def named(resource_id):
    parts = resource_id.split("/")
    return ["-g", parts[4], "-n", parts[-1]]


@check
def a_site_gets_shows_and_loses_an_identity(a):
    site = first(a, "microsoft.web/sites")
    a.az("webapp", "identity", "assign", *named(site), "--identities", a.identity)
    shown = a.az("webapp", "identity", "show", *named(site))
    assert a.identity.lower() in [i.lower() for i in shown["userAssignedIdentities"]]
    a.az("webapp", "identity", "remove", *named(site), "--identities", a.identity)
    left = a.find(site).get("identity", {}).get("userAssignedIdentities", {})
    assert a.identity.lower() not in [i.lower() for i in left], left


@check
def a_machine_gets_and_loses_an_identity(a):
    machine = first(a, "microsoft.compute/virtualmachines")
    a.az("vm", "identity", "assign", *named(machine), "--identities", a.identity)
    there = a.find(machine)["identity"]["userAssignedIdentities"]
    assert a.identity.lower() in [i.lower() for i in there]
    a.az("vm", "identity", "remove", *named(machine), "--identities", a.identity)
    left = a.find(machine).get("identity", {}).get("userAssignedIdentities", {})
    assert a.identity.lower() not in [i.lower() for i in left], left


@check
def the_directory_shows_principals_and_takes_members(a):
    shown = a.az("ad", "sp", "show", "--id", a.principal)
    assert shown["id"] == a.principal
    group = next(o for o in a.estate()["graph"] if o["@odata.type"].endswith("group") and not o.get("groupTypes"))
    a.az("ad", "group", "member", "add", "-g", group["id"], "--member-id", a.principal)
    members = a.az("ad", "group", "member", "list", "-g", group["id"])
    assert a.principal in [m["id"] for m in members]
    a.az("ad", "group", "member", "add", "-g", group["id"], "--member-id", a.principal, fails="already exist")
    a.az("ad", "group", "member", "remove", "-g", group["id"], "--member-id", a.principal)
    assert a.principal not in [m["id"] for m in a.az("ad", "group", "member", "list", "-g", group["id"])]


@check
def locks_are_made_listed_and_deleted(a):
    where = ["-g", "rg-cli"]
    made = a.az("lock", "create", "-n", "keep", "--lock-type", "CanNotDelete", *where)
    assert [one["name"] for one in a.az("lock", "list", *where)] == ["keep"]
    a.az("identity", "delete", "-g", "rg-cli", "-n", "id-other", fails="ScopeLocked")
    a.az("lock", "delete", "--ids", made["id"])
    a.az("identity", "delete", "-g", "rg-cli", "-n", "id-other")


@check
def any_request_can_be_sent_by_hand(a):
    answer = a.az("rest", "--method", "get", "--url", f"{a.identity}?api-version=2023-01-31")
    assert answer["properties"]["principalId"] == a.principal
    graph = a.az("rest", "--method", "get", "--url", f"{a.ready['graph']}/v1.0/servicePrincipals/{a.principal}", "--resource", a.ready["graph"])
    assert graph["id"] == a.principal


def credential(a):
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        a.ready["tenant"], a.ready["client_id"], a.ready["client_secret"],
        authority=a.ready["login"], disable_instance_discovery=True,
    )


def scopes(a):
    return {"base_url": a.ready["arm"], "credential_scopes": [a.ready["arm"] + "/.default"]}


@check
def the_python_client_for_identities_gets_on_with_it(a):
    from azure.mgmt.msi import ManagedServiceIdentityClient

    client = ManagedServiceIdentityClient(credential(a), a.subscription, **scopes(a))
    made = client.user_assigned_identities.create_or_update("rg-cli", "id-sdk", {"location": "westeurope"})
    assert client.user_assigned_identities.get("rg-cli", "id-sdk").principal_id == made.principal_id
    assert "id-sdk" in [i.name for i in client.user_assigned_identities.list_by_resource_group("rg-cli")]
    client.user_assigned_identities.delete("rg-cli", "id-sdk")


@check
def the_python_client_for_roles_gets_on_with_it(a):
    from azure.mgmt.authorization import AuthorizationManagementClient

    client = AuthorizationManagementClient(credential(a), a.subscription, **scopes(a))
    scope = f"/subscriptions/{a.subscription}"
    roles = list(client.role_definitions.list(scope, filter="roleName eq 'Contributor'"))
    assert len(roles) == 1
    made = client.role_assignments.create(
        scope, "99999999-2222-4333-8444-555555555555",
        {"properties": {"roleDefinitionId": roles[0].id, "principalId": a.principal, "principalType": "ServicePrincipal"}},
    )
    found = list(client.role_assignments.list_for_scope(scope, filter=f"principalId eq '{a.principal}'"))
    assert made.name in [f.name for f in found]
    client.role_assignments.delete(scope, made.name)


@check
def the_python_clients_for_groups_resources_and_the_index_get_on_with_it(a):
    from azure.mgmt.resource import ResourceManagementClient
    from azure.mgmt.resourcegraph import ResourceGraphClient

    client = ResourceManagementClient(credential(a), a.subscription, **scopes(a))
    assert "rg-cli" in [g.name for g in client.resource_groups.list()]
    assert any(r.type.lower() == "microsoft.keyvault/vaults" for r in client.resources.list())
    client.resource_groups.create_or_update("rg-sdk", {"location": "westeurope"})
    client.resource_groups.begin_delete("rg-sdk").result()
    assert not client.resource_groups.check_existence("rg-sdk")
    graph = ResourceGraphClient(credential(a), **scopes(a))
    answer = graph.resources({"query": "resources | project id | limit 5", "subscriptions": [a.subscription]})
    assert answer.count == 5


@check
def the_python_client_for_vaults_gets_on_with_it(a):
    from azure.mgmt.keyvault import KeyVaultManagementClient

    client = KeyVaultManagementClient(credential(a), a.subscription, **scopes(a))
    assert "kv-cli-local" in [v.name for v in client.vaults.list_by_subscription()]
    vault = client.vaults.get("rg-cli", "kv-cli-local")
    assert vault.properties.access_policies


@check
def the_python_client_for_the_directory_gets_on_with_it(a):
    import asyncio

    from azure.core.pipeline.transport import RequestsTransport  # noqa: F401  (azure-core is what signs in)
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient

    host = a.ready["graph"].split("//")[1].split(":")[0]
    provider = AzureIdentityAuthenticationProvider(credential(a), scopes=[a.ready["graph"] + "/.default"], allowed_hosts=[host, a.ready["graph"].split("//")[1]])
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = a.ready["graph"] + "/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    shown = asyncio.run(client.service_principals.by_service_principal_id(a.principal).get())
    assert shown.id == a.principal


def main():
    folder = tempfile.mkdtemp(prefix="rehome-clients-")
    azure = Azure(folder)
    passed, failed = 0, 0
    try:
        for function in CHECKS:
            try:
                function(azure)
                passed += 1
                print(f"ok      {function.__name__}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {function.__name__}\n{traceback.format_exc(limit=-2)}", flush=True)
    finally:
        azure.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
