// Judge: moves, takes back, moves again and cleans up, and has Microsoft's validator judge every exchange.
//
//   node judge.cjs BINARY FOLDER-OF-OAV DESCRIPTIONS ROOT
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { layOut, operation } = require('./descriptions.cjs');
const { make, kind } = require('./estate.cjs');
const { play } = require('./play.cjs');
const { spoil } = require('./spoil.cjs');

const [rehome, tool, specs, root] = process.argv.slice(2).map((at) => path.resolve(at));

/** With fewer operations judged, the descriptions were not loaded, or little was moved. */
const OPERATIONS_MIN = 80;

/** The validator, with every description loaded. */
async function validator(folder) {
  const { LiveValidator } = require(path.join(tool, 'node_modules/oav/dist/lib/liveValidation/liveValidator.js'));
  const judge = new LiveValidator({
    directory: folder, swaggerPathsPattern: ['specification/**/*.json'], isArmCall: true,
    loadValidatorInBackground: false, loadValidatorInInitialize: false, git: { shouldClone: false },
  }, () => {});
  await judge.initialize();
  return judge;
}

/** What Azure answers and no description has: the Azure CLI reads `properties.sku` of every site and fails without it. */
const UNDESCRIBED = { WebApps_: /\/properties\/sku$/ };

const isUndescribed = (operation, issue) => issue.side === 'simulator' && issue.code === 'OBJECT_ADDITIONAL_PROPERTIES' &&
  Object.entries(UNDESCRIBED).some(([group, at]) => operation.startsWith(group) && at.test(issue.at));

/** What the validator says about one exchange: what it found on each side, or why it has no description. */
async function verdict(judge, exchange) {
  if (exchange.side === 'graph') return { none: 'Microsoft Graph has no description in this form' };
  const url = new URL(exchange.url, 'https://management.azure.com');
  const asked = url.searchParams.get('api-version');
  const query = Object.fromEntries([...url.searchParams].map(([k, v]) => [k.toLowerCase(), v.toLowerCase()]));
  const { match, version, verb } = operation(judge.operationSearcher, exchange.method, url.pathname, query, asked);
  const what = `${exchange.method} ${shape(url.pathname)}`;
  if (verb) return finding(what, asked, 'verb', { code: 'NO_SUCH_VERB', message: `${verb} is described, and this is not`, at: '' });
  if (!match) return { none: what };
  url.searchParams.set('api-version', version);
  const info = () => ({ apiVersion: version, operationId: match.operation.operationId, operationMatch: match, validationRequest: {} });
  const said = structuredClone(exchange);
  const request = { url: url.href, method: said.method, headers: said.asked, body: said.sent };
  const response = { statusCode: String(said.status), headers: said.told, body: said.answer };
  const sides = {
    client: await judge.validateLiveRequest(request, {}, info()),
    simulator: await judge.validateLiveResponse(response, request, {}, info()),
  };
  const issues = Object.entries(sides).flatMap(([side, { errors, runtimeException: failed }]) =>
    (failed ? [{ ...failed, pathsInPayload: [] }] : errors).map((e) =>
      ({ side, code: e.code, message: e.message, at: e.pathsInPayload.join(' ') })))
    .filter((issue) => !isUndescribed(match.operation.operationId, issue));
  return { asked, under: version, operation: match.operation.operationId, issues };
}

const finding = (operation, asked, under, issue) => ({ asked, under, operation, issues: [{ side: 'client', ...issue }] });

/** A path without names. */
function shape(pathname) {
  const scope = pathname.split('/providers/');
  return scope.length === 1 ? pathname.replace(/[0-9a-f-]{36}/gi, '*') : `…/${kind(decodeURI(pathname))}`;
}

/** Judges all exchanges; identical findings are counted once with how often. */
async function judgeAll(judge, exchanges) {
  const tally = { judged: 0, exact: 0, none: new Map(), issues: new Map(), operations: new Set() };
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const exchange of exchanges) {
    const said = await verdict(judge, exchange);
    if (said.none) {
      count(tally.none, said.none);
      continue;
    }
    tally.judged += 1;
    tally.exact += said.under === said.asked ? 1 : 0;
    tally.operations.add(said.operation);
    for (const issue of said.issues) {
      count(tally.issues, `${issue.side}: ${said.operation} (${said.asked} under ${said.under}) ${issue.code} ${issue.at}: ${issue.message}`);
    }
  }
  return tally;
}

function report(tally, total, types) {
  const list = (title, map) => {
    if (map.size === 0) return;
    console.log(`\n${title}`);
    [...map].sort().forEach(([what, times]) => console.log(`  ${String(times).padStart(5)}  ${what}`));
  };
  console.log(`${total} exchanges, ${types} types of hosts; judged: ${tally.judged} of ${tally.operations.size} operations`);
  console.log(`  ${tally.exact} under the version that was asked for, ${tally.judged - tally.exact} under the newest one at hand`);
  list('without a description, so not judged:', tally.none);
  list('FOUND:', tally.issues);
}

async function main() {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'rehome-judged-'));
  const folder = layOut(specs);
  try {
    const staged = make(root, specs);
    const exchanges = [
      ...(await play(rehome, path.join(place, 'back'), staged, true)),
      ...(await play(rehome, path.join(place, 'on'), staged, false)),
    ];
    const judge = await validator(folder);
    const tally = await judgeAll(judge, exchanges);
    const types = new Set(staged.estate.arm.filter((o) => o.identity).map((o) => kind(o.id).toLowerCase()));
    report(tally, exchanges.length, types.size);
    const blind = await spoil(exchanges, (exchange) => verdict(judge, exchange));
    console.log(`\n${tally.issues.size} kinds of errors found; ${blind.tried} spoiled exchanges, ${blind.unseen.length} not noticed`);
    blind.unseen.forEach((what) => console.log(`  not noticed: ${what}`));
    const enough = tally.operations.size >= OPERATIONS_MIN;
    if (!enough) console.log(`only ${tally.operations.size} operations were judged, and there should be ${OPERATIONS_MIN}`);
    process.exitCode = enough && tally.issues.size === 0 && blind.unseen.length === 0 ? 0 : 1;
  } finally {
    [place, folder].forEach((at) => fs.rmSync(at, { recursive: true, force: true }));
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
