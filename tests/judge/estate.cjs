// Judge: what is moved. The estate of the example, and beside it one more identity whose hosts are
// Microsoft's own example bodies, so that as many types as are described here take part.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { files } = require('./descriptions.cjs');

const SUBSCRIPTION = '/subscriptions/5e984d29-430a-50d7-a0e0-61b6bff8955d';
const GROUP = `${SUBSCRIPTION}/resourceGroups/rg-plat-weu`;
const NAME = 'id-judge';
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${NAME}`;
const CLIENT = '0b5e55ed-0000-4000-8000-00000000c11e';
const PRINCIPAL = '0b5e55ed-0000-4000-8000-000000000b1d';
const TENANT = '7a1c9f52-0000-4000-8000-00000000c0de';
const KIND = /\/subscriptions\/[^/]*\/resourcegroups\/[^/]*\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/]+/i;

/** Which example of each type, parents before their children. */
const EXAMPLES = [
  'ApiManagementCreateServiceWithUserAssignedIdentity', 'ApiManagementGetNamedValueWithKeyVault',
  'ApiManagementGetCertificateWithKeyVault', 'ContainerApps_Get', 'Job_Get', 'getAutomationAccount',
  'ContainerGroupsGet_Succeeded', 'ManagedClustersCreate_Update', 'CosmosDBDatabaseAccountGet',
  'CosmosDBSqlRoleAssignmentGet', 'Factories_Get', 'Credentials_Get', 'KustoClustersGet',
  'KustoClusterPrincipalAssignmentsGet', 'Workflows_Get', 'ApplicationGatewayGet', 'RedisCacheGet',
  'RedisCacheAccessPolicyAssignmentGet', 'ServerCreateWithDataEncryptionEnabled',
  'ManagedInstanceGetWithExpandEqualsAdministrators', 'ServerGetWithExpandEqualsAdministrators',
  'StorageAccountGetPropertiesCMKEnabled', 'GetWebApp', 'GetWebAppSlot', 'getPolicyAssignmentWithUserAssignedIdentity',
];

/** How grants inside services name whoever is granted something, and what: a role or policy that every account has. */
const GRANTED = {
  sqlroleassignments: (account) => ({
    principalId: PRINCIPAL, scope: account,
    roleDefinitionId: `${account}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002`,
  }),
  accesspolicyassignments: () => ({ objectId: PRINCIPAL, accessPolicyName: 'Data Contributor' }),
  principalassignments: () => ({ principalId: CLIENT, aadObjectId: PRINCIPAL }),
};

/** A body in our tenant: in our group, with our identity wherever it names one. */
function atHome(value) {
  if (Array.isArray(value)) return value.map(atHome);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => {
      if (KIND.test(name)) return [IDENTITY, { principalId: PRINCIPAL, clientId: CLIENT }];
      if (/^(identityClientId)$/i.test(name)) return [name, CLIENT];
      return [name, atHome(inner)];
    }));
  }
  if (typeof value !== 'string') return value;
  if (KIND.test(value)) return value.replace(KIND, IDENTITY);
  const grouped = value.replace(/^\/subscriptions\/[^/]*\/resourceGroups\/[^/]*(?=\/)/i, GROUP);
  return grouped.replace(/^\/subscriptions\/[^/]*(?=\/providers\/)/i, SUBSCRIPTION);
}

/** The type of an id. */
function kind(id) {
  const parts = id.split('/providers/').at(-1).split('/');
  return [parts[0], ...parts.slice(1).filter((_, n) => n % 2 === 0)].join('/');
}

/** The types that carry a map of identities, by their descriptions. */
function carriers(specs) {
  const shapes = JSON.parse(fs.readFileSync(path.join(specs, 'identity-shapes.json'), 'utf8')).entries;
  const mapped = shapes.filter((e) => e.path && e.put?.identity?.userAssignedIdentities);
  return new Set(mapped.map((e) => kind(e.path).toLowerCase()));
}

/** One example as a resource of ours. */
function host(body, parents, carries) {
  const home = atHome(body);
  const type = kind(home.id);
  const own = home.id.split('/');
  const parent = parents.get(type.split('/').slice(0, -1).join('/').toLowerCase());
  home.id = parent ? [parent, ...own.slice(-2)].join('/') : home.id;
  Object.assign(home, { type, name: own.at(-1) });
  if (home.location) home.location = 'West Europe';
  if (home.properties?.provisioningState) home.properties.provisioningState = 'Succeeded';
  Object.assign(home.properties, GRANTED[own.at(-2).toLowerCase()]?.(parent));
  if (carries.has(type.toLowerCase())) {
    home.identity = { type: 'UserAssigned', userAssignedIdentities: { [IDENTITY]: { principalId: PRINCIPAL, clientId: CLIENT } } };
  }
  parents.set(type.toLowerCase(), home.id);
  return home;
}

/** The example hosts. */
function hosts(specs) {
  const [carries, parents] = [carriers(specs), new Map()];
  const all = files(specs).filter((file) => file.includes('/examples/'));
  const bodies = EXAMPLES.flatMap((name) => {
    const found = all.filter((file) => path.basename(file, '.json') === name);
    return found.map((file) => JSON.parse(fs.readFileSync(file, 'utf8')).responses['200']?.body);
  });
  return bodies.filter((body) => typeof body?.id === 'string').map((body) => host(body, parents, carries));
}

/** What the local Azure serves, and what is asked of the program. */
function make(root, specs) {
  const estate = JSON.parse(fs.readFileSync(path.join(root, 'examples/contoso/estate.json'), 'utf8'));
  const batch = fs.readFileSync(path.join(root, 'examples/contoso/batch.toml'), 'utf8');
  const extra = hosts(specs);
  estate.arm.push({
    id: IDENTITY, name: NAME, type: 'Microsoft.ManagedIdentity/userAssignedIdentities', location: 'westeurope',
    tags: {}, properties: { clientId: CLIENT, principalId: PRINCIPAL, tenantId: TENANT },
  }, ...extra);
  const more = `\n[[identity]]\nid = "${IDENTITY}"\ntarget_resource_group = "rg-plat-sdc"\n`;
  return { estate, batch: batch + more, extra };
}

module.exports = { make, kind };
