import { expect, test } from 'vitest';
import { createConnection } from '../../src/gemini/connection.js';
import { listModels } from '../../src/gemini/models/list-models.js';
import { createGeminiFixture, createRequest, readStream } from './gemini-fixture.js';

const fixture = createGeminiFixture();

test.each(['/v1beta', '/v1beta/openai/', '/v1'])('leaves out %s at the end of a base URL', async (ending) => {
  const { server } = fixture;
  const options = { apiKey: 'test-key', baseUrl: server.url + ending };
  const driver = fixture.driver(options);
  await driver.generate(createRequest());
  expect((await readStream(driver.generateStream(createRequest()))).error).toBeUndefined();
  await driver.generate(createRequest('Hi', { model: 'gemini-3.8-live' }));
  await driver.close?.();
  expect(await listModels(options)).not.toEqual([]);
  const fileUrls: string[] = [];
  const files = await createConnection(options).createFilesApi(async (url) => {
    fileUrls.push(String(url));
    return new Response('{}');
  });
  await files.get({ name: 'files/film' });

  expect(fileUrls).toEqual([`${server.url}/v1beta/files/film`]);
  expect(server.live.sessions).toHaveLength(1);
  const paths = server.requests.map(({ path }) => path.replace(/\?.*/, ''));
  expect([...new Set(paths)]).toEqual([
    '/v1beta/models/gemini-3.8-flash:generateContent',
    '/v1beta/models/gemini-3.8-flash:streamGenerateContent',
    '/v1beta/models',
  ]);
});

test('keeps the part of the path that precedes /v1beta in a base URL', () => {
  const { url, host } = createConnection({ apiKey: 'test-key', baseUrl: 'https://gateway.example/gemini/v1beta/' });
  expect({ url: url.href, host }).toEqual({ url: 'https://gateway.example/gemini', host: 'gateway.example' });
});
