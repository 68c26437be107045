import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { reportUsage } from '../../../src/driver/layers/usage-events.js';
import { withCost } from '../../../src/driver/layers/with-cost.js';
import type { GenerateRequest, Part } from '../../../src/driver/request.js';
import type { Price } from '../../../src/facts/prices.js';
import { createScriptedDriver } from '../../helpers/scripted-driver.js';

/** A scripted reply has ten prompt tokens and one output token. With a text prompt, they cost $1.10. */
const price: Price = { input: 100_000, output: 100_000, inputByModality: { AUDIO: 200_000 } };
const createRequest = (part: Part = { type: 'text', text: 'Q' }): GenerateRequest => ({
  ...{ model: 'm', turns: [{ role: 'user', parts: [part] }], parameters: {} },
});
const video: Part = { type: 'media', mimeType: 'video/mp4', content: { from: 'url-for-service', uri: 'x' } };

test('the cost of a prompt that may have sound is unknown without token counts by modality', async () => {
  const driver = withCost({ getPrice: () => price }, createScriptedDriver([{ pieces: ['a'] }, { pieces: ['b'] }]));
  expect((await driver.generate(createRequest())).costUsd).toBe(1.1);
  expect((await driver.generate(createRequest(video))).costUsd).toBeUndefined();
});

test('if the token counts are known, adds the cost to an event `spent`, which reports a reply that the caller does not receive', async () => {
  const usage = { promptTokens: 10, outputTokens: 0, thoughtTokens: 0 };
  const inner = createScriptedDriver([
    {
      pieces: ['a'],
      onCall(_request, context) {
        reportUsage(context, { model: 'm', usage, tokenDetails: { prompt: { AUDIO: 10 } } });
        reportUsage(context, { model: 'm', usage: {} });
      },
    },
  ]);
  const events: DriverEvent[] = [];
  await withCost({ getPrice: () => price }, inner).generate(createRequest(video), {
    emit: (event) => void events.push(event),
  });
  expect(events).toMatchObject([{ type: 'spent', costUsd: 2 }, { type: 'spent' }]);
  expect(events[1]).not.toHaveProperty('costUsd');
});
