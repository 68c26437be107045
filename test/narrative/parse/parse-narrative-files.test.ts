import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { InvalidNarrative } from '../../../src/narrative/invalid-narrative.js';
import { checkNarrativeFile, loadNarrative } from '../../../src/narrative/load-narrative.js';
import { applyOverrides, collectNarratives, type Narrative } from '../../../src/narrative/narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { renderHead } from '../check-source.js';

/**
 * Renders a file with an act for each string or array of strings. The acts begin on line 6, their values in column 6.
 */
function renderFile(...acts: (string | string[])[]): string {
  const names = acts.map((_, index) => `a${index}`);
  return `${renderHead(...names)}[acts]\n${acts.map((act, index) => `a${index} = ${JSON.stringify(act)}\n`).join('')}`;
}

/** Returns the problems of the first file and its nested files as lines: file, location, rule and message. */
async function collectFolderProblems(
  files: Record<string, string>,
  vars?: ReadonlyMap<string, string>,
): Promise<string[]> {
  const folder = createTemporaryFolder(onTestFinished, files);
  const [first = ''] = Object.keys(files);
  const { diagnostics, narrative } = await checkNarrativeFile(join(folder, first), vars && { vars });
  expect(narrative === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  return diagnostics.map(({ rule, message, location, source, suggestion }) => {
    const file = source?.file.slice(folder.length + 1) ?? first;
    const hint = suggestion === undefined ? '' : ` → ${suggestion}`;
    return `${file}:${location?.line}:${location?.column} ${rule}: ${message}${hint}`;
  });
}

it('finds nested narratives in the same folder, at any depth', async () => {
  const files = {
    'a.toml': renderFile('narrative:b', ['x', 'narrative:c']),
    'b.toml': renderFile('narrative:c'),
    'c.toml': renderFile('Hello.'),
  };
  expect(await collectFolderProblems(files)).toEqual([]);
  const folder = createTemporaryFolder(onTestFinished, files);
  const { acts } = await loadNarrative(join(folder, 'a.toml'));
  const getNestedInput = (act: number, input: number) => acts[act]?.inputs[input] as { narrative: Narrative };
  const innermost = getNestedInput(1, 1).narrative;
  expect(getNestedInput(0, 0).narrative.acts[0]?.inputs).toEqual([{ type: 'narrative', narrative: innermost }]);
  expect(innermost.acts[0]?.inputs).toEqual([{ type: 'text', content: 'Hello.' }]);
});

it('reports problems in the file that has them, each once, the outermost file first', async () => {
  const files = {
    'a.toml': renderFile('narrative:b', 'narrative:b', '{{nix}}'),
    'b.toml': `${renderHead('x', 'y')}[acts]\nx = "{{y}}"\ny = "narrative:c"\nz = "unused"\n`,
    'c.toml': 'x = [',
  };
  expect(await collectFolderProblems(files)).toEqual([
    'a.toml:8:7 unknown-name: unknown name {{nix}}; for a variable write {{vars.nix}} and define it in [vars]',
    'b.toml:6:6 not-played-yet: {{y}} has no value: the act "y" has not run when this text is used',
    'b.toml:8:1 unused-act: the act "z" is not listed in "order"',
    expect.stringMatching(/^c\.toml:1:\d syntax/),
  ]);
});

it('names the file of the first error in the message', async () => {
  const folder = createTemporaryFolder(onTestFinished, {
    'a.toml': renderFile('narrative:b'),
    'b.toml': renderFile(''),
  });
  const thrown = await loadNarrative(join(folder, 'a.toml')).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(InvalidNarrative);
  expect(thrown).toMatchObject({
    code: 'invalid_narrative',
    message: `${join(folder, 'b.toml')}:6:6: "a0" in [acts] is empty`,
  });
});

it.each([
  ['inne', 'narrative-not-found: the narrative "inne.toml" does not exist → narrative:inner'],
  ['zzzzzz', 'narrative-not-found: the narrative "zzzzzz.toml" does not exist'],
  ['folder', 'narrative-not-found: the narrative "folder.toml" is a folder'],
  ['', 'narrative-name: "narrative:" has no name after the colon'],
  ['inner.toml', 'narrative-name: "narrative:inner.toml" must be written without ".toml" → narrative:inner'],
  ...['../inner', 'sub/inner', '/etc/passwd', '..', 'a\\b', 'x\0y'].map((name) => [
    name,
    `narrative-name: ${JSON.stringify(`narrative:${name}`)} must be a name without a folder; nested narratives are in the same folder as this file`,
  ]),
])('rejects the narrative name %j', async (name, expected) => {
  const folder = createTemporaryFolder(onTestFinished, {
    'outer.toml': renderFile(`narrative:${name}`),
    'inner.toml': renderFile('x'),
  });
  mkdirSync(join(folder, 'folder.toml'));
  const { diagnostics } = await checkNarrativeFile(join(folder, 'outer.toml'));
  const [{ rule, message, suggestion, location } = {}] = diagnostics;
  expect(`${rule}: ${message}${suggestion === undefined ? '' : ` → ${suggestion}`}`).toBe(expected);
  expect(diagnostics).toHaveLength(1);
  expect(location).toMatchObject({ line: 6, column: 6 });
});

it('fails with no_input if the only error is a missing narrative', async () => {
  const folder = createTemporaryFolder(onTestFinished, { 'a.toml': renderFile('narrative:b') });
  await expect(loadNarrative(join(folder, 'a.toml'))).rejects.toMatchObject({ code: 'no_input' });
});

it('treats a sentence that begins with "narrative:" as a text', async () => {
  expect(await collectFolderProblems({ 'a.toml': renderFile('narrative: a story', 'narrative:of two words') })).toEqual(
    [],
  );
});

it.each([
  ['in itself', { 'a.toml': renderFile('narrative:a') }, 'a.toml:6:6', 'a.toml → a.toml'],
  [
    'in a file that it nests',
    { 'a.toml': renderFile('x', 'narrative:b'), 'b.toml': renderFile(['y', 'narrative:a']) },
    'b.toml:6:11',
    'a.toml → b.toml → a.toml',
  ],
  [
    'in a cycle below the outermost file',
    { 'a.toml': renderFile('narrative:b'), 'b.toml': renderFile('narrative:c'), 'c.toml': renderFile('narrative:b') },
    'c.toml:6:6',
    'b.toml → c.toml → b.toml',
  ],
])('rejects a narrative that is nested %s', async (_what, files, location, chain) => {
  expect(await collectFolderProblems(files as Record<string, string>)).toEqual([
    `${location} narrative-circle: the narrative contains itself: ${chain}`,
  ]);
});

it('allows at most sixteen levels of narratives, counted along the longest path to a narrative', async () => {
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, index) => [
        `n${index}.toml`,
        renderFile(index + 1 === length ? 'x' : `narrative:n${index + 1}`),
      ]),
    );
  expect(await collectFolderProblems(chain(16))).toEqual([]);
  expect(await collectFolderProblems(chain(17))).toEqual([
    expect.stringMatching(/^n15\.toml:6:6 narrative-depth: .*n0\.toml → .*n16\.toml$/),
  ]);
  // n0 nests n9 directly, so n16 is on level 9. n8 nests n9 too, which puts n16 on level 17.
  const shortcut = {
    ...chain(16),
    'n0.toml': renderFile('narrative:n9', 'narrative:n1'),
    'n15.toml': renderFile('narrative:n16'),
    'n16.toml': renderFile('x'),
  };
  expect(await collectFolderProblems(shortcut)).toEqual([expect.stringMatching(/^n8\.toml:6:6 narrative-depth/)]);
});

