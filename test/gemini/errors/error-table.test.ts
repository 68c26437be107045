import { expect, test } from 'vitest';
import { systemClock } from '../../../src/driver/clock.js';
import type { BoticelliError } from '../../../src/errors.js';
import { createConnection } from '../../../src/gemini/connection.js';
import { createFilesFetch } from '../../../src/gemini/media/files-fetch.js';
import { listModels } from '../../../src/gemini/models/list-models.js';
import { startHttpProxy } from '../../helpers/http-proxy.js';
import { createGeminiFixture, createRequest, getError, readStream } from '../gemini-fixture.js';
import type { ErrorRow } from './table/error-row.js';
import { answersToOtherRequests } from './table/other-requests.js';
import { redirectsAndFailures } from './table/redirects-and-failures.js';
import { rejections } from './table/rejections.js';

const fixture = createGeminiFixture();

/** Sends the requests of a row. Resolves to their errors. */
async function getErrors({ request, script }: ErrorRow): Promise<(BoticelliError | undefined)[]> {
  const { server } = fixture;
  const options = { apiKey: 'test-key', baseUrl: server.url };
  const driver = fixture.driver();
  const readStreamError = async () => (await readStream(driver.generateStream(createRequest()))).error;
  switch (request) {
    case 'generate or stream':
      server.queueReplies(script, script);
      return [await getError(driver.generate(createRequest())), await readStreamError()];
    case 'stream':
      server.queueReplies(script);
      return [await readStreamError()];
    case 'Live': {
      const { status = 200, body = '', headers = {} } = script;
      server.live.queueConnections({ at: 'upgrade', action: { status, body, headers } });
      return [await getError(driver.generate(createRequest('Hi', { model: 'gemini-3.8-live' })))];
    }
    case 'Files': {
      const { status = 200, body = '' } = script;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      server.files.configure({ replaceReplyTo: { command: 'get', status, body: text } });
      const connection = createConnection(options);
      const callOptions = { connection, clock: systemClock, timeoutMs: 5000, idleTimeoutMs: 5000 };
      const filesFetch = createFilesFetch({
        ...callOptions,
        signal: undefined,
        errorPrefix: 'could not upload "a.mp4"',
      });
      return [await getError(filesFetch(`${server.url}/v1beta/files/abc`))];
    }
    case 'list':
      server.queueListReplies(script);
      return [await getError(listModels(options))];
  }
}

// `rejections` and `redirectsAndFailures` are answers to requests for a reply, streamed or not.
test.each(
  [...rejections, ...redirectsAndFailures, ...answersToOtherRequests].map(
    (row) => [row.request, row.answer, row] as const,
  ),
)('explains the answer to a %s request: %s', async (_request, _answer, row) => {
  const host = `127.0.0.1:${fixture.server.port}`;
  const { code, message, hint, isTransient = false } = row;
  for (const error of await getErrors(row)) {
    const actual = { code: error?.code, message: error?.message, hint: error?.hint, isTransient: error?.isTransient };
    expect(JSON.parse(JSON.stringify(actual).replaceAll(host, 'HOST'))).toEqual({ code, message, hint, isTransient });
  }
});

test('fetches no model list after a 404 that is not about the model', async () => {
  fixture.server.queueReplies({ status: 404, body: '<title>Not Found</title>' });
  await getError(fixture.driver().generate(createRequest()));
  expect(fixture.server.requests.map(({ action }) => action)).toEqual(['generateContent']);
});

test('names the proxy that may have answered a request over plain HTTP', async () => {
  const proxy = await startHttpProxy();
  proxy.rejectRequests(403);
  const driver = fixture.driver({ baseUrl: 'http://gemini.test', resolveProxy: () => proxy.url });
  const error = await getError(driver.generate(createRequest()));
  await proxy.close();
  expect(error).toMatchObject({ code: 'unavailable', isTransient: false });
  expect(error.message).toBe(
    `gemini.test (through the proxy 127.0.0.1:${proxy.port}) answered 403 with "refused by the proxy"`,
  );
});
