// Judge: plays a whole move against the local Azure, with the wire in between. What was said is returned.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { listen } = require('./wire.cjs');

/** Both sides run this many times as fast as the wall. */
const SCALE = '20000';

/** Runs the program: its exit code and what it printed. The wire lives in this process, so this must not block. */
function say(rehome, cwd, env, args) {
  return new Promise((done, failed) => {
    const child = spawn(rehome, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', failed);
    child.on('exit', (code) => done({ code, out, err, args }));
  });
}

/** Serves an estate until stopped. */
function serve(rehome, estate) {
  const child = spawn(rehome, ['sim', 'serve', '--estate', estate, '--time-scale', SCALE], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((done, failed) => {
    let text = '';
    child.on('exit', (code) => failed(new Error(`the local Azure ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) done({ ready: JSON.parse(text), stop: () => child.kill() });
    });
  });
}

/** Runs until nothing goes on by itself, and does what people would do by hand. */
async function run(ask, args) {
  for (let round = 0; round < 20; round += 1) {
    const said = await ask(...args);
    if (said.code !== 11) return said;
    const status = JSON.parse((await ask('status', '-o', 'json')).out);
    for (const move of status.moves) {
      for (const wait of move.waiting_for.filter((w) => w.kind === 'by-hand')) {
        await ask('ack', `${move.run}:${wait.step}`, '--note', 'played');
      }
    }
  }
  throw new Error('the run does not come to an end');
}

/** Plans, moves and then either takes back or cleans up; every exchange of it. */
async function play(rehome, folder, { estate, batch }, back) {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'estate.json'), JSON.stringify(estate));
  fs.writeFileSync(path.join(folder, 'batch.toml'), batch);
  const azure = await serve(rehome, path.join(folder, 'estate.json'));
  const wire = await listen(azure.ready);
  const env = {
    ...process.env, REHOME_CLOUD: wire.arm, REHOME_TIME_SCALE: SCALE, REHOME_ACTOR: 'judge',
    AZURE_TENANT_ID: azure.ready.tenant, AZURE_CLIENT_ID: azure.ready.client_id, AZURE_CLIENT_SECRET: azure.ready.client_secret,
  };
  const ask = (...args) => say(rehome, folder, env, args);
  const must = (said, code = 0) => {
    if (said.code !== code) throw new Error(`rehome ${said.args.join(' ')} ended with ${said.code}\n${said.out}\n${said.err}`);
  };
  try {
    must(await ask('plan', '-f', 'batch.toml', '--save', 'plan.json'));
    must(await ask('approve', 'plan.json', '--reason', 'judged', '--yes'));
    must(await run(ask, ['run', 'plan.json', '--yes']));
    const name = JSON.parse((await ask('status', '-o', 'json')).out).moves[0].batch;
    if (back) {
      must(await run(ask, ['rollback', name, '--reason', 'judged', '--yes']));
    } else {
      const verified = await ask('verify');
      if (verified.code !== 14) must(verified);
      const cleaned = await run(ask, ['cleanup', name, '--confirm', name, '--yes']);
      if (cleaned.code !== 10) must(cleaned);
    }
    return wire.exchanges;
  } finally {
    wire.close();
    azure.stop();
  }
}

module.exports = { play };
