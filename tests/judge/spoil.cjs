// Judge: exchanges that were right, each spoiled in one place. A judge that does not notice is no judge.
'use strict';

const isPut = (name) => (e) => e.method === 'PUT' && e.url.toLowerCase().includes(name) && e.status < 300;
const isGet = (name) => (e) => e.method === 'GET' && e.url.toLowerCase().includes(name) && e.status === 200;

/** What is spoiled, in which exchange, and on which side it has to be noticed. */
const WAYS = [
  ['a role assignment without a principal', 'client', isPut('/roleassignments/'), (e) => delete e.sent.properties.principalId],
  ['a role that is a number', 'client', isPut('/roleassignments/'), (e) => (e.sent.properties.roleDefinitionId = 7)],
  ['an identity without a location', 'client', isPut('/userassignedidentities/'), (e) => delete e.sent.location],
  ['audiences that are no list', 'client', isPut('/federatedidentitycredentials/'), (e) => (e.sent.properties.audiences = 'x')],
  ['a principal that is a list', 'simulator', isPut('/roleassignments/'), (e) => (e.answer.properties.principalId = [])],
  ['an unknown status', 'simulator', isPut('/roleassignments/'), (e) => (e.status = 299)],
  ['an identity without a location', 'simulator', isGet('/userassignedidentities/'), (e) => delete e.answer.location],
  ['an answer that is no object', 'simulator', isPut('/roleassignments/'), (e) => (e.answer = 'x')],
  ['a type that cannot be', 'simulator', (e) => e.answer?.identity?.type && e.method === 'PATCH' && /\/virtualmachines\//i.test(e.url), (e) => (e.answer.identity.type = 'Robot')],
  ['a list that is none', 'simulator', (e) => e.method === 'GET' && /\/roleassignments\?/i.test(e.url), (e) => (e.answer.value = 'x')],
];

async function spoil(exchanges, verdict) {
  const unseen = [];
  for (const [what, side, which, how] of WAYS) {
    const found = exchanges.find(which);
    if (!found) {
      unseen.push(`${what}: there is no such exchange`);
      continue;
    }
    const spoiled = structuredClone(found);
    how(spoiled);
    const said = await verdict(spoiled);
    if (!said.issues?.some((issue) => issue.side === side)) unseen.push(`${what} (${side})`);
  }
  return { tried: WAYS.length, unseen };
}

module.exports = { spoil };
