import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { spokenReply } from '../../helpers/gemini/live-replies.js';
import { createLiveFixture, createRequest } from './live-fixture.js';

const fixture = createLiveFixture({ models: 'any' });
const thinkingModel = 'gemini-3.8-live-extended-thinking';

async function send(overrides: Parameters<typeof createRequest>[1]) {
  const events: DriverEvent[] = [];
  fixture.server.live.queueReplies(spokenReply(['Hel', 'lo'], { thoughts: ['Greet', ' them.'] }));
  const context = { emit: (event: DriverEvent) => void events.push(event) };
  const { text, tokenDetails } = await fixture.driver().generate(createRequest('Hi', overrides), context);
  expect(text).toBe('Hello');
  return { events, tokenDetails, setup: fixture.session(0).setup };
}

test('asks a Live model for thoughts, and reports them as they arrive', async () => {
  const { events, setup } = await send({
    model: thinkingModel,
    includeThoughts: true,
    parameters: { thinking: 'low' },
  });
  expect(setup).toMatchObject({
    generationConfig: { thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } },
  });
  expect(events).toEqual([
    { type: 'thought', text: 'Greet' },
    { type: 'thought', text: ' them.' },
  ]);
});

test('sends no thinking config if no thoughts are requested; thoughts that arrive anyway become a note', async () => {
  const { events, setup } = await send({});
  expect(JSON.stringify(setup)).not.toContain('thinkingConfig');
  expect(events).toMatchObject([{ type: 'note', message: expect.stringContaining('not requested') }]);
});

test('ignores service tiers, which the Live API does not have', async () => {
  const { setup, tokenDetails } = await send({ serviceTiers: ['flex'] });
  expect(JSON.stringify(setup)).not.toContain('flex');
  expect(tokenDetails?.serviceTier).toBeUndefined();
});
