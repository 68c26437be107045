import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { readToml } from '../../src/toml/read-toml.js';
import { root, runBoticelli, startShell } from '../helpers/boticelli.js';

const { stdout: printed, stderr, code } = await runBoticelli(['schema']);
const accepts = new Ajv2020().compile(JSON.parse(printed));

function readTable(file: string) {
  const parsed = readToml(readFileSync(file));
  return parsed.ok ? parsed.table : undefined;
}

test('prints the whole JSON Schema with its dialect and a final newline', () => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(printed.endsWith('}\n')).toBe(true);
  expect(JSON.parse(printed)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['acts'],
  });
});

test('the schema accepts every sample', () => {
  const names = readdirSync(join(root, 'narratives')).filter((name) => name.endsWith('.toml'));
  expect(names.filter((name) => !accepts(readTable(join(root, 'narratives', name))))).toEqual([]);
});

// These are a few examples. The tests of test/narrative compare the schema with `check`: see assert-schema-agrees.ts.
test.each([
  ['an unknown key', '[narrative]\nname = "x"\nmodle = "m"\n[toc]\norder = []\n[acts]\n'],
  ['a wrong type', '[narrative]\nname = 1\n[toc]\norder = []\n[acts]\n'],
  ['a missing [narrative]', '[toc]\norder = []\n[acts]\n'],
  [
    'both [narrative] and its older name [narration]',
    '[narrative]\nname = "x"\n[narration]\nname = "x"\n[toc]\norder = []\n[acts]\n',
  ],
  ['a prompt beside inputs', '[narrative]\nname = "x"\n[acts.a]\nprompt = "x"\ninput = []\n'],
  ['a text without a source', '[narrative]\nname = "x"\n[acts.a]\ninput = [{ type = "text" }]\n'],
])('the schema rejects %s', (_what, text) => {
  const parsed = readToml(Buffer.from(text));
  expect(parsed.ok && accepts(parsed.table)).toBe(false);
});

test('the schema beside the samples is up to date (if not, run `npx boticelli schema > narratives/narrative.schema.json`)', () => {
  expect(readFileSync(join(root, 'narratives/narrative.schema.json'), 'utf8')).toBe(printed);
  expect(readFileSync(join(root, 'narratives/json_reply.toml'), 'utf8')).toMatch(
    /^#:schema \.\/narrative\.schema\.json\n/,
  );
});

test('a reader that closes the pipe early causes no error', async () => {
  const ended = await startShell('boticelli schema | head -1; echo $PIPESTATUS').result;
  expect(ended.stdout).toMatch(/^\{\n(0|141)\n$/);
  expect(ended.stderr).toBe('');
});
