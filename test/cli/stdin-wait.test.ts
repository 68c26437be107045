import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readStdinNarrative, readStdinText } from '../../src/cli/stdin.js';
import type { Clock } from '../../src/driver/clock.js';
import { startBoticelli } from '../helpers/boticelli.js';

/** Reads a standard input with a clock whose sleep ends only when `endSleep` is called. */
function read(stdin: Readable, readStdin: typeof readStdinText | typeof readStdinNarrative) {
  const warnings: string[] = [];
  let resolveSleep = () => {};
  const sleepsMs: number[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        sleepsMs.push(durationMs);
        resolveSleep = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  const options = { signal: new AbortController().signal, warn: (text: string) => void warnings.push(text), clock };
  const result = readStdin({ stdin }, options);
  return { result, warnings, sleepsMs, endSleep: () => resolveSleep() };
}

test.each([readStdinText, readStdinNarrative])(
  'warns after 1.5 s that standard input has not ended: %o',
  async (readStdin) => {
    const stdin = new PassThrough();
    const { result, warnings, sleepsMs, endSleep } = read(stdin, readStdin);
    stdin.write('some');
    await setImmediate();
    expect({ warnings, sleepsMs }).toEqual({ warnings: [], sleepsMs: [1500] });
    endSleep();
    await setImmediate();
    expect(warnings).toEqual([expect.stringMatching(/^waiting for standard input to end: .*Ctrl-D.*< \/dev\/null/)]);
    stdin.end(' text');
    const content = await result;
    expect(typeof content === 'string' ? content : String(content.bytes)).toBe('some text');
    expect(warnings).toHaveLength(1);
  },
);

test('does not warn if standard input ends within 1.5 s', async () => {
  const { result, warnings, endSleep } = read(Readable.from([Buffer.from('text')]), readStdinText);
  await result;
  endSleep();
  await setImmediate();
  expect(warnings).toEqual([]);
});

test('the program prints the warning about standard input even with --quiet', async () => {
  const { child, waitForOutput, result } = startBoticelli(['run', '-', '--quiet'], { keepInputOpen: true });
  await waitForOutput('boticelli: warning: waiting for standard input to end', 'stderr');
  child.kill();
  await result;
});
