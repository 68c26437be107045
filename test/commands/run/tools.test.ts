import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { type ScriptedReply, textReply } from '../../helpers/gemini/replies.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { codeParts, partPerChunkReply, redirectUrl, searchReply } from '../../helpers/gemini/tool-replies.js';
import { runInProcess } from '../../helpers/in-process.js';
import { parseEvents } from '../quota-fixture.js';

let server: GeminiServer;
beforeEach(async () => {
  server = await startGeminiServer({ models: 'any' });
});
afterEach(() => server.close());

const model = 'gemini-3.8-flash';
const narrative = `[narrative]
name = "research"
model = "${model}"
[toc]
order = ["find", "cite"]
[acts.find]
tools = ["google_search"]
prompt = "Who won?"
[acts]
cite = "Cite it."
`;
/** The sources of the act `find`. The second title has Markdown and a character that reverses the text after it. */
const sources = [
  { title: 'uefa.com', uri: redirectUrl('uefa.com') },
  { title: '[x](y) *b*\u202e', uri: 'https://b.example/a_(b)?q=%22' },
];

/** The reply to the act `find`: two searches and two pages, of which the second has a quote in its URL. */
function createFindReply(): ScriptedReply {
  const reply = searchReply(['Spain ', 'won.'], ['euro 2024', 'final'], ['uefa.com']);
  const grounding = reply.chunks?.[1]?.candidates?.[0]?.groundingMetadata as { groundingChunks: object[] };
  grounding.groundingChunks.push({ web: { title: sources[1]?.title, uri: 'https://b.example/a_(b)?q="' } });
  return reply;
}

