import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { root } from '../../helpers/boticelli.js';
import { createLiveFixture } from './live-fixture.js';

const fixture = createLiveFixture();

test('an idle session does not keep the process alive', async () => {
  const script = `
    import { createGeminiDriver } from '${root}dist/index.js';
    const driver = createGeminiDriver({ apiKey: 'key', baseUrl: '${fixture.server.url}' });
    const turns = [{ role: 'user', parts: [{ type: 'text', text: 'One' }] }];
    const { text } = await driver.generate({ model: 'gemini-3.8-live', turns, parameters: {} });
    process.stdout.write(text);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outputs: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => outputs.push(text));
  const startedAt = Date.now();
  const [code] = await once(child, 'close');
  expect([code, outputs.join('')]).toEqual([0, 'Reply 1 of gemini-3.8-live to "One"']);
  // The driver closes an idle session after ten seconds. A process that the session kept alive would end only then.
  expect(Date.now() - startedAt).toBeLessThan(8000);
});
