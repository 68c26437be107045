import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createTemporaryFolder, runBoticelli, startShell } from '../../helpers/boticelli.js';
import { type GeminiServer, startGeminiServer } from '../../helpers/gemini/server.js';
import { runInProcess } from '../../helpers/in-process.js';
import { mediaBytes } from '../../helpers/media-bytes.js';

let server: GeminiServer;
beforeAll(async () => {
  server = await startGeminiServer();
});
afterAll(() => server.close());

/** A folder with chart.png and a narrative whose second act shows the picture that `template` names. */
function createFolder(template: string): string {
  const source = `[narrative]\nname = "x"\n[toc]\norder = ["one", "two"]\n[acts]\none = "Which?"\ntwo = "media.shown"\n[media.shown]\nfile = "${template}"\n`;
  const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': source });
  writeFileSync(join(cwd, 'chart.png'), mediaBytes.png);
  return cwd;
}

test('sends the picture that standard input names', async () => {
  const cwd = createFolder('{{stdin}}.png');
  const before = server.generateRequests.length;
  const ended = await runBoticelli(['run', 'x.toml', '--no-rate-limit', '-q'], { server, cwd, input: 'chart\n' });
  expect(ended).toMatchObject({ code: 0 });
  const data = mediaBytes.png.toString('base64');
  expect(server.generateRequests[before + 1]?.body.contents.at(-1).parts).toEqual([
    { inlineData: { mimeType: 'image/png', data } },
  ]);
});

test('if a reply names a missing picture, the run ends before the request that would show it, and the error names the act', async () => {
  const cwd = createFolder('{{one}}.png');
  const before = server.generateRequests.length;
  const { code, stderr } = await runInProcess(['run', 'x.toml', '--no-rate-limit', '-q'], { server, cwd });
  expect({ code, stderr }).toEqual({
    code: 66,
    stderr: expect.stringMatching(
      /^boticelli: two: the file "Reply 1 of .*\.png" does not exist\n {2}Check the values of the placeholders in "\{\{one\}\}\.png"\.\n/,
    ),
  });
  expect(server.generateRequests.length - before).toBe(1);
});

test('reports that a blank standard input names no picture', async () => {
  const options = { cwd: createFolder('{{stdin}}') };
  const { code, stderr } = await startShell(
    "printf '  \\n' | boticelli run x.toml --rehearse -q --allow-empty",
    options,
  ).result;
  expect({ code, stderr }).toEqual({
    code: 66,
    stderr: expect.stringMatching(
      /^boticelli: two: the file name is empty\n {2}Check the values of the placeholders in "\{\{stdin\}\}"\.\n/m,
    ),
  });
});

test('a rehearsal reads a picture that standard input names; if a reply would name it, the rehearsal shows the template of the name', async () => {
  const byPipe = await startShell("printf 'chart' | boticelli run x.toml --rehearse -q", {
    cwd: createFolder('{{stdin}}.png'),
  }).result;
  expect(byPipe).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+ bytes of image\/png/) });
  const byReply = await runInProcess(['run', 'x.toml', '--rehearse', '-q'], { cwd: createFolder('{{one}}.png') });
  expect(byReply).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/would reply to “\[media file named by \{\{one\}\}\.png\]”/),
  });
});

test('check reads the picture that --var names, and reports a missing picture or a missing --var', async () => {
  const cwd = createFolder('{{vars.name}}.png');
  expect(await runInProcess(['check', 'x.toml', '--var', 'name=chart'], { cwd })).toMatchObject({ code: 0 });
  const { code, stdout } = await runInProcess(['check', 'x.toml', '--var', 'name=chrat'], { cwd });
  expect({ code, stdout }).toEqual({
    code: 66,
    stdout: expect.stringContaining('x.toml:9:8: error[media-not-found]: the file "chrat.png" does not exist'),
  });
  expect(await runInProcess(['check', 'x.toml'], { cwd })).toMatchObject({ code: 65 });
});
