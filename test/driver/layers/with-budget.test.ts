import { expect, test } from 'vitest';
import type { DriverEvent } from '../../../src/driver/events.js';
import { createSpending } from '../../../src/driver/layers/budget-ledger.js';
import { withinBudget } from '../../../src/driver/layers/with-budget.js';
import { priced } from '../../../src/driver/layers/with-cost.js';
import { conforming } from '../../../src/driver/layers/with-json-validation.js';
import type { GenerateRequest } from '../../../src/driver/request.js';
import { noUsage } from '../../../src/driver/response.js';
import { createScriptedDriver, type ScriptedCall } from '../../helpers/scripted-driver.js';

const ask = (parameters: GenerateRequest['parameters'] = {}): GenerateRequest => ({
  ...{ model: 'm', turns: [{ role: 'user', parts: [{ type: 'text', text: 'Q' }] }], parameters },
});
/** Scripted replies have ten tokens in and one out for each piece: at these prices, a dollar for ten of either. */
const price = { input: 100_000, output: 100_000 };

function stack(maxCostUsd: number, scripts: ScriptedCall[] = [], estimate: number | undefined = 1) {
  const below = createScriptedDriver(scripts);
  const driver = withinBudget({ maxCostUsd, estimateUsd: () => estimate }, priced({ priceOf: () => price }, below));
  return { below, driver };
}

test('a call that would take the sum over the limit is not made', async () => {
  const { below, driver } = stack(3, [{ pieces: Array(10).fill('x') }]);
  expect((await driver.generate(ask())).costUsd).toBe(2);
  expect((await driver.generate(ask())).costUsd).toBe(1.2);
  await expect(driver.generate(ask())).rejects.toMatchObject({
    code: 'budget_exceeded',
    message: 'a call of m may cost $1.00, its prompt alone; $3.20 of --max-cost $3.00 is spent',
  });
  expect(below.requests).toHaveLength(2);
});

test('a stream counts as a call does', async () => {
  const { below, driver } = stack(2);
  const stream = async () => {
    for await (const _ of driver.generateStream(ask({ maxTokens: 7 })));
  };
  await stream();
  await expect(stream()).rejects.toThrow('a reply of 7 tokens (max_tokens) included');
  expect(below.requests).toHaveLength(1);
});

test('a call that failed costs nothing', async () => {
  const { below, driver } = stack(1.5, [{ error: new Error('broken') }, { error: new Error('broken') }]);
  for (let call = 0; call < 2; call += 1) await expect(driver.generate(ask())).rejects.toThrow('broken');
  await driver.generate(ask());
  expect(below.requests).toHaveLength(3);
});

test('what a call is told to have spent is spent, though it failed', async () => {
  const before: ScriptedCall['before'] = (_request, { emit }) =>
    emit?.({ type: 'spent', model: 'm-001', usage: { ...noUsage, promptTokens: 10 } });
  const { driver } = stack(1.5, [{ before, error: new Error('broken') }]);
  const events: DriverEvent[] = [];
  const emit = (event: DriverEvent) => void events.push(event);
  await expect(driver.generate(ask(), { emit })).rejects.toThrow('broken');
  expect(events).toMatchObject([{ type: 'spent', costUsd: 1 }]);
  await expect(driver.generate(ask())).rejects.toThrow('$1.00 of --max-cost $1.50 is spent');
});

test('calls under way are reckoned with what they may cost, also those of others who spend from the same', async () => {
  const below = createScriptedDriver([{ error: new Error('broken') }]);
  const spending = createSpending();
  const driver = () => withinBudget({ maxCostUsd: 3, estimateUsd: () => 1, spending }, below);
  const [one, other] = [driver(), driver()];
  const calls = [one, other, one].map((each) => each.generate(ask()));
  await expect(other.generate(ask())).rejects.toMatchObject({
    code: 'budget_exceeded',
    message: expect.stringContaining('$0.00 of --max-cost $3.00 is spent, and calls under way may cost $3.00'),
  });
  await Promise.allSettled(calls);
  await other.generate(ask());
  await expect(one.generate(ask())).rejects.toThrow(/\$3\.00 of --max-cost \$3\.00 is spent$/);
  expect(below.requests).toHaveLength(4);
});

test('a stream that is left before its end costs nothing, as one that failed', async () => {
  const spending = createSpending();
  const driver = withinBudget({ maxCostUsd: 1, estimateUsd: () => 1, spending }, createScriptedDriver());
  for await (const _ of driver.generateStream(ask())) break;
  expect(spending).toMatchObject({ spentUsd: 0, underWayUsd: 0 });
});

test('what the limit allows to the last cent is made, and nothing when it is used up', async () => {
  const { below, driver } = stack(1.2, [], 0);
  await driver.generate(ask());
  await expect(driver.generate(ask())).rejects.toMatchObject({ code: 'budget_exceeded' });
  expect(below.requests).toHaveLength(1);
});

test('a model without a price is told of, with how to give it one', async () => {
  const below = createScriptedDriver();
  const driver = withinBudget({ maxCostUsd: 1, estimateUsd: () => undefined }, below);
  await expect(driver.generate(ask())).rejects.toMatchObject({
    code: 'invalid_config',
    hint: expect.stringContaining('[providers.gemini.prices."m"]'),
  });
  expect(below.requests).toEqual([]);
});

test('JSON that had to be asked for twice costs what both replies cost', async () => {
  const below = createScriptedDriver([{ pieces: ['no json'] }, { pieces: ['{}'] }]);
  const driver = conforming({ checkFor: async () => () => [] }, priced({ priceOf: () => price }, below));
  expect((await driver.generate(ask({ format: 'json' }))).costUsd).toBe(2.2);
});
