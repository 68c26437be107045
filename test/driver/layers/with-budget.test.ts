import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import { createBudgetLedger } from '../../../src/driver/layers/budget-ledger.js';
import { withBudget } from '../../../src/driver/layers/with-budget.js';
import { withCost } from '../../../src/driver/layers/with-cost.js';
import { withJsonValidation } from '../../../src/driver/layers/with-json-validation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { zeroUsage } from '../../../src/driver/response.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const createRequest = (parameters: GenerateRequest['parameters'] = {}): GenerateRequest => ({
  ...{ model: 'm', turns: [{ role: 'user', parts: [{ type: 'text', text: 'Q' }] }], parameters },
});
/**
 * Ten tokens cost a dollar. A reply of the scripted driver has ten prompt tokens and one output token per piece. The
 * default reply, `Reply n`, has two pieces, so it costs $1.20.
 */
const price = { input: 100_000, output: 100_000 };

function stack(maxCostUsd: number, scripts: ScriptedCall[] = [], estimate: number | undefined = 1) {
  const inner = createScriptedDriver(scripts);
  const driver = withBudget({ maxCostUsd, estimateUsd: () => estimate }, withCost({ getPrice: () => price }, inner));
  return { inner, driver };
}

test('does not send a request that could exceed the limit', async () => {
  const { inner, driver } = stack(3, [{ pieces: Array(10).fill('x') }]);
  expect((await driver.generate(createRequest())).costUsd).toBe(2);
  expect((await driver.generate(createRequest())).costUsd).toBe(1.2);
  await expect(driver.generate(createRequest())).rejects.toMatchObject({
    code: 'budget_exceeded',
    message: 'the prompt alone may cost $1.00 with m; $3.20 of --max-cost $3.00 is spent',
  });
  expect(inner.requests).toHaveLength(2);
});

test('counts the cost of a streamed call', async () => {
  const { inner, driver } = stack(2);
  const stream = async () => {
    for await (const _ of driver.generateStream(createRequest({ maxTokens: 7 })));
  };
  await stream();
  await expect(stream()).rejects.toThrow('a request to m may cost $1.00 with a reply of 7 tokens (max_tokens)');
  expect(inner.requests).toHaveLength(1);
});

test('for a later part of a long reply, the error names how many tokens of max_tokens remain', async () => {
  const { driver } = stack(0.5);
  const turn = { role: 'model', text: 'x', model: 'm' } as const;
  const firstHop = { token: 'continuation token', turn, outputTokens: 4 };
  const request = { ...createRequest({ maxTokens: 7 }), finishedHops: [firstHop] };
  await expect(driver.generate(request)).rejects.toThrow(
    'a request to m may cost $1.00 with another 3 tokens of the reply (the rest of max_tokens)',
  );
});

test('counts a failed call without usage events as free', async () => {
  const { inner, driver } = stack(1.5, [{ error: new Error('broken') }, { error: new Error('broken') }]);
  for (let call = 0; call < 2; call += 1) await expect(driver.generate(createRequest())).rejects.toThrow('broken');
  await driver.generate(createRequest());
  expect(inner.requests).toHaveLength(3);
});

test('counts the usage events of a failed call', async () => {
  const onCall: ScriptedCall['onCall'] = (_request, { emit }) =>
    emit?.({ type: 'spent', model: 'm-001', usage: { ...zeroUsage, promptTokens: 10 } });
  const { driver } = stack(1.5, [{ onCall, error: new Error('broken') }]);
  const events: DriverEvent[] = [];
  const emit = (event: DriverEvent) => void events.push(event);
  await expect(driver.generate(createRequest(), { emit })).rejects.toThrow('broken');
  expect(events).toMatchObject([{ type: 'spent', costUsd: 1 }]);
  await expect(driver.generate(createRequest())).rejects.toThrow('$1.00 of --max-cost $1.50 is spent');
});

test('counts running calls with their estimates, over all drivers that share a ledger', async () => {
  const inner = createScriptedDriver([{ error: new Error('broken') }]);
  const ledger = createBudgetLedger();
  const createDriver = () => withBudget({ maxCostUsd: 3, estimateUsd: () => 1, ledger }, inner);
  const [one, other] = [createDriver(), createDriver()];
  const calls = [one, other, one].map((driver) => driver.generate(createRequest()));
  await expect(other.generate(createRequest())).rejects.toMatchObject({
    code: 'budget_exceeded',
    message: expect.stringContaining('$0.00 of --max-cost $3.00 is spent, and running requests may cost $3.00'),
  });
  await Promise.allSettled(calls);
  await other.generate(createRequest());
  // The first call failed and is free. The replies of the other three have no cost, so each counts at its estimate.
  await expect(one.generate(createRequest())).rejects.toThrow(/\$3\.00 of --max-cost \$3\.00 is spent$/);
  expect(inner.requests).toHaveLength(4);
});

test('counts a stream that the caller leaves early as free', async () => {
  const ledger = createBudgetLedger();
  const driver = withBudget({ maxCostUsd: 1, estimateUsd: () => 1, ledger }, createScriptedDriver());
  for await (const _ of driver.generateStream(createRequest())) break;
  expect(ledger).toMatchObject({ spentUsd: 0, reservedUsd: 0 });
});

test('allows a call whose cost uses up the budget exactly, and no call after it', async () => {
  const { inner, driver } = stack(1.2, [], 0);
  await driver.generate(createRequest());
  await expect(driver.generate(createRequest())).rejects.toMatchObject({ code: 'budget_exceeded' });
  expect(inner.requests).toHaveLength(1);
});

test('rejects a request to a model without a known price, and says how to set the price', async () => {
  const inner = createScriptedDriver();
  const driver = withBudget({ maxCostUsd: 1, estimateUsd: () => undefined }, inner);
  await expect(driver.generate(createRequest())).rejects.toMatchObject({
    code: 'invalid_config',
    hint: expect.stringContaining('[providers.gemini.prices."m"]'),
  });
  expect(inner.requests).toEqual([]);
});

test('withJsonValidation adds up the cost of an invalid reply and of the reply after it', async () => {
  const inner = createScriptedDriver([{ pieces: ['no json'] }, { pieces: ['{}'] }]);
  const driver = withJsonValidation(
    { compileSchema: async () => () => [] },
    withCost({ getPrice: () => price }, inner),
  );
  expect((await driver.generate(createRequest({ format: 'json' }))).costUsd).toBe(2.2);
});

test('estimates the unknown cost of a reply from its text, and of a failed attempt from an empty text', async () => {
  const inner = createScriptedDriver([
    { pieces: ['long'], onCall: (_request, { emit }) => emit?.({ type: 'spent', model: 'm', usage: {} }) },
  ]);
  const ledger = createBudgetLedger();
  const estimateUsd = (_request: GenerateRequest, reply?: { text: string }) => (reply ? 1 + reply.text.length : 1);
  const driver = withBudget({ maxCostUsd: 7, estimateUsd, ledger }, withCost({ getPrice: () => undefined }, inner));
  await driver.generate(createRequest());
  // The event `spent` of the failed attempt counts as an empty reply: 1. The reply has four characters: 1 + 4.
  expect(ledger.spentUsd).toBe(1 + (1 + 4));
});

test.each([
  [0.9996, '$1.00'],
  [0.5, '$0.5'],
  [0.00012345, '$0.000123'],
])('writes %d as %s in an error', async (estimate, text) => {
  await expect(stack(0.0001, [], estimate).driver.generate(createRequest())).rejects.toThrow(`may cost ${text} with m`);
});
