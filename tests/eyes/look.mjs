// What somebody sees who opens the pages while a batch runs. The last line is "N passed, M failed".
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.mjs";
import { started as start } from "./program.mjs";

const [chromium, axe, rehome, root] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "rehome-pages-"));
const children = [];
let passed = 0, failed = 0;

async function look(what, at) {
  try {
    await at();
    passed += 1;
    console.log(`ok      ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${what}\n        ${String(error.message ?? error).replaceAll("\n", "\n        ")}`);
  }
}

function holds(is, what) {
  if (!is) throw new Error(what);
}

// A program that goes on, once it has printed its first line.
async function started(words, environment) {
  const program = await start(rehome, folder, words, environment);
  children.push(program.child);
  return program;
}

// An estate in which groups have names that want to be markup.
const HOSTILE = "</text></svg><script>window.hostile = 1</script><img src=x onerror='window.hostile = 2'>";
function estate() {
  const estate = JSON.parse(readFileSync(join(root, "examples/contoso/estate.json"), "utf8"));
  for (const one of estate.graph) if (one["@odata.type"] === "#microsoft.graph.group") one.displayName += HOSTILE;
  writeFileSync(join(folder, "estate.json"), JSON.stringify(estate));
}

async function all() {
  estate();
  const { said: azure } = await started(["sim", "serve", "--estate", "estate.json", "--time-scale", "20000"], {});
  const environment = {
    ...process.env, REHOME_CLOUD: azure.arm, REHOME_TIME_SCALE: "20000", REHOME_ACTOR: "ada@contoso.example",
    AZURE_TENANT_ID: azure.tenant, AZURE_CLIENT_ID: azure.client_id, AZURE_CLIENT_SECRET: azure.client_secret,
  };
  const say = (...words) => execFileSync(rehome, words, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] }).toString();
  say("plan", "-f", join(root, "examples/contoso/batch.toml"), "--save", "plan.json");
  say("approve", "plan.json", "--reason", "CHG0041237", "--yes");
  const { child: server, said: served } = await started(["serve", "--allow-actions", "-o", "jsonl"], environment);
  const origin = new URL(served.link).origin;
  const browser = await Browser.start(chromium);
  try {
    await pages(browser, { say, environment, origin, link: served.link });
    await failures(browser, { origin, link: served.link, server });
  } finally {
    await browser.end();
  }
}