it('reads each file once even if every file nests the next one twice, but counts its acts each time for the limit', async () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [
      `n${index}.toml`,
      renderFile(`narrative:n${index + 1}`, `narrative:n${index + 1}`),
    ]),
  );
  expect(await collectFolderProblems({ ...doubling, 'n15.toml': renderFile('x') })).toEqual([]);
  expect(await collectFolderProblems({ ...doubling, 'n15.toml': renderFile('x', 'y', 'z', 'w') })).toEqual([
    'n0.toml:4:9 too-many-acts: 131072 acts would run; the limit is 100000',
  ]);
});

it('takes variables from the outer narratives, and reports variables that no file defines', async () => {
  const inner = { 'b.toml': renderFile('{{vars.x}} {{vars.y}}') };
  const withVars = (vars: string) => `${renderFile('narrative:b')}[vars]\n${vars}\n`;
  expect(await collectFolderProblems({ 'a.toml': withVars('x = 1\ny = 2'), ...inner })).toEqual([]);
  expect(await collectFolderProblems({ 'a.toml': withVars('x = 1'), ...inner })).toEqual([
    'b.toml:6:18 unknown-variable: unknown variable {{vars.y}}; define it in [vars] or with --var',
  ]);
  expect(await collectFolderProblems({ 'a.toml': withVars('x = 1'), ...inner }, new Map([['y', '2']]))).toEqual([]);
});

it('applies overrides to the acts of nested narratives too, and copies each narrative once', async () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [
      `n${index}.toml`,
      renderFile(`narrative:n${index + 1}`, `narrative:n${index + 1}`),
    ]),
  );
  const folder = createTemporaryFolder(onTestFinished, { ...doubling, 'n15.toml': renderFile('x') });
  const top = applyOverrides(await loadNarrative(join(folder, 'n0.toml')), {
    model: 'm',
    parameters: { temperature: 0 },
  });
  // Each file nests the next one twice. With a copy for each nesting, there would be 2^15 copies of the last one.
  const all = [...collectNarratives(top)];
  expect(all).toHaveLength(16);
  const innermost = all.at(-1);
  expect(innermost?.acts).toMatchObject([{ model: 'm', parameters: { temperature: 0 } }]);
});

it('reports narrative-circle exactly if narratives nest each other in a cycle, and reports no other problem', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  const names = ['n0', 'n1', 'n2', 'n3', 'n4'];
  const graphs = fc.array(fc.subarray(names), { minLength: names.length, maxLength: names.length });
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      for (const [index, targets] of graph.entries()) {
        writeFileSync(join(folder, `n${index}.toml`), renderFile('x', ...targets.map((name) => `narrative:${name}`)));
      }
      const { diagnostics } = await checkNarrativeFile(join(folder, 'n0.toml'));
      const isReported = diagnostics.some(({ rule }) => rule === 'narrative-circle');
      expect(isReported).toBe(hasCycle(graph, 0, []));
      expect(diagnostics.every(({ rule }) => rule === 'narrative-circle')).toBe(true);
    }),
    { numRuns: 60 },
  );
});

function hasCycle(graph: readonly (readonly string[])[], at: number, ancestors: readonly number[]): boolean {
  if (ancestors.includes(at)) return true;
  return (graph[at] ?? []).some((name) => hasCycle(graph, Number(name.slice(1)), [...ancestors, at]));
}
