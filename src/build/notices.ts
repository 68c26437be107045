import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Writes the licences of all bundled libraries to `file`, because their terms require them with every copy. */
export function writeNotices(metafiles: readonly Metafile[], file: string): void {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
  const notices = [...folders].sort().map(createNotice);
  writeFileSync(file, `boticelli contains code of these libraries, under these terms.\n\n${notices.join('\n')}`);
}

function createNotice(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const holder = typeof author === 'string' ? author : author?.name;
  // A few libraries have no licence file, only the field in package.json.
  const terms = texts.length > 0 ? texts.join('\n\n') : `Licence: ${license}${holder ? `, by ${holder}` : ''}`;
  return `${'-'.repeat(72)}\n${name} ${version} (${license})\n\n${terms}\n`;
}