async function pages(browser, { say, environment, origin, link }) {
  const page = await browser.page();
  await page.looks(1280, "light");
  await look("the link leads to the batches", async () => {
    await page.go(link);
    await page.until("location.pathname === '/' && document.querySelector('h1')?.textContent === 'Batches'");
  });
  await look("a page that is open shows what happens while a batch runs, and keeps its place", async () => {
    await page.go(`${origin}/b/exit-weu`);
    await page.until("document.getElementById('live').textContent.includes('live')", "it is live");
    await page.says("window.same = true; document.querySelector('input[type=search]').value = 'typed'");
    const before = await page.says("document.body.dataset.position");
    const runner = spawn(rehome, ["run", "plan.json", "--yes"], { cwd: folder, env: environment, stdio: "ignore" });
    children.push(runner);
    await page.until("document.querySelector('#needs .causes .cmd code')?.textContent.includes('rehome ack')", "people are needed");
    await new Promise((resolve) => (runner.exitCode === null ? runner.once("exit", resolve) : resolve()));
    holds(await page.says("window.same === true && document.querySelector('input[type=search]').value === 'typed'"), "it was not loaded anew");
    const head = JSON.parse(say("status", "-o", "json")).log.events;
    await page.until(`document.querySelector('#status a').textContent === 'event ${head}'`, `event ${head} is shown, after ${before}`);
    await page.until("document.getElementById('say').textContent.includes('new event')", "it is said to who cannot see it");
  });
  const status = JSON.parse(say("status", "-o", "json"));
  const moves = status.moves.map((one) => one.run);
  const waiting = status.moves.find((one) => one.waiting_for.some((wait) => wait.kind === "by-hand")) ?? status.moves[0];
  const step = waiting.waiting_for.find((wait) => wait.step !== "-")?.step ?? "01";
  const paths = [
    "/", "/b/exit-weu", "/b/exit-weu?state=needs-person", `/m/${waiting.run}`, `/m/${waiting.run}/events`,
    `/m/${waiting.run}/access`, `/m/${waiting.run}/graph`, `/m/${waiting.run}/s/${step}`, "/e/20", "/approvals", "/record",
  ];
  const rules = readFileSync(axe, "utf8");
  for (const path of paths) {
    for (const scheme of ["light", "dark"]) {
      await look(`${path.replace(waiting.run, "MOVE")} in the ${scheme} breaks no rule of accessibility`, async () => {
        await page.looks(1280, scheme);
        await page.go(origin + path);
        const found = await page.says(`${rules}; axe.run().then((all) => all.violations.map((one) =>
          one.id + ": " + one.help + "\\n  " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join("\\n  ")))`);
        holds(found.length === 0, found.join("\n"));
      });
    }
    await look(`${path.replace(waiting.run, "MOVE")} is not wider than the screen from 320 to 1920 pixels`, async () => {
      for (const width of [320, 768, 1280, 1920]) {
        await page.looks(width, "light");
        await page.go(origin + path);
        const over = await page.says("document.documentElement.scrollWidth - innerWidth");
        holds(over <= 0, `${over} pixels too wide at ${width}`);
      }
    });
  }
  await page.looks(1280, "light");
  await look("names that want to be markup are text", async () => {
    let seen = 0;
    for (const run of moves) {
      await page.go(`${origin}/m/${run}/graph`);
      seen += await page.says("document.body.textContent.includes('window.hostile') ? 1 : 0");
      holds(await page.says("window.hostile === undefined && document.querySelectorAll('main img, main script').length === 0"), run);
    }
    holds(seen > 0, "no page has such a name");
  });
  await look("the keyboard reaches everything, and first the content", async () => {
    await page.go(`${origin}/b/exit-weu`);
    const key = { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 };
    const tab = async () => { for (const type of ["keyDown", "keyUp"]) await page.send("Input.dispatchKeyEvent", { type, ...key }); };
    await tab();
    holds(await page.says("document.activeElement.className === 'skip'"), "the first is the way to the content");
    const seen = new Set();
    for (let n = 0; n < 60; n += 1) {
      seen.add(await page.says("document.activeElement.tagName + ' ' + (document.activeElement.name ?? '')"));
      await tab();
    }
    for (const one of ["A undefined", "BUTTON", "SELECT state", "INPUT q", "INPUT person", "DIV undefined", "SELECT act"]) {
      holds([...seen].some((what) => what.trim() === one.replace(" undefined", "").trim()), `${one}: ${[...seen].join(", ")}`);
    }
  });
  await look("a filter stands in the address", async () => {
    await page.go(`${origin}/b/exit-weu`);
    const loaded = new Promise((resolve) => { page.loaded = resolve; });
    await page.says("const one = document.querySelector('select[name=state]'); one.value = 'needs-person'; one.dispatchEvent(new Event('change', { bubbles: true }))");
    await loaded;
    holds(await page.says("location.search.includes('state=needs-person')"), await page.says("location.href"));
    holds(await page.says("[...document.querySelectorAll('#list tbody .badge')].every((one) => one.textContent.trim() === 'needs-person')"), "only those are listed");
  });
  await look("somebody who is signed in asks for a pause, and it is shown", async () => {
    await page.go(`${origin}/b/exit-weu`);
    const loaded = new Promise((resolve) => { page.loaded = resolve; });
    await page.says("const form = document.querySelector('#act form'); form.act.value = 'pause'; form.reason.value = 'a freeze <b>now</b>'; form.requestSubmit()");
    await loaded;
    await page.until("document.querySelector('#facts .note')?.textContent.includes('a freeze <b>now</b>')", "it is shown with its reason");
    holds(say("status").includes("a freeze"), "the log has it");
  });
  await look("everything is there without a script", async () => {
    await page.send("Emulation.setScriptExecutionDisabled", { value: true });
    await page.go(`${origin}/m/${waiting.run}`);
    const { root: node } = await page.send("DOM.getDocument", { depth: -1 });
    const { outerHTML } = await page.send("DOM.getOuterHTML", { nodeId: node.nodeId });
    await page.send("Emulation.setScriptExecutionDisabled", { value: false });
    for (const part of ["Timeline of", "rehome ", "Every step of the plan"]) holds(outerHTML.includes(part), part);
  });
  await look("nothing is on the console, and nothing was asked of anybody else", async () => {
    holds(page.complaints.length === 0, page.complaints.join("\n"));
    const others = page.asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:") && url !== "about:blank");
    holds(others.length === 0, others.join("\n"));
  });
  await look("on paper everything is dark on white, whatever the machine prefers", async () => {
    await page.looks(1280, "dark", [], "print");
    await page.go(`${origin}/b/exit-weu`);
    const [ink, ground] = await page.says("['color', 'backgroundColor'].map((one) => getComputedStyle(document.documentElement)[one])");
    await page.looks(1280, "light");
    const light = (colour) => colour.match(/\d+/g).slice(0, 3).every((part) => Number(part) > 200);
    holds(!light(ink) && light(ground), `${ink} on ${ground}`);
  });
}

// What somebody sees where the log or the server is not there, in a page of their own: that it is refused stands on its console.
async function failures(browser, { origin, link, server }) {
  const page = await browser.page();
  await page.looks(1280, "light");
  await look("a name that somebody points here shows nothing", async () => {
    await page.go(`http://rebound.example:${new URL(origin).port}/`);
    const text = await page.says("document.body.textContent");
    holds(text.includes("its own address alone") && !text.includes("exit-weu"), text);
  });
  await look("a page that is open says when the log cannot be read, since when, and that it can again", async () => {
    await page.go(`${origin}/b/exit-weu`);
    await page.until("document.getElementById('live').textContent.includes('live')", "it is live");
    renameSync(join(folder, "rehome.db"), join(folder, "away.db"));
    await page.until("!document.getElementById('alarm').hidden", "an alarm");
    await page.until("document.getElementById('alarm').textContent.includes('annot be read')", "what it is");
    const words = await page.says("document.getElementById('alarm').textContent");
    renameSync(join(folder, "away.db"), join(folder, "rehome.db"));
    holds(words.includes("since 2") || words.includes("not there any more"), words);
    await page.until("document.getElementById('alarm').hidden && document.getElementById('live').textContent.endsWith(', live')", "it is live again");
  });
  await look("a browser that comes with a stolen link is not let in", async () => {
    const thief = await browser.page();
    await thief.send("Network.clearBrowserCookies");
    await thief.go(link);
    holds(await thief.says("document.body.textContent.includes('used before')"), "it is said");
    await thief.go(`${origin}/`);
    holds(await thief.says("!document.body.textContent.includes('exit-weu')"), "nothing of the log is shown");
  });
  await look("a page that is open says when the server is gone", async () => {
    server.kill("SIGKILL");
    await page.until("document.getElementById('alarm').textContent.includes('does not answer since 2')", "it is said");
    holds(await page.says("document.getElementById('live').textContent.endsWith('not live')"), "it is not live");
  });
}

await look("the pages of a log", all);
for (const child of children) child.kill("SIGKILL");
rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
