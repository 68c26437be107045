import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createMediaPart, partsReply } from '../../helpers/gemini/replies.js';
import { startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { createRandom } from '../../helpers/random.js';
import { parseEvents } from '../quota-fixture.js';

// The first test loads the modules, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const drawNarrative = `[narrative]
name = "draw"
model = "gemini-3.1-flash-image"
image = { aspect_ratio = "16:9", size = "2K" }
[acts]
draw = "Draw a fox."
change = "Make it winter."
`;
const textNarrative = `[narrative]\nname = "text"\nmodel = "gemini-3.8-flash"\n[acts]\na = "x"\nb = "y"\n`;
const createBytes = (seed: number, length: number) => {
  const random = createRandom(seed);
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
};
const [fox, winter] = [createBytes(1, 300_000), createBytes(2, 200_001)];
const toPart = (bytes: Buffer, mimeType = 'image/png') =>
  createMediaPart({ mimeType, bytes, thoughtSignature: 'c2ln' });
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const createUsage = (imageTokens: number) => ({
  ...{ promptTokenCount: 8, candidatesTokenCount: imageTokens + 10, totalTokenCount: imageTokens + 18 },
  candidatesTokensDetails: [
    { modality: 'IMAGE', tokenCount: imageTokens },
    { modality: 'TEXT', tokenCount: 10 },
  ],
});

async function setup(files: Record<string, string> = { 'n.toml': drawNarrative }) {
  const server = await startGeminiServer({ models: 'any' });
  onTestFinished(() => server.close());
  const cwd = createTemporaryFolder(onTestFinished, files);
  const env = {
    ...{ GEMINI_API_KEY: 'test-key', GEMINI_TIER: 'tier_1', GOOGLE_GEMINI_BASE_URL: server.url },
    BOTICELLI_STATE_DIR: join(cwd, 'state'),
  };
  return {
    ...{ server, cwd },
    run: (...args: string[]) => runInProcess(['run', 'n.toml', ...args], { cwd, env }),
    runs: (...args: string[]) => runInProcess(['runs', ...args], { cwd, env }),
    read: (path: string) => readFileSync(join(cwd, path)),
    list: (folder: string) => readdirSync(join(cwd, folder)).sort(),
    queueDrawings() {
      server.queueReplies(
        partsReply([[{ text: 'Here is the fox.' }, toPart(fox)]], { usage: createUsage(1120) }),
        partsReply([[toPart(winter, 'image/jpeg')]], { usage: createUsage(1120) }),
      );
    },
  };
}

describe('a narrative that draws a picture, then changes it', () => {
  test.each([[[]], [['--stream']]])(
    'writes two picture files, and the second request contains the first picture: %j',
    async (flags) => {
      const { server, run, read, list, queueDrawings, cwd } = await setup();
      queueDrawings();
      const { code, stdout, stderr } = await run('--out-dir', 'out', ...flags);
      expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'Here is the fox.\n' });
      expect(list('out')).toEqual(['01-draw-1.png', '01-draw.md', '02-change-1.jpg', 'run.json']);
      expect([hash(read('out/01-draw-1.png')), hash(read('out/02-change-1.jpg'))]).toEqual([hash(fox), hash(winter)]);
      expect(stderr).toContain('draw: 01-draw-1.png (image/png, 300,000 bytes)');
      const [first, second] = server.generateRequests.map(({ body }) => body);
      expect(second.contents[1]).toEqual({ role: 'model', parts: [{ text: 'Here is the fox.' }, toPart(fox)] });
      const imageConfig = { aspectRatio: '16:9', imageSize: '2K' };
      expect(first.generationConfig).toEqual({ responseModalities: ['TEXT', 'IMAGE'], imageConfig });
      const { acts } = JSON.parse(read('out/run.json').toString());
      expect(acts.map(({ media }: { media: object }) => media)).toEqual([
        [{ mimeType: 'image/png', byteLength: 300_000, file: '01-draw-1.png' }],
        [{ mimeType: 'image/jpeg', byteLength: 200_001, file: '02-change-1.jpg' }],
      ]);
      // $60 per million tokens of pictures, $3 per million of text, $0.50 per million of the prompt.
      expect(acts[0].costUsd).toBeCloseTo((1120 * 60 + 10 * 3 + 8 * 0.5) / 1e6, 9);
      expect(readdirSync(cwd)).not.toContain('01-draw-1.png');
    },
  );

  test('--resume sends no request and writes the same bytes; with --from, a request contains the stored picture', async () => {
    const { server, run, read, queueDrawings } = await setup();
    queueDrawings();
    await run('--out-dir', 'out');
    const { code, stderr } = await run('--out-dir', 'again', '--resume');
    expect(code, stderr).toBe(0);
    expect([hash(read('again/01-draw-1.png')), hash(read('again/02-change-1.jpg'))]).toEqual([hash(fox), hash(winter)]);
    expect(server.generateRequests).toHaveLength(2);
    // The request of the second act contains the parts of the stored reply as the service sent them, with signatures.
    server.queueReplies(partsReply([[toPart(winter)]]));
    await run('--out-dir', 'again', '--resume', '--from', 'change');
    expect(server.generateRequests[2]?.body).toEqual(server.generateRequests[1]?.body);
  });

  test('--replay writes the same bytes, without a request', async () => {
    const { server, run, read, queueDrawings } = await setup();
    queueDrawings();
    await run('--out-dir', 'out', '--record', 'r.ndjson');
    for (const flags of [[], ['--stream']]) {
      const { code, stderr } = await run('--out-dir', 'again', '--replay', 'r.ndjson', ...flags);
      expect(code, stderr).toBe(0);
      expect(hash(read('again/01-draw-1.png'))).toBe(hash(fox));
      expect(hash(read('again/02-change-1.jpg'))).toBe(hash(winter));
    }
    expect(server.generateRequests).toHaveLength(2);
  });

  test('the history has the type and size of each picture, and `runs show` lists the files', async () => {
    const { run, runs, queueDrawings } = await setup();
    queueDrawings();
    await run('--out-dir', 'out');
    const shown = await runs('show', 'last');
    expect(shown.stdout).toContain('01-draw-1.png (image/png, 300,000 bytes)');
    const exported = JSON.parse((await runs('export', 'last', '--format', 'json')).stdout);
    expect(exported.acts[1].media).toEqual([{ mimeType: 'image/jpeg', byteLength: 200_001, file: '02-change-1.jpg' }]);
  });
});

describe('the bytes of media', () => {
  test('are in the events of ndjson, and not in json or run.json', async () => {
    const { run, queueDrawings, read } = await setup();
    queueDrawings();
    const { code, stdout } = await run('-o', 'ndjson');
    expect(code).toBe(0);
    const data = fox.toString('base64');
    const [end] = parseEvents(stdout, 'act-end');
    expect(end.media).toEqual([{ mimeType: 'image/png', byteLength: 300_000, data }]);
    const json = await run('-o', 'json', '--resume', '--out-dir', 'out');
    expect(json.stdout).not.toContain(data.slice(0, 100));
    expect(JSON.parse(json.stdout).acts[0].media[0].file).toBe('01-draw-1.png');
    expect(read('out/run.json').toString()).not.toContain(data.slice(0, 100));
  });
});

describe('without --out-dir', () => {
  test.each([[[]], [['-o', 'json']], [['--stream']]])(
    'a picture model is a usage error before any request: %j',
    async (flags) => {
      const { server, run } = await setup();
      const { code, stderr } = await run(...flags);
      expect(code).toBe(2);
      expect(stderr).toBe(
        'boticelli: draw: gemini-3.1-flash-image replies with pictures, which would be paid for and thrown away\n' +
          '  Add --out-dir <dir> for the files, or get them in the events of -o ndjson. Nothing was sent.\n',
      );
      expect(server.requests).toEqual([]);
    },
  );

  test('a picture model is a usage error with --each and -o ndjson too, because results of rows contain no media', async () => {
    const { server, run } = await setup({ 'n.toml': drawNarrative, 'r.ndjson': '{"a": 1}\n' });
    const { code, stderr } = await run('--each', 'r.ndjson', '-o', 'ndjson');
    expect({ code, hint: stderr.split('\n')[1] }).toEqual({
      code: 2,
      hint: '  Add --out-dir <dir> for the files. Nothing was sent.',
    });
    expect(server.requests).toEqual([]);
  });

  test('a speech model, or an unknown model with `image` in its name, is a usage error if --model names it', async () => {
    const { server, run } = await setup({ 'n.toml': textNarrative });
    for (const model of ['gemini-3.8-flash-tts', 'gemini-9-pro-image-preview']) {
      const { code, stderr } = await run('-m', model);
      expect(code, stderr).toBe(2);
      expect(stderr).toContain(`a: ${model} replies with`);
    }
    expect(server.requests).toEqual([]);
  });

  test('a picture model is accepted with --rehearse', async () => {
    const { run } = await setup();
    const { code, stdout } = await run('--rehearse');
    expect(code).toBe(0);
    expect(stdout).toContain('image {"aspectRatio":"16:9","size":"2K"}');
  });
});

test('a picture model in --model is a usage error if an act has format = "json"', async () => {
  const { run } = await setup({
    'n.toml': textNarrative.replace('[acts]', '[acts.j]\nprompt = "x"\nformat = "json"\n[acts]'),
  });
  const { code, stderr } = await run('-m', 'gemini-3-pro-image', '--out-dir', 'out');
  expect(code).toBe(2);
  expect(stderr).toContain(`j: gemini-3-pro-image replies with pictures, so the act can't have format = "json"`);
});

