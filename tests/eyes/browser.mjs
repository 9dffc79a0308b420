// A browser without a window, driven over a pipe: pages, what they say on their console, what they look like.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
  // A cold start of the browser may take a minute.
  static async start(program) {
    const home = mkdtempSync(join(tmpdir(), "rehome-eyes-"));
    const process = spawn(program, [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
      // A name that somebody points at this machine.
      "--host-resolver-rules=MAP rebound.example 127.0.0.1", `--user-data-dir=${home}`,
      "--remote-debugging-pipe", "about:blank",
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const browser = new Browser(process, home);
    await browser.send("Target.setDiscoverTargets", { discover: false }, undefined, 90_000);
    return browser;
  }

  constructor(process, home) {
    [this.process, this.home, this.last, this.open, this.heard] = [process, home, 0, new Map(), new Map()];
    let rest = "";
    process.stdio[4].setEncoding("utf8");
    process.stdio[4].on("data", (text) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop();
      parts.forEach((part) => this.take(JSON.parse(part)));
    });
  }

  take(message) {
    const waiting = this.open.get(message.id);
    if (waiting) {
      this.open.delete(message.id);
      if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else waiting.resolve(message.result);
    } else if (message.sessionId) {
      this.heard.get(message.sessionId)?.(message.method, message.params);
    }
  }

  send(method, params = {}, sessionId = undefined, patience = 60_000) {
    const id = ++this.last;
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), patience);
      const done = (end) => (value) => { clearTimeout(timer); end(value); };
      this.open.set(id, { method, resolve: done(resolve), reject: done(reject) });
    });
  }

  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.heard.set(sessionId, (method, params) => page.hear(method, params));
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  async end() {
    const over = new Promise((resolve) => { this.process.on("exit", resolve); });
    await this.send("Browser.close").catch(() => this.process.kill("SIGKILL"));
    await over;
    // Processes of its own may still write there for a moment.
    try { rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); } catch { /* it is in the folder for such things */ }
  }
}

export class Page {
  constructor(browser, session) {
    [this.browser, this.session, this.complaints, this.asked, this.loaded] = [browser, session, [], [], undefined];
  }

  send(method, params) { return this.browser.send(method, params, this.session); }

  hear(method, params) {
    if (method === "Page.loadEventFired") this.loaded?.();
    if (method === "Network.requestWillBeSent") this.asked.push(params.request.url);
    if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Runtime.consoleAPICalled" && params.type === "error") this.complaints.push(params.args.map((one) => one.value).join(" "));
    if (method === "Log.entryAdded" && params.entry.level === "error") this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
  }

  async go(url) {
    const loaded = new Promise((resolve) => { this.loaded = resolve; });
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  // What a page of its own says: the value of an expression.
  async says(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Waits until that is so; looked at again and again, however slow the machine is.
  async until(expression, what) {
    for (let look = 0; look < 1_200; look += 1) {
      if (await this.says(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`never: ${what ?? expression}`);
  }

  async looks(width, scheme, more = [], media = "") {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
    const features = [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }, ...more];
    await this.send("Emulation.setEmulatedMedia", { media, features });
  }

  async shot(file, most = 2_400) {
    const { cssContentSize } = await this.send("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width: Math.ceil(cssContentSize.width), height: Math.min(Math.ceil(cssContentSize.height), most), scale: 1 };
    const { data } = await this.send("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  // As it is printed.
  async print(file) {
    const { data } = await this.send("Page.printToPDF", { printBackground: true, paperWidth: 8.27, paperHeight: 11.69 });
    writeFileSync(file, Buffer.from(data, "base64"));
  }
}
