import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidNarrative } from '../../src/narrative/invalid-narrative.js';
import { checkNarrative, checkNarrativeFile, loadNarrative } from '../../src/narrative/load-narrative.js';
import { checkSource, collectProblems, mediaFolder, renderHead } from './check-source.js';

const folder = mkdtempSync(join(tmpdir(), 'boticelli-'));

function writeFixture(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('a narrative', () => {
  it('has its acts in order, each with its own settings or else those of the narrative', async () => {
    const { narrative, diagnostics } = await checkSource(`
      [narrative]
      name = "launch"
      description = "Announce a release"
      model = "models/gemini-flash-lite-latest"
      temperature = 0.7
      system = "Be plain."
      [toc]
      order = ["draft", "final", "draft"]
      [acts]
      draft = "Write."
      [acts.final]
      model = "gemini-3.8-flash"
      temperature = 2
      max_tokens = 1_000
      system = ""
      [[acts.final.input]]
      type = "text"
      content = "Merge."
      [[acts.final.input]]
      type = "text"
      content = "Shorten."
    `);
    const draft = {
      name: 'draft',
      model: 'gemini-flash-lite-latest',
      system: 'Be plain.',
      parameters: { temperature: 0.7 },
      inputs: [{ type: 'text', content: 'Write.' }],
    };
    const final = {
      name: 'final',
      model: 'gemini-3.8-flash',
      parameters: { temperature: 2, maxTokens: 1000 },
      inputs: [
        { type: 'text', content: 'Merge.' },
        { type: 'text', content: 'Shorten.' },
      ],
    };
    expect(diagnostics).toEqual([]);
    expect(narrative).toEqual({ name: 'launch', description: 'Announce a release', acts: [draft, final, draft] });
  });

  it('accepts the older table name [narration]', async () => {
    const { narrative } = await checkSource(`${renderHead('a').replace('narrative', 'narration')}[acts]\na = "x"\n`);
    expect(narrative?.name).toBe('story');
  });

  it('is returned despite warnings', async () => {
    const { narrative, diagnostics } = await checkSource(`${renderHead('a')}[acts]\na = "x"\nb = "y"\n`);
    expect(narrative?.acts).toHaveLength(1);
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
  });

  it('is absent if there is an error', async () => {
    expect(await checkSource(`${renderHead('a')}[acts]\na = ""\n`)).not.toHaveProperty('narrative');
  });

  it('may have ten thousand acts', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `act_${index}`);
    const acts = names.map(
      (name) => `[acts.${name}]\n[[acts.${name}.input]]\ntype = "text"\ncontent = "Say ${name}."\n`,
    );
    const { narrative, diagnostics } = await checkSource(renderHead(...names) + acts.join(''));
    expect(diagnostics).toEqual([]);
    expect(narrative?.acts).toHaveLength(10_000);
  });

  it('may have thirty thousand problems, each with its location', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `act_${index}`);
    const problems = await collectProblems(
      `${renderHead(...names.map((name) => `${name}x`))}[acts]\n${names.map((name) => `${name} = ""\n`).join('')}`,
    );
    expect(problems).toHaveLength(30_000);
    expect(problems[0]).toBe('4:10 unknown-act: "order" lists the act "act_0x", which does not exist → act_0');
    expect(problems.at(-1)).toBe('10005:12 empty-prompt: "act_9999" in [acts] is empty');
  });
});

describe('checkNarrativeFile', () => {
  it('finds media relative to the file, not to the working folder', async () => {
    const file = join(mediaFolder, '..', 'look.toml');
    expect((await loadNarrative(file)).acts[0]?.inputs).toHaveLength(2);
  });

  it('reports the file under the given name', async () => {
    const file = writeFixture('invalid.toml', 'x');
    expect(await checkNarrativeFile(file)).toMatchObject({ file, text: '', diagnostics: [{ rule: 'syntax' }] });
  });

  it.each([
    ['a list of users', 'root:x:0:0:root:/root:/bin/bash\n'],
    ['the settings of another program', '[registry]\ntoken = "secret"\n[metadata]\nowner = 7\n'],
    ['environment variables', 'GEMINI_API_KEY = "secret"\nnarrative_id = 7\n'],
    ['binary data', '\xff\xfe\x00'],
  ])(
    'returns no source text of a file that is not a narrative, so that messages quote no line of it: %s',
    async (_what, content) => {
      const { text, diagnostics } = await checkNarrativeFile(writeFixture('other.toml', content));
      expect(text).toBe('');
      expect(diagnostics.length).toBeGreaterThan(0);
      expect(JSON.stringify(diagnostics)).not.toContain('secret');
    },
  );

  it.each(['[acts]\na = 1 2', '[acts\na = 1', 'narrative.name = ', '  [ "toc" ]\nx', '[[acts.x.input]]\n='])(
    'returns the source text of a narrative with a syntax error: %j',
    async (content) => {
      const file = writeFixture('broken.toml', content);
      expect(await checkNarrativeFile(file)).toMatchObject({ text: content, diagnostics: [{ rule: 'syntax' }] });
    },
  );

  it.each([
    ['is missing', () => join(folder, 'nope.toml'), 'does not exist'],
    ['is in a folder that is really a file', () => join(writeFixture('plain.toml', ''), 'x.toml'), 'does not exist'],
    ['is a folder', () => folder, 'is a folder'],
    ['has an invalid name', () => 'a\0b', 'is not a valid file name'],
  ])('fails with no_input if the file %s', async (_what, file, problem) => {
    const name = file();
    await expect(checkNarrativeFile(name)).rejects.toMatchObject({
      code: 'no_input',
      message: `${name} ${problem}`,
      hint: expect.stringMatching(/\.$/),
    });
  });

  it('fails with no_input for a pipe, instead of waiting for its other end', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(checkNarrativeFile(pipe)).rejects.toMatchObject({
      code: 'no_input',
      hint: expect.stringContaining('`-`'),
    });
  });
});

describe('loadNarrative', () => {
  it('throws InvalidNarrative with all diagnostics, and the first one in its message', async () => {
    const file = writeFixture('two.toml', `${renderHead('a', 'b')}[acts]\na = ""\n`);
    const thrown = await loadNarrative(file).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(InvalidNarrative);
    expect(thrown).toMatchObject({
      name: 'InvalidNarrative',
      code: 'invalid_narrative',
      message: `${file}:4:14: "order" lists the act "b", which does not exist (and 1 more)`,
      diagnostics: [{ rule: 'unknown-act' }, { rule: 'empty-prompt' }],
    });
  });

  it('throws InvalidNarrative with the code no_input if only a media file is missing', async () => {
    const file = writeFixture('media.toml', `${renderHead('a')}[[acts.a.input]]\ntype = "image"\nfile = "nope.png"\n`);
    await expect(loadNarrative(file)).rejects.toMatchObject({ name: 'InvalidNarrative', code: 'no_input' });
  });
});

it('checkNarrative resolves the paths of media against the given folder', async () => {
  mkdirSync(join(folder, 'elsewhere'), { recursive: true });
  const bytes = Buffer.from(`${renderHead('a')}[[acts.a.input]]\ntype = "image"\nfile = "dot.png"\n`);
  expect((await checkNarrative({ file: '<stdin>', bytes, folder: mediaFolder })).diagnostics).toEqual([]);
  expect(
    (await checkNarrative({ file: '<stdin>', bytes, folder: join(folder, 'elsewhere') })).diagnostics,
  ).toHaveLength(1);
});