test('media that was not requested is reported and stored, and --resume --out-dir saves it without a request', async () => {
  const { server, run, read } = await setup({ 'n.toml': textNarrative });
  server.queueReplies(partsReply([[{ text: 'Look: ' }], [toPart(fox)], [toPart(winter)]]));
  const first = await run('--stream');
  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Look: \n\nReply 2/) });
  const hint =
    'the reply is stored: to save its media as files, run the same command with --resume and --out-dir <dir>';
  expect(first.stderr).toContain(`boticelli: warning: a: the reply has 2 pictures (image/png); ${hint}`);
  const { code } = await run('--resume', '--out-dir', 'out');
  expect(code).toBe(0);
  expect([hash(read('out/01-a-1.png')), hash(read('out/01-a-2.png'))]).toEqual([hash(fox), hash(winter)]);
  expect(server.generateRequests).toHaveLength(2);
});

test('if keep is "off", the warning about a picture that was not requested says that it was not saved', async () => {
  const { server, run } = await setup({ 'n.toml': textNarrative, 's.toml': '[store]\nkeep = "off"\n' });
  server.queueReplies(partsReply([[{ text: 'Look' }, toPart(fox)]]));
  const { stderr } = await run('--config', 's.toml');
  expect(stderr).toContain('a: the reply has 1 picture (image/png); it was not saved\n');
});

