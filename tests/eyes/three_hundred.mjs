// A batch of three hundred identities in four waves, stopped in the middle of its third: what people look at when they judge the pages.
// One move has failed, some need a person, some soak, some are at work. Then pictures of every page at four widths, in the light
// and in the dark, and as they are printed.
//
//   node three_hundred.mjs CHROMIUM REHOME FOLDER [IDENTITIES]
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "./browser.mjs";
import { started as start } from "./program.mjs";

const [chromium, rehome, folder, many = "300"] = process.argv.slice(2);
const COUNT = Number(many);
const SCALE = "4000";
const SUBSCRIPTION = "/subscriptions/5ca1e000-0001-4000-8000-000000000000";
const GROUP = `${SUBSCRIPTION}/resourceGroups/rg-shop-weu`;
const APPS = ["hr-sync", "crm-api", "billing", "checkout", "search", "mailer", "ledger", "reports", "catalog", "identity-broker"];
const TEAMS = ["finance", "people", "storefront", "platform", "data"];
const guid = (kind, n) => `5ca1e000-${kind.toString(16).padStart(4, "0")}-4000-8000-${n.toString(16).padStart(12, "0")}`;
const name = (n) => `id-${APPS[n % APPS.length]}-${String(Math.floor(n / APPS.length)).padStart(2, "0")}`;
const identity = (n) => `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name(n)}`;

function one(n, arm, graph) {
  const [client, principal] = [guid(3, n), guid(2, n)];
  const of = (type, called, properties, more = {}) => ({
    id: `${GROUP}/providers/${type}/${called}`, name: called, type, location: "westeurope", tags: {},
    properties, ...more,
  });
  const carried = { identity: { type: "UserAssigned", userAssignedIdentities: { [identity(n)]: { principalId: principal, clientId: client } } } };
  const role = (nth, scope, definition) => {
    const called = guid(4, n * 8 + nth);
    return {
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${called}`, name: called, type: "Microsoft.Authorization/roleAssignments",
      properties: { roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${definition}`, principalId: principal, principalType: "ServicePrincipal", scope },
    };
  };
  const site = of("Microsoft.Web/sites", `app-${n}`, { keyVaultReferenceIdentity: identity(n) }, carried);
  const store = of("Microsoft.Storage/storageAccounts", `stshop${n}`, { minimumTlsVersion: "TLS1_2" });
  arm.push({ ...of("Microsoft.ManagedIdentity/userAssignedIdentities", name(n), { clientId: client, principalId: principal, tenantId: "7a1c9f52-0000-4000-8000-00000000c0de", isolationScope: "None" }), tags: { team: TEAMS[n % TEAMS.length] } });
  arm.push(site, store, {
    id: `${site.id}/config/appsettings`, name: "appsettings", type: "Microsoft.Web/sites/config", location: "westeurope",
    properties: { AZURE_CLIENT_ID: client },
  });
  arm.push(role(0, store.id, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"), role(1, site.id, "acdd72a7-3385-48ef-bd42-f606fba81ae7"));
  if (n % 9 === 4) {
    arm.push({
      id: `${identity(n)}/federatedIdentityCredentials/gh-main`, name: "gh-main", type: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      properties: { issuer: "https://token.actions.githubusercontent.com", subject: `repo:contoso/${APPS[n % APPS.length]}:ref:refs/heads/main`, audiences: ["api://AzureADTokenExchange"] },
    });
  }
  graph.push({ "@odata.type": "#microsoft.graph.servicePrincipal", id: principal, appId: client, displayName: name(n), servicePrincipalType: "ManagedIdentity" });
  if (n % 4 === 0) graph.push({ "@odata.type": "#microsoft.graph.group", id: guid(6, n), groupTypes: [], displayName: `readers of ${APPS[n % APPS.length]}`, securityEnabled: true, members: [principal] });
}

function written() {
  mkdirSync(folder, { recursive: true });
  const group = (called, location) => ({ id: `${SUBSCRIPTION}/resourceGroups/${called}`, name: called, location, tags: {}, type: "Microsoft.Resources/resourceGroups", properties: { provisioningState: "Succeeded" } });
  const arm = [{ id: SUBSCRIPTION, subscriptionId: SUBSCRIPTION.slice(15), displayName: "shop", tenantId: "7a1c9f52-0000-4000-8000-00000000c0de", state: "Enabled" }, group("rg-shop-weu", "westeurope"), group("rg-shop-sdc", "swedencentral")];
  const graph = [];
  for (let n = 0; n < COUNT; n += 1) one(n, arm, graph);
  const settings = { throttling: false, principal_delay_s: 20, index_delay_s: 0, operation_s: 30 };
  writeFileSync(join(folder, "estate.json"), JSON.stringify({ arm, graph, settings }));
  // One of the third wave is refused where it goes.
  const refused = `/resourceGroups/rg-shop-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name(Math.ceil(COUNT * 0.2))}`;
  writeFileSync(join(folder, "faults.json"), JSON.stringify({ rules: [{ host: "arm", method: "PUT", path: refused, what: { answer: { status: 403, code: "AuthorizationFailed" } } }] }));
  const share = (part) => Math.max(1, Math.round(COUNT * part));
  const waves = [["canary", share(0.02), ""], ["internal", share(0.15), 'after = "1h"\n'], ["business", share(0.33), 'after = "1h"\n'], ["critical", 0, 'release = "by-hand"\n']];
  const wave = ([called, size, more]) => `[[wave]]\nname = "${called}"\n${size ? `size = ${size}\n` : ""}${more}`;
  const rows = Array.from({ length: COUNT }, (_, n) => `[[identity]]\nid = "${identity(n)}"\ntarget_resource_group = "rg-shop-sdc"\n`);
  writeFileSync(join(folder, "batch.toml"), `format_version = "1.0"\n[batch]\nname = "exit-weu-2027"\nto = "swedencentral"\nsoak = "24h"\nunpinned_host = "swap"\nparallel = 12\n[waits]\ngrants = "10m"\n${waves.map(wave).join("")}[budget]\nwave = 3\n${rows.join("")}`);
}

const children = [];
process.on("exit", () => { if (process.env.KEEP === undefined) for (const child of children) child.kill("SIGKILL"); });
async function started(words, environment) {
  const program = await start(rehome, folder, words, environment);
  children.push(program.child);
  return program;
}

async function stopped() {
  written();
  const { child: cloud, said: azure } = await started(["sim", "serve", "--estate", "estate.json", "--faults", "faults.json", "--time-scale", SCALE], {});
  const environment = {
    ...process.env, REHOME_CLOUD: azure.arm, REHOME_TIME_SCALE: SCALE, REHOME_ACTOR: "ada@contoso.example",
    AZURE_TENANT_ID: azure.tenant, AZURE_CLIENT_ID: azure.client_id, AZURE_CLIENT_SECRET: azure.client_secret,
  };
  const say = (...words) => execFileSync(rehome, words, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 }).toString();
  say("plan", "-f", "batch.toml", "--save", "plan.json", "-o", "none");
  say("approve", "plan.json", "--reason", "CHG0041237", "--yes");
  const log = openSync(join(folder, "runner.log"), "w");
  const run = () => {
    children.push(spawn(rehome, ["run", "plan.json", "--yes"], { cwd: folder, env: environment, stdio: ["ignore", log, log] }));
    return children.at(-1);
  };
  let runner = run();
  const wave = (status, nth) => status.waves["exit-weu-2027"][nth].standing;
  for (let acked = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const status = JSON.parse(say("status", "-o", "json"));
    const counts = Object.entries(status.counts).filter(([, count]) => count > 0).map(([state, count]) => `${state} ${count}`);
    console.log(counts.join(", "));
    const hands = status.moves.flatMap((move) => move.waiting_for.filter((wait) => wait.kind === "by-hand").map((wait) => `${move.run}:${wait.step}`));
    // People are quick in the first two waves.
    if (hands.length > 0 && wave(status, 2) !== "running") say("ack", ...hands, "--note", `PR ${++acked} is merged`);
    // It ends where only people are left.
    if (runner.exitCode !== null) runner = run();
    const begun = status.moves.filter((move) => move.state === "running" || move.state === "soaking").length;
    if (wave(status, 2) === "running" && begun > COUNT * 0.12) break;
  }
  // The cloud falls silent: everything stays as it is, and the runner is alive.
  cloud.kill("SIGSTOP");
  return { environment, say };
}

