// Judge: Microsoft's API descriptions, laid out in a temporary folder as their validator wants them, and
// which operation of theirs an exchange is.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Every file below a folder. */
function files(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = path.join(folder, entry.name);
    return entry.isDirectory() ? files(at) : [at];
  });
}

/** Copies each description to the place that it names as its source; the folder that they are in. */
function layOut(specs) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rehome-judge-'));
  for (const file of files(specs)) {
    if (!file.endsWith('.json') || /\/(examples|pandora-newest|common-types|msgraph|observed)\//.test(file)) continue;
    const text = fs.readFileSync(file, 'utf8');
    const description = JSON.parse(text);
    if (description.swagger !== '2.0' || !description.info.version) continue;
    const place = path.join(folder, path.dirname(description['x-source'].path), path.basename(file));
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, text);
  }
  return folder;
}

/** Where the validator keeps what stands outside of every provider. */
const NOWHERE = 'microsoft.unknown';

/** Whether a described path says nothing about what is asked: `/{resourceId}`, `…/{resourceType}/{resourceName}`. */
const isVague = (template) => /^\/\{[^}]*\}$/.test(template.split('?')[0]) || /\{resourceType\}\/\{[^}]*\}$/.test(template);

/**
 * The operation that an exchange is one of: in the version that was asked for, or else in the newest one
 * at hand. Where only another verb is described, `verb` says which.
 */
function operation(searcher, method, pathname, query, asked) {
  const provider = pathname.toLowerCase().split('/providers/').at(-1).split('/')[0];
  const inside = pathname.toLowerCase().includes('/providers/');
  const homes = inside ? [provider, NOWHERE] : [NOWHERE];
  let verb;
  for (const home of homes) {
    const versions = searcher.cache.get(home);
    if (versions === undefined) continue;
    const known = [...versions.keys()].sort((a, b) => rank(b, asked) - rank(a, asked) || (a < b ? 1 : -1));
    for (const version of known) {
      const find = (word) => {
        const request = { providerNamespace: home, apiVersion: version, requestMethod: word, host: 'management.azure.com', pathStr: pathname, query, requestUrl: pathname };
        const found = searcher.getPotentialOperations(request).matches;
        return found.filter((m) => !isVague(m.operation._path._pathTemplate));
      };
      const found = find(method.toLowerCase());
      if (found.length > 0) return { match: found[0], version };
      verb ??= [...versions.get(version).keys()].find((word) => find(word).length > 0);
    }
  }
  return { verb };
}

/** The version that was asked for first, then stable ones. */
const rank = (version, asked) => (version === asked ? 2 : version.endsWith('preview') ? 0 : 1);

module.exports = { layOut, operation, files };
