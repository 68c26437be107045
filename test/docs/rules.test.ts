import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';
import { extractCode, findTable, readPage } from './markdown.js';

const readSources = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'));

/**
 * The rules that the code can report: the first arguments of `errorAt(…)`, `warningAt(…)` and `createProblem(…)`, and the
 * strings after `rule:` and `rule =`.
 */
const rulesInCode = new Set(
  [...readSources('src/narrative'), ...readSources('src/toml'), ...readSources('src/commands')].flatMap((text) => [
    ...[...text.matchAll(/\b(?:errorAt|warningAt|createProblem)\(\s*'([a-z0-9-]+)'/g)].map(([, rule = '']) => rule),
    ...[...text.matchAll(/\brule(?::| =)([^;,\n]*(?:\n\s*\|[^;,\n]*)*)/g)].flatMap(([, value = '']) =>
      // In a conditional expression, a string of the condition is not a rule.
      [...value.replace(/^.*===.*\?/, '').matchAll(/(?<!\[)'([a-z0-9-]+)'/g)].map(([, rule = '']) => rule),
    ),
  ]),
);
const documented = findTable(readPage('narratives/README.md'), 'rule', 'problem').flatMap(([rule = '']) =>
  extractCode(rule),
);

test('the documentation lists every rule of check exactly once', () => {
  expect(rulesInCode).toContain('media-too-large');
  expect([...documented].sort()).toEqual([...rulesInCode].sort());
});

test('every rule of check has a test', () => {
  const tests = [...readSources('test/narrative'), ...readSources('test/commands')].join('\n');
  expect(documented.filter((rule) => !new RegExp(`\\b${rule}\\b`).test(tests))).toEqual([]);
});