/** A folder with a narrative. By default its first act searches twice and finds two pages. */
function setup(text = narrative, replies = [createFindReply(), textReply('As uefa.com says.')]) {
  const cwd = createTemporaryFolder(onTestFinished, { 'n.toml': text, 'boticelli.toml': '' });
  const env = {
    ...{ HOME: cwd, GEMINI_API_KEY: 'test-key', GOOGLE_GEMINI_BASE_URL: server.url, GEMINI_TIER: 'tier_1' },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  server.queueReplies(...replies);
  return {
    cwd,
    boticelli: (...args: string[]) => runInProcess(args, { env, cwd }),
    read: (name: string) => readFileSync(join(cwd, name), 'utf8'),
  };
}

/**
 * 10 prompt tokens and 40 tool tokens at $0.75 per million, 2 output tokens at $3.75 per million, and two searches at
 * $0.014 each.
 */
const costOfFind = 0.028045;
const found = { text: 'Spain won.', searches: ['euro 2024', 'final'], sources };

describe('an act that searches', () => {
  test.each([[[]], [['--stream']]])(
    'has its searches and sources in json and ndjson, and the search fee in its cost: %j',
    async (flags) => {
      const { boticelli } = setup();
      const { stdout, code } = await boticelli('run', 'n.toml', ...flags, '-o', 'ndjson');
      expect(code).toBe(0);
      const [find, cite] = parseEvents(stdout, 'act-end');
      expect(find).toMatchObject({ ...found, usage: { toolTokens: 40 }, costUsd: costOfFind });
      expect(cite).not.toHaveProperty('sources');
      expect(parseEvents(stdout, 'act-note')).toEqual([]);
      expect(stdout).not.toContain('\u202e');
      const json = JSON.parse((await boticelli('run', 'n.toml', ...flags, '--resume', '-o', 'json')).stdout);
      expect(json.acts[0]).toMatchObject({ ...found, reused: true, costUsd: 0 });
      expect(server.generateRequests).toHaveLength(2);
    },
  );

  test('sends the tool only in its own request; the next request contains its reply', async () => {
    const { boticelli } = setup();
    await boticelli('run', 'n.toml');
    const [first, second] = server.generateRequests.map(({ body }) => body);
    expect(first.tools).toEqual([{ googleSearch: {} }]);
    expect(second).not.toHaveProperty('tools');
    expect(second.contents.slice(0, 2)).toEqual([
      { role: 'user', parts: [{ text: 'Who won?' }] },
      { role: 'model', parts: [{ text: 'Spain won.' }] },
    ]);
  });

  test('lists its sources under the reply in --out-dir, and not on standard output', async () => {
    const { boticelli, read } = setup();
    const { stdout } = await boticelli('run', 'n.toml', '--out-dir', 'out');
    expect(stdout).toBe('Spain won.\n\nAs uefa.com says.\n');
    expect(read('out/01-find.md')).toBe(
      `Spain won.\n\n## Sources\n\n1. [uefa.com](${redirectUrl('uefa.com')})\n` +
        '2. [\\[x\\](y) \\*b\\*\ufffd](https://b.example/a_%28b%29?q=%22)\n',
    );
    expect(read('out/02-cite.md')).toBe('As uefa.com says.\n');
    expect(JSON.parse(read('out/run.json')).acts[0].sources).toEqual(sources);
  });

  test('shows its searches and sources on standard error with --verbose, and only their numbers without --verbose', async () => {
    const { boticelli } = setup();
    const { stderr } = await boticelli('run', 'n.toml', '--verbose');
    expect(stderr).toContain(
      `find: searched: euro 2024\nfind: searched: final\nfind: source 1: uefa.com, ${redirectUrl('uefa.com')}\n` +
        'find: source 2: [x](y) *b*\ufffd, https://b.example/a_(b)?q=%22\n',
    );
    server.queueReplies(searchReply(['a'], ['q'], ['p']));
    const brief = await boticelli('run', 'n.toml');
    expect(brief.stderr).toContain(' · 1 search · 1 source · $0.014');
    expect(brief.stderr).not.toContain('searched: ');
  });

  test('keeps its searches and sources in the history', async () => {
    const { boticelli } = setup();
    await boticelli('run', 'n.toml');
    const { stdout: shown } = await boticelli('runs', 'show');
    expect(shown).toContain(`\nsearched: final\nsource 1: uefa.com, ${redirectUrl('uefa.com')}\n`);
    const { stdout: exported } = await boticelli('runs', 'export');
    expect(JSON.parse(exported).acts[0]).toMatchObject({ ...found, costUsd: costOfFind });
    const { stdout: markdown } = await boticelli('runs', 'export', '--format', 'markdown');
    expect(markdown).toContain(`Spain won.\n\n## Sources\n\n1. [uefa.com](${redirectUrl('uefa.com')})\n2. [`);
  });

  test('keeps its searches and sources in a recording, and --replay rejects a source with a javascript: URL', async () => {
    const { boticelli, cwd, read } = setup();
    await boticelli('run', 'n.toml', '--record', 'r.ndjson');
    const { stdout } = await boticelli('run', 'n.toml', '--replay', 'r.ndjson', '-o', 'json');
    expect(JSON.parse(stdout).acts[0]).toMatchObject({ ...found, reused: true });
    expect(server.generateRequests).toHaveLength(2);
    writeFileSync(join(cwd, 'r.ndjson'), read('r.ndjson').replace('"https://b.example', '"javascript://b.example'));
    const edited = await boticelli('run', 'n.toml', '--replay', 'r.ndjson');
    expect(edited).toMatchObject({ code: 66, stdout: '' });
    expect(edited.stderr).toContain(
      'r.ndjson:1: this line is not a recorded reply: invalid value of reply.sources.1.uri',
    );
  });
});

test('a reply in JSON stays JSON in --out-dir, without a list of sources', async () => {
  const replies = [createFindReply(), searchReply(['{"winner":"Spain"}'], ['q'], ['p'])];
  const { boticelli, read } = setup(narrative.replace('prompt =', 'format = "json"\nprompt ='), replies);
  await boticelli('run', 'n.toml', '--out-dir', 'out');
  // The first reply is not JSON, so the act is requested again, and has the sources of both replies.
  const { acts } = JSON.parse(read('out/run.json'));
  expect(acts[0].sources.map(({ uri }: { uri: string }) => uri)).toEqual([
    ...sources.map(({ uri }) => uri),
    redirectUrl('p'),
  ]);
  expect(JSON.parse(read('out/01-find.md'))).toEqual({ winner: 'Spain' });
});

test('code that Google ran is not part of the reply, and --verbose shows it with its output', async () => {
  const { boticelli } = setup(narrative.replace('"google_search"', '"code_execution"'), [
    partPerChunkReply(codeParts),
    partPerChunkReply(codeParts),
  ]);
  const { stdout, stderr } = await boticelli('run', 'n.toml', '--verbose', '--only', 'find');
  expect(stdout).toBe('Adding. It is 5.\n');
  expect(stderr).toContain('find: Google ran python code:\nfind:   print(sum([2, 3]))\nfind: its output:\nfind:   5\n');
  // The second act does not use the tool, so its code is reported as unexpected.
  expect(stderr).toContain('cite: the reply also has 1 piece of code (PYTHON)');
});

describe('the tools of the narrative', () => {
  test('are used by every act that does not set its own', async () => {
    const text = `[narrative]\nname = "n"\nmodel = "${model}"\ntools = ["url_context", "google_search", "url_context"]
[acts]\na = "A"\n[acts.b]\nprompt = "B"\ntools = []\n[acts.c]\nprompt = "C"\ntools = ["code_execution"]\n`;
    const { boticelli } = setup(text);
    await boticelli('run', 'n.toml');
    expect(server.generateRequests.map(({ body }) => body.tools)).toEqual([
      [{ googleSearch: {} }, { urlContext: {} }],
      undefined,
      [{ codeExecution: {} }],
    ]);
  });
});

describe('--max-cost', () => {
  test('reserves the fee of one search for a request that may search', async () => {
    const { boticelli } = setup();
    const { code, stderr } = await boticelli('run', 'n.toml', '--max-cost', '0.01');
    expect(code).toBe(75);
    expect(stderr).toContain(`the prompt alone may cost $0.014 with ${model}`);
    expect(server.generateRequests).toHaveLength(0);
    const second = await boticelli('run', 'n.toml', '--max-cost', '0.02');
    // The two searches of the first act cost more than the limit, so the second act sends no request.
    expect(second.stderr).toContain('cite: ');
    expect([second.code, server.generateRequests.length]).toEqual([75, 1]);
  });

  test('needs a known search fee for a model that may search', async () => {
    const { boticelli, cwd } = setup(narrative.replace(model, 'my-model'));
    const prices = '[providers.gemini.prices.my-model]\ninput = 1\noutput = 2\n';
    writeFileSync(join(cwd, 'boticelli.toml'), prices);
    const { code, stderr } = await boticelli('run', 'n.toml', '--max-cost', '1');
    expect(code).toBe(78);
    expect(stderr).toContain(
      '[providers.gemini.prices."my-model"] with input and output, and search in US dollars per web search.',
    );
    writeFileSync(join(cwd, 'boticelli.toml'), `${prices}search = 0.1\n`);
    const { stdout } = await boticelli('run', 'n.toml', '--max-cost', '1', '-o', 'json');
    expect(JSON.parse(stdout).acts[0].costUsd).toBe(0.200054);
  });
});

test('the cost of an act is unknown if the model searched and the search fee is unknown', async () => {
  const { boticelli, cwd } = setup(narrative.replace(model, 'my-model'));
  writeFileSync(join(cwd, 'boticelli.toml'), '[providers.gemini.prices.my-model]\ninput = 1\noutput = 2\n');
  const { acts } = JSON.parse((await boticelli('run', 'n.toml', '-o', 'json')).stdout);
  expect(acts.map(({ costUsd }: { costUsd?: number }) => costUsd)).toEqual([undefined, expect.any(Number)]);
});

test('check --estimate says that search fees are not included, and how high they are', async () => {
  const { boticelli, cwd } = setup();
  const { stdout } = await boticelli('check', 'n.toml', '--estimate');
  expect(stdout).toContain('  1 request may search the web: + $0.014 per search, not included\n');
  const json = JSON.parse((await boticelli('check', 'n.toml', '--estimate', '--format', 'json')).stdout);
  expect(json.files[0].estimate).toMatchObject({ searchRequests: 1, searchFee: { usd: 0.014, per: 'query' } });
  writeFileSync(join(cwd, 'n.toml'), narrative.replace(model, 'my-model'));
  expect((await boticelli('check', 'n.toml', '--estimate')).stdout).toContain(
    '  1 request may search the web; the fee is unknown and not included\n',
  );
});
