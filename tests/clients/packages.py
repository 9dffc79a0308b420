"""Calls of the official Python packages, and of Microsoft Graph by hand, against `rehome sim serve`.

    packages.py BINARY ROOT

Prints each call that did not go as it should, with the requests that it sent; the last line is "N passed, M failed".
"""

import json
import os
import ssl
import subprocess
import sys
import urllib.request

REHOME, ROOT = sys.argv[1:3]
COMMAND = [REHOME, "sim", "serve", "--estate", os.path.join(ROOT, "examples", "contoso", "estate.json"), "--tls"]
served = subprocess.Popen([*COMMAND, "--time-scale", "2000"], stdout=subprocess.PIPE, text=True)
R = json.loads(served.stdout.readline())
os.environ.update(REQUESTS_CA_BUNDLE=R["ca"], SSL_CERT_FILE=R["ca"])
TRUSTED = ssl.create_default_context(cafile=R["ca"])

from azure.identity import ClientSecretCredential  # noqa: E402  (the variables come first)
from azure.mgmt.authorization import AuthorizationManagementClient  # noqa: E402
from azure.mgmt.compute import ComputeManagementClient  # noqa: E402
from azure.mgmt.containerservice import ContainerServiceClient  # noqa: E402
from azure.mgmt.keyvault import KeyVaultManagementClient  # noqa: E402
from azure.mgmt.msi import ManagedServiceIdentityClient  # noqa: E402
from azure.mgmt.resource import ResourceManagementClient  # noqa: E402
from azure.mgmt.resource.deployments import DeploymentsMgmtClient  # noqa: E402
from azure.mgmt.resource.locks import ManagementLockClient  # noqa: E402
from azure.mgmt.resource.policy import PolicyClient  # noqa: E402
from azure.mgmt.resource.subscriptions import SubscriptionClient  # noqa: E402
from azure.mgmt.resourcegraph import ResourceGraphClient  # noqa: E402
from azure.mgmt.web import WebSiteManagementClient  # noqa: E402

CREDENTIAL = ClientSecretCredential(R["tenant"], R["client_id"], R["client_secret"], authority=R["login"], disable_instance_discovery=True)
AT = {"base_url": R["arm"], "credential_scopes": [R["arm"] + "/.default"]}
S, PLAT = "8f4cf463-df2c-525f-a7ea-a4f1756244cb", "5e984d29-430a-50d7-a0e0-61b6bff8955d"
G = "rg-pay-weu"
sc = f"/subscriptions/{S}/resourceGroups/{G}"
m = ManagedServiceIdentityClient(CREDENTIAL, S, **AT)
az = AuthorizationManagementClient(CREDENTIAL, S, **AT)
rm = ResourceManagementClient(CREDENTIAL, S, **AT)
deployments = DeploymentsMgmtClient(CREDENTIAL, S, **AT)
locks = ManagementLockClient(CREDENTIAL, S, **AT)
policy = PolicyClient(CREDENTIAL, S, **AT)
subs = SubscriptionClient(CREDENTIAL, **AT)
web = WebSiteManagementClient(CREDENTIAL, S, **AT)
cp = ComputeManagementClient(CREDENTIAL, S, **AT)
aks = ContainerServiceClient(CREDENTIAL, PLAT, **AT)
rg = ResourceGraphClient(CREDENTIAL, **AT)
kv = KeyVaultManagementClient(CREDENTIAL, S, **AT)
passed = failed = 0


def requests():
    with urllib.request.urlopen(R["arm"] + "/sim/requests", context=TRUSTED) as answer:
        return [json.loads(line) for line in answer.read().decode().splitlines()]


def call(name, function, check=lambda answer: True):
    """Sends what a client sends, and looks at the answer."""
    global passed, failed
    before, answer = len(requests()), None
    try:
        answer = function()
        why = None if check(answer) else repr(answer)
    except Exception as error:
        why = repr(error)
    passed, failed = passed + (why is None), failed + (why is not None)
    if why is not None:
        print(f"FAILED  {name}\n        {why[:600]}", flush=True)
        for request in requests()[before:]:
            print(f"        {request['method']} {request['path'][:200]} {request['status']}")
    return answer


