// Judge: the wire between the program and the local Azure. Forwards every exchange and keeps what
// both sides said, in memory only: no header with a credential is kept, and nothing of the sign-in server.
'use strict';
const http = require('node:http');

const KEPT = new Set([
  'accept', 'azure-asyncoperation', 'content-type', 'etag', 'if-match', 'location', 'retry-after',
]);

const kept = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.has(name)).map(([n, v]) => [n, String(v)]));

const json = (bytes) => (bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8')));

const whole = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Stands in front of the servers of `ready`; each side sees only this one's addresses. */
async function listen(ready) {
  const names = ['arm', 'graph', 'login'];
  const exchanges = [];
  const fronts = {};
  const servers = names.map(() => http.createServer());
  await Promise.all(servers.map((server) => new Promise((done) => server.listen(0, '127.0.0.1', done))));
  names.forEach((name, n) => (fronts[name] = `http://127.0.0.1:${servers[n].address().port}`));
  // In a form, as a request for a token is, an address is written in its other spelling.
  const spelt = [(address) => address, encodeURIComponent];
  const swap = (text, from, to) =>
    names.reduce((t, name) => spelt.reduce((t, as) => t.replaceAll(as(from[name]), as(to[name])), t), text);
  const agent = new http.Agent({ keepAlive: true });

  names.forEach((name, n) =>
    servers[n].on('request', async (request, response) => {
      try {
        const sent = Buffer.from(swap((await whole(request)).toString('utf8'), fronts, ready));
        const back = new URL(ready[name]);
        const headers = { ...request.headers, host: back.host, 'content-length': sent.length };
        const options = { host: back.hostname, port: back.port, method: request.method, path: request.url, headers, agent };
        const answer = await new Promise((done, failed) => {
          http.request(options, done).on('error', failed).end(sent);
        });
        const bytes = Buffer.from(swap((await whole(answer)).toString('utf8'), ready, fronts));
        const told = { ...answer.headers };
        for (const header of Object.keys(told)) told[header] = swap(String(told[header]), ready, fronts);
        delete told['transfer-encoding'];
        if (request.method !== 'HEAD') told['content-length'] = bytes.length;
        if (name !== 'login' && !request.url.startsWith('/sim/')) {
          exchanges.push({
            side: name, method: request.method, url: request.url, asked: kept(request.headers), sent: json(sent),
            status: answer.statusCode, told: kept(answer.headers), answer: json(bytes),
          });
        }
        response.writeHead(answer.statusCode, told).end(bytes);
      } catch {
        response.destroy();
      }
    }),
  );
  const close = () => {
    agent.destroy();
    servers.forEach((server) => (server.closeAllConnections(), server.close()));
  };
  return { ...fronts, exchanges, close };
}

module.exports = { listen };
