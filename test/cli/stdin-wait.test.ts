import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readStdinNarrative, readStdinText } from '../../src/cli/stdin.js';
import type { Clock } from '../../src/driver/clock.js';
import { startBoticelli } from '../helpers/boticelli.js';

/** Reads a standard input with a clock that stands still until `wait` is called. */
function read(stdin: Readable, readStdin: typeof readStdinText | typeof readStdinNarrative) {
  const warnings: string[] = [];
  let endSleep = () => {};
  const sleepsMs: number[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        sleepsMs.push(durationMs);
        endSleep = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  const options = { signal: new AbortController().signal, warn: (text: string) => void warnings.push(text), clock };
  const result = readStdin({ stdin }, options);
  return { result, warnings, sleepsMs, wait: () => endSleep() };
}

test.each([readStdinText, readStdinNarrative])(
  'warns after 1.5 s that standard input has not ended: %o',
  async (readStdin) => {
    const stdin = new PassThrough();
    const { result, warnings, sleepsMs, wait } = read(stdin, readStdin);
    stdin.write('some');
    await setImmediate();
    expect({ warnings, sleepsMs }).toEqual({ warnings: [], sleepsMs: [1500] });
    wait();
    await setImmediate();
    expect(warnings).toEqual([expect.stringMatching(/^waiting for standard input to end: .*Ctrl-D.*< \/dev\/null/)]);
    stdin.end(' text');
    const content = await result;
    expect(typeof content === 'string' ? content : String(content.bytes)).toBe('some text');
    expect(warnings).toHaveLength(1);
  },
);

test('does not warn if standard input ends within 1.5 s', async () => {
  const { result, warnings, wait } = read(Readable.from([Buffer.from('text')]), readStdinText);
  await result;
  wait();
  await setImmediate();
  expect(warnings).toEqual([]);
});

test('the real program prints this warning even with --quiet', async () => {
  const { child, waitForOutput, result } = startBoticelli(['run', '-', '--quiet'], { keepInputOpen: true });
  await waitForOutput('boticelli: warning: waiting for standard input to end', 'stderr');
  child.kill();
  await result;
});
