import { describe, expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { withTierFallback } from '../../../src/driver/layers/with-tier-fallback.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { BoticelliError, QuotaExceeded } from '../../../src/errors.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const request: GenerateRequest = {
  model: 'm',
  turns: [],
  parameters: {},
  serviceTiers: ['flex', 'standard', 'priority'],
};
const overloaded = new BoticelliError('unavailable', '503: no capacity', { isTransient: true, isOverload: true });
/** A 429. Without violations it names no limit, so it means that the service has no capacity. */
const limited = (violations: QuotaExceeded['violations'] = []) =>
  new QuotaExceeded('rate_limited', '429', { violations });

async function send(scripts: ScriptedCall[], streaming = false, sent = request) {
  const inner = createScriptedDriver(scripts);
  const events: DriverEvent[] = [];
  const driver = withTierFallback(inner);
  const context = { emit: (event: DriverEvent) => void events.push(event) };
  const reply = async () => {
    if (!streaming) return (await driver.generate(sent, context)).text;
    let text = '';
    for await (const chunk of driver.generateStream(sent, context)) text += chunk.text;
    return text;
  };
  const outcome = await reply().catch((thrown: unknown) => thrown);
  return { outcome, events, tiers: inner.requests.map(({ serviceTiers }) => serviceTiers) };
}

describe.each([{ streaming: false }, { streaming: true }])('with streaming: $streaming', ({ streaming }) => {
  test('uses the next tier when the service has no capacity, with an event for each change', async () => {
    const { outcome, tiers, events } = await send([{ error: overloaded }, { error: limited() }], streaming);
    expect(outcome).toBe('Reply 3');
    expect(tiers).toEqual([['flex', 'standard', 'priority'], ['standard', 'priority'], ['priority']]);
    expect(events).toEqual([
      { type: 'fallback', from: 'm (flex)', to: 'm (standard)', reason: '503: no capacity', serviceTier: 'standard' },
      { type: 'fallback', from: 'm (standard)', to: 'm (priority)', reason: '429', serviceTier: 'priority' },
    ]);
  });

  test('rejects with the last error when no tier is left', async () => {
    const { outcome, tiers } = await send(
      [{ error: overloaded }, { error: overloaded }, { error: overloaded }],
      streaming,
    );
    expect(outcome).toBe(overloaded);
    expect(tiers).toHaveLength(3);
  });
});

test('does not change the tier after the first text of a stream', async () => {
  const { outcome, tiers } = await send([{ pieces: ['Half'], error: overloaded }], true);
  expect(outcome).toBe(overloaded);
  expect(tiers).toHaveLength(1);
});

test.each([
  ['a limit of the project', limited([{ per: 'minute', unit: 'requests' }])],
  ['a wait that would exceed --max-wait', new BoticelliError('rate_limited', 'too long')],
  ['a lost connection', new BoticelliError('unavailable', 'connection refused', { isTransient: true })],
  ['a timeout', new BoticelliError('timeout', 'no reply')],
])('does not change the tier for %s', async (_name, error) => {
  expect(await send([{ error }])).toMatchObject({ outcome: error, events: [], tiers: [request.serviceTiers] });
});

test('says how to name another tier if flex is the only one', async () => {
  const { outcome } = await send([{ error: overloaded }], false, { ...request, serviceTiers: ['flex'] });
  expect(outcome).toMatchObject({
    ...{ code: 'unavailable', message: overloaded.message, isTransient: true },
    hint: expect.stringContaining('service_tier = ["flex", "standard"]'),
  });
});

test('rethrows the errors of a request without tiers', async () => {
  const { serviceTiers: _, ...plain } = request;
  expect((await send([{ error: overloaded }], false, plain)).outcome).toBe(overloaded);
});
