// The program under test, for a page to be opened at.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

// A command that goes on, once it has printed its first line: its process, and what that line says.
export async function started(rehome, folder, words, environment) {
  const child = spawn(rehome, words, { cwd: folder, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`${words.join(" ")} ends with ${code}`)));
  });
  return { child, said: JSON.parse(line) };
}
