import { Command } from 'commander';
import { expect, test } from 'vitest';
import {
  collectFallbackModel,
  createIntegerParser,
  parseMaxWaitMs,
  parseSince,
  parseTemperature,
  parseTierName,
  parseUsd,
} from '../../src/cli/option-parsers.js';

function parseOptions(...args: string[]) {
  const command = new Command()
    .option('--fallback <model>', '', collectFallbackModel)
    .option('--no-fallback')
    .option('--max-wait <duration>', '', parseMaxWaitMs)
    .option('--tier <name>', '', parseTierName)
    .option('--max-cost <usd>', '', parseUsd)
    .option('--temperature <n>', '', parseTemperature)
    .option('--since <age>', '', parseSince)
    .option('--rpm <n>', '', createIntegerParser(1))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

test('--fallback collects models, and the last of --fallback and --no-fallback wins', () => {
  expect(parseOptions().fallback).toBeUndefined();
  expect(parseOptions('--fallback', 'a', '--fallback', 'models/b').fallback).toEqual(['a', 'b']);
  expect(parseOptions('--fallback', 'a', '--no-fallback').fallback).toBe(false);
  expect(parseOptions('--no-fallback', '--fallback', 'a').fallback).toEqual(['a']);
});

test('--max-wait accepts zero, and more than the maximum of a Node timer', () => {
  expect(parseOptions('--max-wait', '0').maxWait).toBe(0);
  expect(parseOptions('--max-wait', '90d').maxWait).toBe(7_776_000_000);
});

test('--since is a date in local time, or a time', () => {
  const parse = (text: string) => parseOptions('--since', text).since;
  expect(parse('2028-02-29')).toBe(new Date(2028, 1, 29).getTime());
  expect(parse('2026-11-30T23:30-08:00')).toBe(Date.UTC(2026, 11, 1, 7, 30));
});

test('--max-cost is an amount, with or without a dollar sign', () => {
  expect([parseOptions('--max-cost', '0.25').maxCost, parseOptions('--max-cost', '$2').maxCost]).toEqual([0.25, 2]);
});

test('--temperature is a decimal number', () => {
  const parse = (text: string) => parseOptions('--temperature', text).temperature;
  expect(['0', '0.7', '.5', '2.', '1e-1', ' 1 '].map(parse)).toEqual([0, 0.7, 0.5, 2, 0.1, 1]);
});

test.each([
  ...['0', '-1', 'much', '', '$', '1e999', '0x10'].map((amount) => ['--max-cost', amount]),
  ['--max-wait', 'soon'],
  ['--max-wait', '-1'],
  ['--fallback', 'a b'],
  ['--tier', ' '],
  ...['yesterday', '2026-02-31', '2026-02-29T12:00', '2026-13-01', '2026-11-30T25:00'].map((date) => ['--since', date]),
  ...['', ' ', '2.1', '-1', '0x1', '1..0'].map((number) => ['--temperature', number]),
  ['--rpm', '0'],
  ['--rpm', '-1'],
  ['--rpm', '1.5'],
])('%s %j is a usage error', (flag, value) => {
  expect(() => parseOptions(flag, value)).toThrowError(expect.objectContaining({ code: 'commander.invalidArgument' }));
});
