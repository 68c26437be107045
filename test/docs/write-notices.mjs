// Writes the licences of all libraries that the bundles hold: their terms ask that each copy has them beside it.
// Called by `npm run bundle`: node write-notices.mjs <folder of esbuild's metafiles> <file to write>
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [from, to] = process.argv.slice(2);
const metafiles = readdirSync(from).filter((file) => /^bundle-.*\.json$/.test(file));
const inputs = metafiles.flatMap((file) => Object.keys(JSON.parse(readFileSync(join(from, file), 'utf8')).inputs));
const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
const written = [...folders].sort().map(noticeOf);
writeFileSync(to, `boticelli holds code of these libraries, under these terms.\n\n${written.join('\n')}`);

function noticeOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const holder = typeof author === 'string' ? author : author?.name;
  // A few have no file of their own for it: then what their package.json says is all there is.
  const terms = texts.length > 0 ? texts.join('\n\n') : `Licence: ${license}${holder ? `, by ${holder}` : ''}`;
  return `${'-'.repeat(72)}\n${name} ${version} (${license})\n\n${terms}\n`;
}