def g(method, path, body=None, **headers):
    """One request to Microsoft Graph."""
    token = CREDENTIAL.get_token(R["graph"] + "/.default").token
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json", **headers}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(R["graph"] + "/v1.0" + path, method=method, data=data, headers=headers)
    with urllib.request.urlopen(request, context=TRUSTED) as answer:
        text = answer.read()
        return json.loads(text) if text else None


i = call(
    "msi create",
    lambda: m.user_assigned_identities.create_or_update(G, "id-sdk", {"location": "westeurope", "tags": {"a": "b"}}),
    lambda r: r.principal_id,
)
call("msi get", lambda: m.user_assigned_identities.get(G, "id-sdk"), lambda r: r.client_id == i.client_id)
call("msi list rg", lambda: list(m.user_assigned_identities.list_by_resource_group(G)), lambda r: len(r) > 3)
call("msi list sub", lambda: list(m.user_assigned_identities.list_by_subscription()), lambda r: len(r) > 4)
call(
    "msi update",
    lambda: m.user_assigned_identities.update(G, "id-sdk", {"location": "westeurope", "tags": {"a": "c"}}),
    lambda r: r.tags == {"a": "c"},
)
call("msi ops", lambda: list(m.operations.list()), lambda r: len(r) > 3)
call(
    "fic create",
    lambda: m.federated_identity_credentials.create_or_update(
        G,
        "id-sdk",
        "fic-one",
        {
            "properties": {
                "issuer": "https://token.actions.githubusercontent.com",
                "subject": "repo:a/b:ref:refs/heads/main",
                "audiences": ["api://AzureADTokenExchange"],
            }
        },
    ),
    lambda r: r.name == "fic-one",
)
call("fic list", lambda: list(m.federated_identity_credentials.list(G, "id-sdk")), lambda r: len(r) == 1)
call("fic get", lambda: m.federated_identity_credentials.get(G, "id-sdk", "fic-one"), lambda r: r.issuer)
call("fic delete", lambda: m.federated_identity_credentials.delete(G, "id-sdk", "fic-one"))
sc = f"/subscriptions/{S}/resourceGroups/{G}"
rd = call("roles list", lambda: list(az.role_definitions.list(sc, filter="roleName eq 'Reader'")), lambda r: len(r) == 1)
call("roles get", lambda: az.role_definitions.get(sc, rd[0].name), lambda r: r.role_name == "Reader")
call("roles get by id", lambda: az.role_definitions.get_by_id(rd[0].id), lambda r: r.role_name == "Reader")
ra = call(
    "ra create",
    lambda: az.role_assignments.create(
        sc,
        "99999999-2222-4333-8444-555555555551",
        {"properties": {"roleDefinitionId": rd[0].id, "principalId": i.principal_id, "principalType": "ServicePrincipal"}},
    ),
    lambda r: r.id,
)
call("ra get by id", lambda: az.role_assignments.get_by_id(ra.id), lambda r: r.principal_id == i.principal_id)
call("ra list rg", lambda: list(az.role_assignments.list_for_resource_group(G)), lambda r: len(r) > 1)
call(
    "ra list sub", lambda: list(az.role_assignments.list_for_subscription(filter=f"assignedTo('{i.principal_id}')")), lambda r: len(r) >= 1
)
call(
    "ra list resource",
    lambda: list(az.role_assignments.list_for_resource(G, "Microsoft.KeyVault", "vaults", "kv-pay")),
    lambda r: len(r) >= 1,
)
call("ra list scope", lambda: list(az.role_assignments.list_for_scope(sc, filter="atScope()")), lambda r: len(r) >= 1)
call("ra delete", lambda: az.role_assignments.delete_by_id(ra.id), lambda r: r.id)
call("perm rg", lambda: list(az.permissions.list_for_resource_group(G)), lambda r: len(r) >= 1)
call("deny", lambda: list(az.deny_assignments.list()), lambda r: r == [])
call("elig instances", lambda: list(az.role_eligibility_schedule_instances.list_for_scope(sc)), lambda r: r == [])
call("assign schedules", lambda: list(az.role_assignment_schedules.list_for_scope(sc)), lambda r: isinstance(r, list))
call("provider ops", lambda: az.provider_operations_metadata.get("Microsoft.ManagedIdentity"), lambda r: r.resource_types)
call("classic admins", lambda: list(az.classic_administrators.list()), lambda r: r == [])
call("rm groups", lambda: list(rm.resource_groups.list()), lambda r: len(r) == 2)
call("rm groups filter", lambda: list(rm.resource_groups.list(filter="tagName eq 'env'")), lambda r: len(r) >= 1)
call("rm group create", lambda: rm.resource_groups.create_or_update("rg-sdk", {"location": "westeurope"}), lambda r: r.name == "rg-sdk")
call("rm group update", lambda: rm.resource_groups.update("rg-sdk", {"tags": {"k": "v"}}), lambda r: r.tags == {"k": "v"})
call("rm exists", lambda: rm.resource_groups.check_existence("rg-none"), lambda r: r is False)
call("rm list", lambda: list(rm.resources.list()), lambda r: len(r) > 5)
call(
    "rm list rg expand",
    lambda: list(rm.resources.list_by_resource_group(G, expand="createdTime,changedTime,provisioningState")),
    lambda r: len(r) > 5,
)
call(
    "rm get by id",
    lambda: rm.resources.get_by_id(f"{sc}/providers/Microsoft.KeyVault/vaults/kv-pay", "2023-07-01"),
    lambda r: r.name == "kv-pay",
)
call("rm get", lambda: rm.resources.get(G, "Microsoft.KeyVault", "", "vaults", "kv-pay", "2023-07-01"), lambda r: r.name == "kv-pay")
call(
    "rm exists by id",
    lambda: rm.resources.check_existence_by_id(f"{sc}/providers/Microsoft.KeyVault/vaults/kv-pay", "2023-07-01"),
    lambda r: r is True,
)
call(
    "rm update by id",
    lambda: rm.resources.begin_update_by_id(
        f"{sc}/providers/Microsoft.Storage/storageAccounts/stcontoso3", "2023-05-01", {"tags": {"t": "1"}}
    ).result(),
    lambda r: r.tags == {"t": "1"},
)
call(
    "rm create by id",
    lambda: rm.resources.begin_create_or_update_by_id(
        f"/subscriptions/{S}/resourceGroups/rg-sdk/providers/Microsoft.Storage/storageAccounts/storesdk1",
        "2023-05-01",
        {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
    ).result(),
    lambda r: r.name == "storesdk1",
)
call(
    "rm move validate",
    lambda: rm.resources.begin_validate_move_resources(
        "rg-sdk",
        {
            "resources": [f"/subscriptions/{S}/resourceGroups/rg-sdk/providers/Microsoft.Storage/storageAccounts/storesdk1"],
            "targetResourceGroup": f"/subscriptions/{S}/resourceGroups/rg-pay-sdc",
        },
    ).result(),
)
call(
    "rm move",
    lambda: rm.resources.begin_move_resources(
        "rg-sdk",
        {
            "resources": [f"/subscriptions/{S}/resourceGroups/rg-sdk/providers/Microsoft.Storage/storageAccounts/storesdk1"],
            "targetResourceGroup": f"/subscriptions/{S}/resourceGroups/rg-pay-sdc",
        },
    ).result(),
)
call(
    "rm delete by id",
    lambda: rm.resources.begin_delete_by_id(
        f"/subscriptions/{S}/resourceGroups/rg-pay-sdc/providers/Microsoft.Storage/storageAccounts/storesdk1", "2023-05-01"
    ).result(),
)
call("rm export", lambda: rm.resource_groups.begin_export_template(G, {"resources": ["*"]}).result(), lambda r: r.template["resources"])
call("rm providers list", lambda: list(rm.providers.list()), lambda r: len(r) > 20)
call("rm provider get", lambda: rm.providers.get("Microsoft.ManagedIdentity"), lambda r: r.registration_state == "Registered")
call("rm provider register", lambda: rm.providers.register("Microsoft.Batch"))
call("rm tags list", lambda: list(rm.tags.list()), lambda r: len(r) >= 1)
call(
    "rm tags at scope",
    lambda: (
        rm.tags.begin_update_at_scope(sc, {"operation": "Merge", "properties": {"tags": {"z": "1"}}}).result()
        if hasattr(rm.tags, "begin_update_at_scope")
        else rm.tags.update_at_scope(sc, {"operation": "Merge", "properties": {"tags": {"z": "1"}}})
    ),
)
call("rm tags get", lambda: rm.tags.get_at_scope(sc), lambda r: r.properties.tags["z"] == "1")
tpl = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "apiVersion": "2023-01-31",
            "name": "id-tpl",
            "location": "[resourceGroup().location]",
        }
    ],
    "outputs": {
        "p": {
            "type": "string",
            "value": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities','id-tpl'),'2023-01-31').principalId]",
        }
    },
}
dd = deployments.deployments
call(
    "deploy",
    lambda: dd.begin_create_or_update("rg-sdk", "d1", {"properties": {"mode": "Incremental", "template": tpl}}).result(),
    lambda r: r.properties.outputs["p"]["value"],
)
call("deploy list", lambda: list(dd.list_by_resource_group("rg-sdk")), lambda r: len(r) == 1)
call("deploy get", lambda: dd.get("rg-sdk", "d1"), lambda r: r.properties.provisioning_state == "Succeeded")
call(
    "deploy whatif",
    lambda: dd.begin_what_if("rg-sdk", "d1", {"properties": {"mode": "Incremental", "template": tpl}}).result(),
    lambda r: r.status == "Succeeded",
)
call("deploy validate", lambda: dd.begin_validate("rg-sdk", "d1", {"properties": {"mode": "Incremental", "template": tpl}}).result())
call("deploy delete", lambda: dd.begin_delete("rg-sdk", "d1").result())
call(
    "lock create",
    lambda: locks.management_locks.create_or_update_at_resource_group_level("rg-sdk", "l1", {"level": "CanNotDelete"}),
    lambda r: r.level == "CanNotDelete",
)
call("lock list", lambda: list(locks.management_locks.list_at_subscription_level()), lambda r: len(r) == 1)
call("lock scope", lambda: list(locks.management_locks.list_by_scope(sc)), lambda r: r == [])
call("lock delete", lambda: locks.management_locks.delete_at_resource_group_level("rg-sdk", "l1"))
call("pol list", lambda: list(policy.policy_definitions.list_built_in()), lambda r: len(r) >= 5)
call(
    "pol create",
    lambda: policy.policy_definitions.create_or_update(
        "p1", {"properties": {"mode": "All", "policyRule": {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}}}}
    ),
    lambda r: r.policy_type == "Custom",
)
call(
    "pol assign",
    lambda: policy.policy_assignments.create(
        sc,
        "a1",
        {
            "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {i.id: {}}},
            "properties": {"policyDefinitionId": f"/subscriptions/{S}/providers/Microsoft.Authorization/policyDefinitions/p1"},
        },
    ),
    lambda r: r.identity,
)
call("pol assign list", lambda: list(policy.policy_assignments.list_for_resource_group(G)), lambda r: len(r) == 1)
call(
    "pol assign update",
    lambda: policy.policy_assignments.update(sc, "a1", {"identity": {"type": "SystemAssigned"}, "location": "westeurope"}),
    lambda r: r.identity.principal_id,
)
call("pol assign delete", lambda: policy.policy_assignments.delete(sc, "a1"))
call("subs", lambda: list(subs.subscriptions.list()), lambda r: len(r) == 3)
call("sub get", lambda: subs.subscriptions.get(S), lambda r: r.display_name)
call("locations", lambda: list(subs.subscriptions.list_locations(S)), lambda r: r[0].regional_display_name)
call("tenants", lambda: list(subs.tenants.list()), lambda r: len(r) == 1)
call("web list", lambda: list(web.web_apps.list()), lambda r: len(r) >= 2)
call("web get", lambda: web.web_apps.get(G, "app-pay-api"), lambda r: r.default_host_name)
call(
    "web update identity",
    lambda: web.web_apps.update(G, "app-pay-api", {"identity": {"type": "UserAssigned", "userAssignedIdentities": {i.id: {}}}}),
    lambda r: i.id.lower() in [k.lower() for k in r.identity.user_assigned_identities],
)
call(
    "web put",
    lambda: web.web_apps.begin_create_or_update(
        G,
        "app-sdk",
        {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {i.id: {}}},
            "properties": {"serverFarmId": f"{sc}/providers/Microsoft.Web/serverfarms/p"},
        },
    ).result(),
    lambda r: r.identity.principal_id,
)
call("web config", lambda: web.web_apps.get_configuration(G, "app-pay-api"), lambda r: r.min_tls_version or r.properties)
call("web appsettings", lambda: web.web_apps.list_application_settings(G, "app-pay-api"), lambda r: r.properties)
call(
    "web set appsettings",
    lambda: web.web_apps.update_application_settings(G, "app-sdk", {"properties": {"A": "1"}}),
    lambda r: r.properties == {"A": "1"},
)
call("web connstr", lambda: web.web_apps.list_connection_strings(G, "app-pay-api"))
call("web slot names", lambda: web.web_apps.list_slot_configuration_names(G, "app-pay-api"))
call("web slots", lambda: list(web.web_apps.list_slots(G, "app-pay-api")), lambda r: len(r) == 1)
call("web restart", lambda: web.web_apps.restart(G, "app-pay-api"))
call("web auth v2", lambda: web.web_apps.get_auth_settings_v2(G, "app-pay-api"))
call("web plans", lambda: list(web.app_service_plans.list()), lambda r: isinstance(r, list))
call(
    "web plan put",
    lambda: web.app_service_plans.begin_create_or_update(G, "plan-sdk", {"location": "westeurope", "sku": {"name": "B1"}}).result(),
    lambda r: r.name == "plan-sdk",
)
call("web delete", lambda: web.web_apps.delete(G, "app-sdk"))
call("vm list", lambda: list(cp.virtual_machines.list_all()), lambda r: len(r) == 2)
call("vm get view", lambda: cp.virtual_machines.get(G, "vm-pay-1", expand="instanceView"), lambda r: r.instance_view.statuses)
call("vm instance view", lambda: cp.virtual_machines.instance_view(G, "vm-pay-1"), lambda r: r.statuses)
call(
    "vm update",
    lambda: cp.virtual_machines.begin_update(
        G, "vm-pay-1", {"identity": {"type": "UserAssigned", "userAssignedIdentities": {i.id: {}}}}
    ).result(),
    lambda r: r.identity,
)
call("vm restart", lambda: cp.virtual_machines.begin_restart(G, "vm-pay-1").result())
call("vm ext", lambda: cp.virtual_machine_extensions.list(G, "vm-pay-1"))
call("vmss list", lambda: list(cp.virtual_machine_scale_sets.list_all()), lambda r: len(r) == 1)
call("vmss vms", lambda: list(cp.virtual_machine_scale_set_vms.list(G, "vmss-pay-batch")), lambda r: isinstance(r, list))
call("disks", lambda: list(cp.disks.list()), lambda r: r == [])
call(
    "vm run command",
    lambda: cp.virtual_machine_run_commands.begin_create_or_update(
        G, "vm-pay-2", "rc1", {"location": "westeurope", "properties": {"source": {"script": "echo"}}}
    ).result(),
    lambda r: r.name == "rc1",
)
call("aks list", lambda: list(aks.managed_clusters.list()), lambda r: len(r) == 1)
call("aks get", lambda: aks.managed_clusters.get("rg-plat-weu", "aks-plat"), lambda r: r.identity)
call("aks pools", lambda: list(aks.agent_pools.list("rg-plat-weu", "aks-plat")), lambda r: len(r) >= 1)
call("aks creds", lambda: aks.managed_clusters.list_cluster_user_credentials("rg-plat-weu", "aks-plat"), lambda r: r.kubeconfigs)
call(
    "aks tags",
    lambda: aks.managed_clusters.begin_update_tags("rg-plat-weu", "aks-plat", {"tags": {"q": "1"}}).result(),
    lambda r: r.tags == {"q": "1"},
)
call("kv list", lambda: list(kv.vaults.list_by_subscription()), lambda r: len(r) >= 1)
call(
    "kv policy",
    lambda: kv.vaults.update_access_policy(
        G,
        "kv-pay",
        "add",
        {"properties": {"accessPolicies": [{"tenantId": R["tenant"], "objectId": i.principal_id, "permissions": {"secrets": ["get"]}}]}},
    ),
    lambda r: r.properties.access_policies,
)
call("kv update", lambda: kv.vaults.update(G, "kv-pay", {"tags": {"x": "y"}}), lambda r: r.tags == {"x": "y"})
call(
    "kv name",
    lambda: kv.vaults.check_name_availability({"name": "kv-pay", "type": "Microsoft.KeyVault/vaults"}),
    lambda r: r.name_available is False,
)
call(
    "graph query",
    lambda: rg.resources(
        {
            "query": "resources | where type =~ 'microsoft.web/sites' | summarize n=count() by location | order by n desc",
            "subscriptions": [S],
        }
    ),
    lambda r: r.count >= 1,
)
call("g sp", lambda: g("GET", f"/servicePrincipals/{i.principal_id}"), lambda r: r["appId"] == i.client_id)
call("g sp by app", lambda: g("GET", f"/servicePrincipals(appId='{i.client_id}')"), lambda r: r["id"] == i.principal_id)
call(
    "g sp filter",
    lambda: g("GET", f"/servicePrincipals?$filter=appId%20eq%20'{i.client_id}'&$select=id,displayName"),
    lambda r: len(r["value"]) == 1,
)
call("g count", lambda: g("GET", "/groups/$count", ConsistencyLevel="eventual"), lambda r: r >= 4)
gr = call(
    "g group",
    lambda: g("POST", "/groups", {"displayName": "x", "mailEnabled": False, "mailNickname": "x", "securityEnabled": True}),
    lambda r: r["id"],
)
call(
    "g member", lambda: g("POST", f"/groups/{gr['id']}/members/$ref", {"@odata.id": f"{R['graph']}/v1.0/directoryObjects/{i.principal_id}"})
)
call("g members", lambda: g("GET", f"/groups/{gr['id']}/members?$top=1"), lambda r: len(r["value"]) == 1)
call("g transitive members", lambda: g("GET", f"/groups/{gr['id']}/transitiveMembers"), lambda r: len(r["value"]) == 1)
call("g members sp cast", lambda: g("GET", f"/groups/{gr['id']}/members/microsoft.graph.servicePrincipal"), lambda r: len(r["value"]) == 1)
call("g memberOf", lambda: g("GET", f"/servicePrincipals/{i.principal_id}/memberOf"), lambda r: len(r["value"]) == 1)
call(
    "g transitiveMemberOf cast",
    lambda: g("GET", f"/servicePrincipals/{i.principal_id}/transitiveMemberOf/microsoft.graph.group"),
    lambda r: len(r["value"]) == 1,
)
call(
    "g getMemberGroups",
    lambda: g("POST", f"/servicePrincipals/{i.principal_id}/getMemberGroups", {"securityEnabledOnly": False}),
    lambda r: len(r["value"]) == 1,
)
call("g patch group", lambda: g("PATCH", f"/groups/{gr['id']}", {"description": "d"}))
call("g owners", lambda: g("GET", f"/groups/{gr['id']}/owners"), lambda r: r["value"] == [])
call(
    "g getByIds",
    lambda: g("POST", "/directoryObjects/getByIds", {"ids": [i.principal_id], "types": ["servicePrincipal"]}),
    lambda r: len(r["value"]) == 1,
)
call("g app roles", lambda: g("GET", f"/servicePrincipals/{i.principal_id}/appRoleAssignments"), lambda r: r["value"] == [])
call("g oauth2", lambda: g("GET", f"/servicePrincipals/{i.principal_id}/oauth2PermissionGrants"), lambda r: r["value"] == [])
call(
    "g batch",
    lambda: g(
        "POST",
        "/$batch",
        {"requests": [{"id": "1", "method": "GET", "url": "/groups?$top=1"}, {"id": "2", "method": "GET", "url": f"/groups/{gr['id']}"}]},
    ),
    lambda r: [x["status"] for x in r["responses"]] == [200, 200],
)
call("g search", lambda: g("GET", "/groups?$search=%22displayName:grp%22", ConsistencyLevel="eventual"), lambda r: len(r["value"]) >= 3)
call("g role assignments", lambda: g("GET", "/roleManagement/directory/roleAssignments"), lambda r: "value" in r)
call("g delete", lambda: g("DELETE", f"/groups/{gr['id']}"))
call("msi delete", lambda: m.user_assigned_identities.delete(G, "id-sdk"))
call("rm group delete", lambda: rm.resource_groups.begin_delete("rg-sdk").result())
served.terminate()
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
