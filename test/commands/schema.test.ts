import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { readToml } from '../../src/toml/read-toml.js';
import { root, runBoticelli, startShell } from '../helpers/boticelli.js';

const { stdout: printed, stderr, code } = await runBoticelli(['schema']);
const accepts = new Ajv2020().compile(JSON.parse(printed));

async function tableIn(file: string) {
  const read = await readToml(readFileSync(file));
  return 'table' in read ? read.table : undefined;
}

test('prints the whole JSON Schema with its dialect and a final newline', () => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(printed.endsWith('}\n')).toBe(true);
  expect(JSON.parse(printed)).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['toc', 'acts'],
  });
});

// Every invalid narrative of test/narrative tests what it rejects: see in-step.ts.
test('the schema accepts every sample', async () => {
  const names = readdirSync(join(root, 'narratives')).filter((name) => name.endsWith('.toml'));
  const refused = await Promise.all(
    names.map(async (name) => (accepts(await tableIn(join(root, 'narratives', name))) ? [] : [name, accepts.errors])),
  );
  expect(refused.flat()).toEqual([]);
});

test.each([
  ['an unknown key', '[narrative]\nname = "x"\nmodle = "m"\n[toc]\norder = []\n[acts]\n'],
  ['a wrong type', '[narrative]\nname = 1\n[toc]\norder = []\n[acts]\n'],
  ['no narrative', '[toc]\norder = []\n[acts]\n'],
  ['both names of it', '[narrative]\nname = "x"\n[narration]\nname = "x"\n[toc]\norder = []\n[acts]\n'],
])('the schema rejects %s', async (_what, text) => {
  const read = await readToml(Buffer.from(text));
  expect('table' in read && accepts(read.table)).toBe(false);
});

test('the schema beside the samples is up to date: `npx boticelli schema > narratives/narrative.schema.json`', () => {
  expect(readFileSync(join(root, 'narratives/narrative.schema.json'), 'utf8')).toBe(printed);
  expect(readFileSync(join(root, 'narratives/json_reply.toml'), 'utf8')).toMatch(
    /^#:schema \.\/narrative\.schema\.json\n/,
  );
});

test('a reader that leaves early is not an error', async () => {
  const ended = await startShell('boticelli schema | head -1; echo $PIPESTATUS').result;
  expect(ended.stdout).toMatch(/^\{\n(0|141)\n$/);
  expect(ended.stderr).toBe('');
});
