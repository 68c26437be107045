import { describe, expect, onTestFinished, test } from 'vitest';
import { createConnection } from '../../../src/gemini/connection.js';
import { createFilesFetch, type FilesFetchOptions } from '../../../src/gemini/media/files-fetch.js';
import { canaryKey } from '../../helpers/boticelli.js';
import { createManualClock } from '../../helpers/manual-clock.js';
import { servePage, startWebServer } from '../../helpers/web-server.js';
import { getError } from '../gemini-fixture.js';

/** Creates the fetch of a connection to another host than that of the upload URLs. */
function createFetch(options: Partial<FilesFetchOptions>) {
  const connection = createConnection({ apiKey: canaryKey, baseUrl: 'http://127.0.0.1:9' });
  return createFilesFetch({
    ...{ connection, signal: undefined, timeoutMs: 1000, idleTimeoutMs: 1000, clock: createManualClock() },
    errorPrefix: 'could not upload "film.mp4"',
    ...options,
  });
}

describe('an upload URL with another host than the service', () => {
  test('is refused if it has a link-local address', async () => {
    const error = await getError(createFetch({})('http://169.254.169.254/upload', { method: 'POST' }));
    expect(error.message).toMatch(/^could not upload "film\.mp4": .* names a link-local address for the upload$/);
  });

  test('is reached at the addresses that were checked', async () => {
    const web = await startWebServer({ '/upload': servePage('{}') });
    onTestFinished(() => web.close());
    const send = createFetch({ findAddresses: async () => [{ address: '127.0.0.1', family: 4 }] });
    // The name does not exist, so a second lookup would fail.
    const response = await send(`http://name.invalid:${new URL(web.url).port}/upload`);
    expect(await response.text()).toBe('{}');
  });

  test('times out if the lookup of the name takes too long', async () => {
    const send = createFetch({ timeoutMs: 50, findAddresses: () => new Promise(() => {}) });
    const error = await getError(send('http://name.invalid/upload'));
    const message = 'could not upload "film.mp4": one request took longer than 0.05 s';
    expect(error).toMatchObject({ code: 'timeout', message });
  });

  test('is no longer looked up after an abort', async () => {
    const controller = new AbortController();
    const send = createFetch({ signal: controller.signal, findAddresses: () => new Promise(() => {}) });
    const failure = send('http://name.invalid/upload');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(failure).rejects.toBe(reason);
  });
});
