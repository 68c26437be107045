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
 * The rules that the code can report: the first arguments of `errorAt(…)`, `warningAt(…)`, `createProblem(…)` and
 * `createErrorDiagnostic(…)`, and the strings after `rule:` and `rule =`.
 */
const rulesInCode = new Set(
  [...readSources('src/narrative'), ...readSources('src/toml'), ...readSources('src/commands')].flatMap((text) => [
    ...[...text.matchAll(/\b(?:errorAt|warningAt|createProblem|createErrorDiagnostic)\(\s*'([a-z0-9-]+)'/g)].map(
      ([, rule = '']) => rule,
    ),
    ...[...text.matchAll(/\brule(?::| =)([^;,\n]*(?:\n\s*\|[^;,\n]*)*)/g)].flatMap(([, value = '']) =>
      // The condition of a conditional expression is removed, because its strings are not rules.
      [...value.replace(/^.*===.*\?/, '').matchAll(/(?<!\[)'([a-z0-9-]+)'/g)].map(([, rule = '']) => rule),
    ),
  ]),
);
const documentedRules = findTable(readPage('narratives/README.md'), 'rule', 'problem').flatMap(([rule = '']) =>
  extractCode(rule),
);

test('the documentation lists every rule of `check` exactly once', () => {
  expect(rulesInCode).toContain('media-too-large');
  expect([...documentedRules].sort()).toEqual([...rulesInCode].sort());
});

test('every rule of `check` occurs in a test', () => {
  const tests = [...readSources('test/narrative'), ...readSources('test/commands')].join('\n');
  expect(documentedRules.filter((rule) => !new RegExp(`\\b${rule}\\b`).test(tests))).toEqual([]);
});
