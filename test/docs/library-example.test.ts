import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, root, startShell } from '../helpers/boticelli.js';
import { createChunk, formatSseEvent, packetReply, textReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { readPage } from './markdown.js';

const example = readPage('src/README.md').blocks.find(({ language }) => language === 'ts')?.code ?? '';

/** Creates a project that has installed boticelli and has the example as `example.<extension>`. */
function createConsumer(extension: string, files: Record<string, string> = {}): string {
  const folder = createTemporaryFolder(onTestFinished, { [`example.${extension}`]: example, ...files });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/boticelli'), 'junction');
  cpSync(join(root, 'narratives'), join(folder, 'narratives'), { recursive: true });
  return folder;
}

/** A module that sends requests for Google to the test's server, so that the example itself needs no change. */
const redirect = `
  import http from 'node:http';
  import https from 'node:https';
  import { syncBuiltinESMExports } from 'node:module';
  https.request = ({ href }, options) =>
    http.request(href.replace('https://generativelanguage.googleapis.com', process.env.GOOGLE_GEMINI_BASE_URL), options);
  syncBuiltinESMExports();
`;

test('the library example prints every reply, also after an attempt that broke off', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const usage = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 };
  const interrupted = packetReply(formatSseEvent(createChunk('The po')));
  server.queueReplies(
    interrupted,
    ...['The post.', 'Too long.', 'Shorter.', 'A title'].map((reply) => textReply(reply, { usage })),
  );

  const cwd = createConsumer('mjs', { 'redirect.mjs': redirect });
  const command = `"${process.execPath}" --import ./redirect.mjs example.mjs`;
  const { code, stdout, stderr } = await startShell(command, { server, cwd }).result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // The attempt that broke off reported no usage, so the number of tokens is unknown.
  expect(stdout).toBe(
    [
      '\n## draft\nThe po\n(discarded, starting again)\nThe post.',
      '\n## critique\nToo long.',
      '\n## rewrite\nShorter.',
      '\n## title\nA title\n\ncompleted: 4 acts, an unknown number of tokens\n',
    ].join(''),
  );
  expect(server.generateRequests.map(({ streaming }) => streaming)).toEqual(Array(5).fill(true));
});

test('the library example fails with the code missing_api_key if there is no key', async () => {
  const { code, stderr } = await startShell(`"${process.execPath}" example.mjs`, { cwd: createConsumer('mjs') }).result;
  expect(code).toBe(1);
  expect(stderr).toContain("code: 'missing_api_key'");
});

test('the library example has no type error', async () => {
  const cwd = createConsumer('ts', { 'package.json': '{"type":"module"}' });
  const compilerOptions = {
    ...{
      module: 'NodeNext',
      target: 'ES2023',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      resolveJsonModule: true,
    },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
    // The source, because the declarations in dist/ are those of the last build.
    paths: { boticelli: [join(root, 'src/index.ts')] },
  };
  writeFileSync(
    join(cwd, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['example.ts', `${root}src/**/*.d.ts`] }),
  );
  const { code, stdout } = await startShell(`"${process.execPath}" "${root}node_modules/typescript/bin/tsc" -p .`, {
    cwd,
  }).result;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
});
