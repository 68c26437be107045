import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, root, runBoticelli, startBoticelli } from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

const header = 'name = "x"\ntemperature = 0.5\n[media.chart]\nfile = "chart.png"\n';
const files = {
  'prompt.md': 'Shorten this:\n{{look}}\n',
  'long.toml': `[narrative]\n${header}[toc]\norder = ["look", "short"]\n[[acts.look.input]]\ntype = "image"\nref = "media.chart"\n[[acts.look.input]]\ntype = "text"\ncontent = "Look."\n[acts.short]\ncontext = "none"\n[[acts.short.input]]\ntype = "text"\ncontent = "Shorten this:\\n{{look}}\\n"\n`,
  'short.toml': `[metadata]\n${header}[acts.look]\nprompt = "Look."\nmedia = ["media.chart"]\n[acts.short]\ncontext = "none"\n[[acts.short.input]]\ntype = "text"\nfile = "prompt.md"\n`,
};

test('a narrative in the short form sends the same requests as in the long form, byte for byte', async () => {
  const cwd = createTemporaryFolder(onTestFinished, files);
  cpSync(join(root, 'narratives/media/chart.png'), join(cwd, 'chart.png'));
  const sent: string[] = [];
  for (const name of ['long.toml', 'short.toml']) {
    const before = server.generateRequests.length;
    const ended = await runInProcess(['run', name, '-q', '--no-rate-limit'], { cwd, server });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(server.generateRequests.length - before).toBe(2);
    sent.push(JSON.stringify(server.generateRequests.slice(before).map(({ path, body }) => [path, body])));
  }
  expect(sent[1]).toBe(sent[0]);
  expect(sent[0]).toContain('Shorten this:\\nReply 1 of');
});

test('reports an unknown name in a prompt file with the name and the line of that file', async () => {
  const cwd = createTemporaryFolder(onTestFinished, { ...files, 'prompt.md': 'Shorten\nthis: {{lok}}\n' });
  cpSync(join(root, 'narratives/media/chart.png'), join(cwd, 'chart.png'));
  const { code, stderr } = await runBoticelli(['run', 'short.toml', '-q'], { cwd, server });
  expect(code).toBe(65);
  expect(stderr).toMatch(
    /^prompt\.md:2:7: error\[unknown-name\]: unknown name \{\{lok\}\}.*\n\s*2 \| this: \{\{lok\}\}/,
  );
});

test('warns that standard input has not ended, and continues when it ends', async () => {
  const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': '[narrative]\nname = "x"\n[acts]\na = "{{stdin}}"\n' });
  const options = { cwd, server, input: 'unfinished', keepInputOpen: true };
  const { child, waitForOutput, result } = startBoticelli(['run', 'x.toml', '-q'], options);
  await waitForOutput('waiting for standard input to end', 'stderr');
  child.stdin?.end();
  expect(await result).toMatchObject({ code: 0, stdout: expect.stringContaining('to "unfinished"') });
});