test('with --each, the pictures of a row are in its folder, and standard output stays empty', async () => {
  const rows = '{"animal": "fox"}\n{"animal": "owl"}\n';
  const { server, run, read, list } = await setup({
    'n.toml': drawNarrative.replace('a fox', 'a {{row.animal}}'),
    'r.ndjson': rows,
  });
  server.setDefaultReply(({ body }) => partsReply([[toPart(Buffer.from(body.contents[0].parts[0].text))]]));
  const { code, stdout } = await run('--each', 'r.ndjson', '--out-dir', 'out');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(list('out/000002')).toEqual(['01-draw-1.png', '02-change-1.png', 'run.json']);
  expect(read('out/000002/01-draw-1.png').toString()).toBe('Draw a owl.');
});

test('speech over REST becomes a WAV file, and each request contains only the prompt of its own act', async () => {
  const { server, run, read } = await setup({
    'n.toml': textNarrative.replace('gemini-3.8-flash', 'gemini-3.8-flash-tts'),
  });
  const spoken = createMediaPart({ mimeType: 'audio/L16;codec=pcm;rate=24000', bytes: Buffer.alloc(480, 1) });
  server.setDefaultReply(partsReply([[spoken], [spoken]]));
  const { code, stdout, stderr } = await run('--out-dir', 'out', '--stream');
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  expect(read('out/01-a-1.wav')).toHaveLength(44 + 960);
  const contents = server.generateRequests.map(({ body }) => body.contents);
  expect(contents).toEqual([[{ role: 'user', parts: [{ text: 'x' }] }], [{ role: 'user', parts: [{ text: 'y' }] }]]);
});

test('media of a type that a browser would execute gets the extension .bin', async () => {
  const { server, run, list } = await setup();
  const types = ['text/html', 'image/svg+xml', 'application/xml', 'text/xml', 'image/png'];
  server.setDefaultReply(partsReply([types.map((mimeType) => toPart(Buffer.from('<script>'), mimeType))]));
  expect((await run('--out-dir', 'out')).code).toBe(0);
  expect(list('out').filter((name) => name.startsWith('01-'))).toEqual([
    ...['1.bin', '2.bin', '3.bin', '4.bin', '5.png'].map((end) => `01-draw-${end}`),
  ]);
});
