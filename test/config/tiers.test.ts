import { expect, test } from 'vitest';
import { builtInTiers } from '../../src/facts/limits.js';
import { resolveFixtureSettings } from './settings-fixture.js';

const builtIn = (value: number) => ({ value, source: 'built-in' });
const fromSettings = (value: number) => ({ value, source: 'settings' });

test('the free tier has built-in limits for known models, for Live models and for all others', async () => {
  const { limitsFor } = await resolveFixtureSettings({});
  expect(limitsFor('models/gemini-3.8-flash')).toEqual({ rpm: builtIn(5), rpd: builtIn(20) });
  expect(limitsFor('gemini-3.1-flash-lite')).toEqual({ rpm: builtIn(15) });
  expect(limitsFor('gemini-99')).toEqual({ rpm: builtIn(5) });
  expect(limitsFor('constructor')).toEqual({ rpm: builtIn(5) });
  for (const live of ['gemini-3.8-live', 'gemini-99-live-preview', 'gemini-99-native-audio-latest']) {
    expect(limitsFor(live), 'concurrent sessions, not requests per minute').toEqual({ maxConcurrent: builtIn(3) });
  }
});

test('paid tiers have no built-in limits', async () => {
  const { limitsFor } = await resolveFixtureSettings({}, { environment: { GEMINI_TIER: 'tier_1' } });
  expect(limitsFor('gemini-3.8-flash')).toEqual({});
  expect(limitsFor('gemini-3.8-live')).toEqual({});
});

test('built-in limits are whole numbers above zero', () => {
  const all = Object.values(builtInTiers).flatMap(({ defaults, liveDefaults = {}, models }) => [
    defaults,
    liveDefaults,
    ...Object.values(models),
  ]);
  for (const limit of all.flatMap(Object.values)) expect(Number.isInteger(limit) && limit > 0).toBe(true);
});

test('a tier in settings replaces the built-in tier of the same name; a kind of limit that a model does not set comes from the tier', async () => {
  const { limitsFor } = await resolveFixtureSettings({
    'work/boticelli.toml':
      '[providers.gemini.tiers.free]\nrpm = 10\nmax_concurrent = 2\n[providers.gemini.tiers.free.models."gemini-3.8-flash"]\nrpm = 5\nrpd = 20\n',
  });
  expect(limitsFor('gemini-3.8-flash')).toEqual({
    rpm: fromSettings(5),
    rpd: fromSettings(20),
    maxConcurrent: fromSettings(2),
  });
  expect(
    limitsFor('gemini-3.1-flash-lite'),
    'the built-in limit of this model, 15, does not apply: the tier in the settings leaves it out',
  ).toEqual({
    rpm: fromSettings(10),
    maxConcurrent: fromSettings(2),
  });
});

test('an empty tier in settings has no limits', async () => {
  const { limitsFor } = await resolveFixtureSettings({ 'work/boticelli.toml': '[providers.gemini.tiers.free]\n' });
  expect(limitsFor('gemini-3.8-flash')).toEqual({});
});

test('applies limits of flags to every model', async () => {
  const files = { 'work/boticelli.toml': '[providers.gemini.tiers.free.models.m]\nrpm = 5\nrpd = 20\n' };
  const { limitsFor } = await resolveFixtureSettings(files, { flags: { rpm: 3, maxConcurrent: 1 } });
  const flags = { rpm: { value: 3, source: 'flag' }, maxConcurrent: { value: 1, source: 'flag' } };
  expect(limitsFor('m')).toEqual({ ...flags, rpd: fromSettings(20) });
  expect(limitsFor('other')).toEqual(flags);
});

test('prefers limits of the serving model to limits of the requested alias', async () => {
  const { limitsFor } = await resolveFixtureSettings({
    'work/boticelli.toml':
      '[providers.gemini.tiers.free.models]\n"models/gemini-flash-latest" = { rpm = 2 }\n"gemini-3.8-flash" = { rpm = 5 }\n',
  });
  expect(limitsFor('gemini-4-flash', 'gemini-flash-latest')).toEqual({ rpm: fromSettings(2) });
  expect(limitsFor('gemini-3.8-flash', 'gemini-flash-latest')).toEqual({ rpm: fromSettings(5) });
  expect(limitsFor('gemini-4-flash')).toEqual({});
});

test('accepts tiers named like properties of JavaScript objects', async () => {
  const { tier, limitsFor } = await resolveFixtureSettings({
    'work/boticelli.toml':
      '[providers.gemini]\ndefault_tier = "__proto__"\n[providers.gemini.tiers.__proto__]\nrpm = 1\n[providers.gemini.tiers.constructor]\nrpm = 2\n',
  });
  expect(tier).toBe('__proto__');
  expect(limitsFor('toString')).toEqual({ rpm: fromSettings(1) });
});
