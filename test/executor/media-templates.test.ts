import { symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { GenerateRequest } from '../../src/driver/request.js';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { NarrativeExecutorOptions } from '../../src/executor/options.js';
import { loadNarrative } from '../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../helpers/boticelli.js';
import { mediaBytes } from '../helpers/media-bytes.js';
import { createScriptedDriver } from '../helpers/scripted-driver.js';

interface RunInput {
  /** Files by name; `a.toml` is run. */
  files: Record<string, string>;
  vars?: Record<string, string>;
  /** The replies in order; after them `Reply n`. */
  replies?: string[];
  options?: Partial<NarrativeExecutorOptions>;
}

/**
 * Runs a narrative in a folder with pictures; `sent` has the texts and the file names of the last turn of each request.
 */
async function runNarrative({ files, vars = {}, replies = [], options = {} }: RunInput) {
  const folder = createTemporaryFolder(onTestFinished, files);
  for (const name of ['a', 'b', '1', '2']) writeFileSync(join(folder, `${name}.png`), mediaBytes.png);
  writeFileSync(join(folder, 'words.png'), 'Words.');
  const narrative = await loadNarrative(join(folder, 'a.toml'), { vars: new Map(Object.entries(vars)) });
  const driver = createScriptedDriver(replies.map((text) => ({ pieces: [text] })));
  const report = await new NarrativeExecutor({ driver, ...options }).execute(narrative);
  return { report, requests: driver.requests, sent: driver.requests.map(listParts) };
}

function listParts({ turns }: GenerateRequest): string[] {
  const turn = turns.at(-1);
  const parts = turn?.role === 'user' ? turn.parts : [];
  return parts.map((part) => (part.type === 'text' ? `"${part.text}"` : String(part.name)));
}

/** The TOML of a narrative with these acts, whose values are TOML too. A name ending in `_again` repeats an act. */
function renderNarrative(acts: Record<string, string>, more = ''): string {
  const order = JSON.stringify(Object.keys(acts).map((name) => name.replace(/_again$/, '')));
  const lines = Object.entries(acts).filter(([name]) => !name.endsWith('_again'));
  return `[narrative]\nname = "x"\n[toc]\norder = ${order}\n${more}\n[acts]\n${lines.map(([name, value]) => `${name} = ${value}\n`).join('')}`;
}
const picture = (file: string) => `{ input = [{ type = "image", file = "${file}" }] }`;

test('when an act runs, reads the media file that a reply, standard input, a variable or the round names', async () => {
  const source = renderNarrative(
    {
      pick: '"Which?"',
      byReply: picture('{{pick}}.png'),
      bySameReply: picture('{{pick}}.png'),
      byStdin: picture('{{stdin}}'),
      byVariable: picture('{{vars.name}}.png'),
      byRound: picture('{{round}}.png'),
    },
    'carousel = 2\n[vars]\nname = "b"',
  );
  const options = { stdin: async () => 'a.png\n' };
  const { sent, report, requests } = await runNarrative({ files: { 'a.toml': source }, replies: ['a'], options });
  expect(sent.slice(0, 6)).toEqual([['"Which?"'], ['a.png'], ['a.png'], ['a.png'], ['b.png'], ['1.png']]);
  const { turns } = requests[1] as GenerateRequest;
  expect(turns.at(-1)).toMatchObject({
    parts: [{ type: 'media', mimeType: 'image/png', content: { base64: mediaBytes.png.toString('base64') } }],
  });
  // In the second round the reply is `Reply 7`, which names no file.
  expect(report.error).toMatchObject({
    code: 'no_input',
    act: 'byReply',
    message: 'the file "Reply 7.png" does not exist',
  });
});

test('renders an entry of [media] anew at each use, by name and by ref', async () => {
  const source = `${renderNarrative({
    one: '"x"',
    show: '["media.m", "y"]',
    two: '"x"',
    show_again: '',
    ref: '{ input = [{ type = "image", ref = "media.m" }] }',
  })}[media.m]\nfile = "{{previous}}.png"\n`;
  const { sent } = await runNarrative({ files: { 'a.toml': source }, replies: ['a', 'one', 'b\n', ' 1 ', '2'] });
  expect(sent).toEqual([['"x"'], ['a.png', '"y"'], ['"x"'], ['b.png', '"y"'], ['1.png']]);
});

test.each([
  ['file = "{{one}}"', 'nope.png', 'no_input', 'the file "nope.png" does not exist'],
  [
    'file = "{{one}}"',
    'words.png',
    'invalid_narrative',
    '"words.png" is text; supported image types: png, jpeg, webp, heic and heif',
  ],
  [
    'file = "{{one}}"',
    'https://example.org/a.png?key=secret',
    'invalid_narrative',
    '"https://example.org/a.png" is not a file; write a URL as "url"',
  ],
  ['file = "{{one}}"', '.', 'no_input', 'the file "." is a folder'],
  ['file = "{{one}}"', ' \n', 'no_input', 'the file name is empty'],
  [
    'url = "{{one}}"',
    ' \n',
    'invalid_narrative',
    '"url" in [[acts.two.input]] is empty; a URL begins with https:// and a host',
  ],
  [
    'url = "{{one}}"',
    'file:///etc/passwd',
    'invalid_narrative',
    '"url" in [[acts.two.input]] begins with file:, but media is fetched only over http and https',
  ],
  [
    'url = "https://{{one}}"',
    ' ',
    'invalid_narrative',
    '"url" in [[acts.two.input]] is not a URL; a URL begins with https:// and a host',
  ],
])(
  'unusable media ends the run before the request of its act, with a hint about the placeholder: %s with %j',
  async (keys, reply, code, message) => {
    const source = renderNarrative({ one: '"x"', two: `{ input = [{ type = "image", ${keys} }] }`, three: '"z"' });
    const { report, requests } = await runNarrative({
      files: { 'a.toml': source },
      replies: [reply],
      options: { allowOutside: true },
    });
    expect(report.error).toMatchObject({ code, act: 'two', message });
    expect(report.error?.hint).toMatch(/^Check the values of the placeholders in ".*\{\{one\}\}"\.$/);
    expect(requests).toHaveLength(1);
    expect(JSON.stringify(report.error)).not.toContain('secret');
  },
);

test('reports unusable media before a nested narrative of the same act runs', async () => {
  const files = {
    'a.toml': `${renderNarrative({ one: '"x"', two: '["narrative:inner", "media.m"]' })}[media.m]\nfile = "{{one}}"\n`,
    'inner.toml': renderNarrative({ x: '"never sent"' }),
  };
  const { report, requests } = await runNarrative({ files, replies: ['nope.png'] });
  expect(report.error).toMatchObject({ code: 'no_input', act: 'two' });
  expect(requests).toHaveLength(1);
});

test('fills in the media file names of a nested narrative with the variables of the outer one', async () => {
  const files = {
    'a.toml': renderNarrative({ in: '"narrative:inner"' }, '[vars]\nname = "a"'),
    'inner.toml': renderNarrative({ x: picture('{{vars.name}}.png') }, '[vars]\nname = "nope"'),
  };
  expect((await runNarrative({ files })).sent).toEqual([['a.png']]);
  expect((await runNarrative({ files, vars: { name: 'b' } })).sent).toEqual([['b.png']]);
});

test('in a rehearsal, media with a reply in its file name becomes text; other media stays in the request', async () => {
  const source = renderNarrative({ one: '"x"', two: picture('{{previous}}.png'), three: picture('{{round}}.png') });
  const { report, sent } = await runNarrative({ files: { 'a.toml': source }, options: { isRehearsal: true } });
  expect(report.status).toBe('completed');
  expect(sent).toEqual([['"x"'], ['"[media file named by {{previous}}.png]"'], ['1.png']]);
});

test('renders a media URL before it is fetched', async () => {
  const source = renderNarrative({
    one: '{ input = [{ type = "image", url = "https://example.org/{{stdin}}?x=1" }] }',
  });
  const options = { stdin: async () => 'a.png' };
  const { requests } = await runNarrative({ files: { 'a.toml': source }, options });
  const content = { from: 'url-to-fetch', url: 'https://example.org/a.png?x=1', kind: 'image' };
  expect(requests[0]?.turns[0]).toMatchObject({ parts: [{ content, name: 'https://example.org/a.png' }] });
});

describe('a reply or standard input in a file name or URL', () => {
  const runWith = (keys: string, reply: string, options: Partial<NarrativeExecutorOptions> = {}, more = '') =>
    runNarrative({
      files: {
        'a.toml': `${renderNarrative({ one: '"x"', two: `{ input = [{ type = "document", ${keys} }] }` })}${more}`,
      },
      replies: [reply],
      options,
    });
  const outside = createTemporaryFolder(afterAll, { 'private.txt': 'Private.' });

  test.each([
    ['file = "{{one}}"', join(outside, 'private.txt')],
    ['file = "{{previous}}"', `../${basename(outside)}/private.txt`],
    ['file = "{{one}}/private.txt"', outside],
    ['file = "../{{one}}"', `${basename(outside)}/private.txt`],
    ['file = "{{one}}"', '../missing.txt'],
  ])("leads to no file outside of the narrative's folder without --allow-outside: %s with %j", async (keys, reply) => {
    const { report, requests } = await runWith(keys, reply);
    expect(report.error).toMatchObject({ code: 'no_input', act: 'two' });
    expect(report.error?.message).toMatch(
      /^the file ".*" is outside of \/.*, and its name comes from a reply or standard input$/,
    );
    expect(report.error?.hint).toMatch(/^To allow any file for ".*", run the narrative with --allow-outside\.$/);
    expect(requests).toHaveLength(1);
    const allowed = await runWith(keys, reply, { allowOutside: true });
    expect(allowed.report.error?.message).toEqual(
      reply.includes('missing') ? expect.stringMatching(/does not exist$/) : undefined,
    );
  });

  test("leads to no file outside of the narrative's folder through a link", async () => {
    const source = renderNarrative({ one: '"x"', two: picture('{{stdin}}') });
    const folder = createTemporaryFolder(onTestFinished, { 'a.toml': source });
    symlinkSync(outside, join(folder, 'link'));
    const driver = createScriptedDriver([{ pieces: ['x'] }]);
    const narrative = await loadNarrative(join(folder, 'a.toml'));
    const report = await new NarrativeExecutor({ driver, stdin: async () => 'link/private.txt' }).execute(narrative);
    expect(report.error).toMatchObject({ code: 'no_input', message: expect.stringContaining('is outside of') });
  });

  test("must stay in the narrative's folder; a path that a variable has, or that the TOML file spells out, may lead outside", async () => {
    const file = join(outside, 'private.txt');
    const { sent } = await runWith(`file = "{{vars.path}}"`, 'x', {}, `[vars]\npath = "${file}"\n`);
    expect(sent[1]).toEqual([file]);
    expect((await runWith(`file = "${file}"`, 'x')).sent[1]).toEqual([file]);
  });

  test.each([
    '{{one}}',
    'https://{{one}}/a.txt',
    'https://{{one}}.example/a',
    'https://a.example{{one}}',
    'http{{one}}',
  ])('is refused before the first request if it would choose a host: %s', async (url) => {
    const { report, requests } = await runWith(`url = "${url}"`, 'a.example');
    expect(report.error).toMatchObject({ code: 'no_input', hint: expect.stringContaining('--allow-outside') });
    expect(report.error?.message).toBe(`a reply or standard input must not choose the host of the URL "${url}"`);
    expect(requests).toHaveLength(0);
  });

  test.each([
    ['https://{{vars.host}}{{one}}', 'a.example', '.evil.example/x'],
    ['https://{{vars.host}}{{one}}', 'a.example', '@evil.example/x'],
    ['{{vars.host}}{{one}}', 'https://a.example', ':80/x'],
  ])(
    'is refused when the act with the URL runs, after the first request, if it directly follows a host from a variable: %s with %j and %j',
    async (url, host, reply) => {
      const { report, requests } = await runWith(`url = "${url}"`, reply, {}, `[vars]\nhost = "${host}"\n`);
      expect(report.error).toMatchObject({
        code: 'no_input',
        act: 'two',
        message: expect.stringContaining('the host'),
      });
      expect(requests).toHaveLength(1);
    },
  );

  test.each([
    ['https://a.example/{{one}}', 'x.txt'],
    ['https://{{vars.host}}/{{one}}?q={{one}}', '//evil.example/x.txt'],
    ['https://a.example?file={{one}}', 'x.txt'],
    ['{{vars.url}}', 'x'],
  ])('may fill the parts of a URL after the host: %s with %j', async (url, reply) => {
    const vars = '[vars]\nhost = "a.example:8443"\nurl = "https://a.example/x"\n';
    const { report, requests } = await runWith(`url = "${url}"`, reply, {}, vars);
    expect(report.error).toBeUndefined();
    expect(JSON.stringify(requests[1])).toMatch(/"url":"https:\/\/a\.example/);
  });
});
