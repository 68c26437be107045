import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadMedia } from '../../../src/narrative/parse/load-media.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { createGate } from '../../helpers/gemini/replies.js';
import { createVideo } from '../../helpers/media-bytes.js';
import { createGeminiFixture, getError, model } from '../gemini-fixture.js';

const fixture = createGeminiFixture();

test.each<[string, (path: string) => void, string]>([
  ['is deleted', (path) => rmSync(path), '"film.mp4" can no longer be read: ENOENT'],
  ['changes', (path) => appendFileSync(path, 'x'), '"film.mp4" has changed since it was checked'],
])('reports a file that %s during its upload', async (_what, change, message) => {
  const folder = createTemporaryFolder(onTestFinished);
  const path = join(folder, 'film.mp4');
  writeFileSync(path, createVideo(17_000_000));
  const loaded = await loadMedia({ source: { file: 'film.mp4' }, folder });
  if (!loaded.ok) throw new Error(loaded.problem.message);
  const { content, mimeType = '', name = '' } = loaded.media;
  const gate = createGate();
  fixture.server.files.configure({ holdReplyTo: { command: 'upload', gate } });
  const parts = [{ type: 'media' as const, content, mimeType, name }];
  const failure = getError(fixture.driver().generate({ model, turns: [{ role: 'user', parts }], parameters: {} }));
  await fixture.server.files.waitForCommands('upload');
  change(path);
  gate.releaseAll();
  expect(await failure).toMatchObject({ code: 'no_input', message, isTransient: false });
  expect(fixture.server.generateRequests).toHaveLength(0);
});