const { environment, say } = await stopped();
const { said: served } = await started(["serve", "--allow-actions", "-o", "jsonl"], environment);
const status = JSON.parse(say("status", "-o", "json"));
const pick = (state) => status.moves.find((move) => move.state === state)?.run;
const failed = pick("failed") ?? status.moves[0].run;
const step = status.moves.find((move) => move.run === failed).waiting_for[0]?.step ?? "01";
const paths = {
  overview: "/", batch: "/b/exit-weu-2027", needs: "/b/exit-weu-2027?state=needs-person", failed: `/m/${failed}`, soaking: `/m/${pick("soaking") ?? failed}`,
  running: `/m/${pick("running") ?? failed}`, events: `/m/${pick("soaking") ?? failed}/events`, access: `/m/${pick("running") ?? failed}/access`,
  graph: `/m/${failed}/graph`, step: `/m/${failed}/s/${step}`, event: "/e/700", approvals: "/approvals", record: "/record",
};
writeFileSync(join(folder, "served.json"), JSON.stringify({ paths, pid: children.at(-1).pid }));
const browser = await Browser.start(chromium);
try {
  const page = await browser.page();
  await page.go(served.link);
  await page.until("location.pathname === '/'", "signed in");
  const origin = new URL(served.link).origin;
  for (const [called, path] of Object.entries(paths)) {
    for (const scheme of ["light", "dark"]) {
      for (const width of [320, 768, 1280, 1920]) {
        await page.looks(width, scheme);
        await page.go(origin + path);
        const over = await page.says("document.documentElement.scrollWidth - innerWidth");
        if (over > 0) console.log(`${path} at ${width}: ${over} pixels too wide`);
        await page.shot(join(folder, `${called}-${width}-${scheme}.png`));
      }
    }
    await page.looks(1280, "dark");
    await page.go(origin + path);
    await page.print(join(folder, `${called}.pdf`));
  }
  for (const complaint of page.complaints) console.log(`console: ${complaint}`);
} finally {
  await browser.end();
  if (process.env.KEEP !== undefined) console.log(served.link);
}
process.exit(0);
