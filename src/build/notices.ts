import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Writes the licences of all bundled libraries to `file`: their terms ask that every copy carries them. */
export function writeNotices(metafiles: readonly Metafile[], file: string): void {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
  const notices = [...folders].sort().map(noticeOf);
  writeFileSync(file, `boticelli contains code of these libraries, under these terms.\n\n${notices.join('\n')}`);
}

function noticeOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((each) => /^(licen[cs]e|copying|notice)/i.test(each));
  const texts = files.map((each) => readFileSync(join(folder, each), 'utf8').trim());
  const holder = typeof author === 'string' ? author : author?.name;
  // A few libraries have no licence file: their package.json has to do.
  const terms = texts.length > 0 ? texts.join('\n\n') : `Licence: ${license}${holder ? `, by ${holder}` : ''}`;
  return `${'-'.repeat(72)}\n${name} ${version} (${license})\n\n${terms}\n`;
}
