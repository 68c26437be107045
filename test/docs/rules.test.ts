import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';
import { codeIn, readPage, tableOf } from './markdown.js';

const textsIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'));

/** The rules that the code can report: what stands first in `fault(…)`, `warning(…)` and `blame(…)`, or after `rule:` and `rule =`. */
const inCode = new Set(
  [...textsIn('src/narrative'), ...textsIn('src/toml'), ...textsIn('src/commands')].flatMap((text) => [
    ...[...text.matchAll(/\b(?:fault|warning|blame)\(\s*'([a-z0-9-]+)'/g)].map(([, rule = '']) => rule),
    ...[...text.matchAll(/\brule(?::| =)([^;,\n]*)/g)].flatMap(([, value = '']) =>
      // Of a choice between two rules, what it depends on is none.
      [...value.replace(/^.*===.*\?/, '').matchAll(/(?<!\[)'([a-z0-9-]+)'/g)].map(([, rule = '']) => rule),
    ),
  ]),
);
const documented = tableOf(readPage('README.md'), 'rule', 'what is wrong').flatMap(([rule = '']) => codeIn(rule));

test('every rule of check is in the table of the README, once, and no other', () => {
  expect(inCode).toContain('media-too-large');
  expect([...documented].sort()).toEqual([...inCode].sort());
});

test('every rule of check has a test', () => {
  const tests = [...textsIn('test/narrative'), ...textsIn('test/commands')].join('\n');
  expect(documented.filter((rule) => !new RegExp(`\\b${rule}\\b`).test(tests))).toEqual([]);
});
