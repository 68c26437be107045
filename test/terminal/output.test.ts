import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/terminal/output.js';

test('flush waits for everything written', async () => {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      setImmediate(() => {
        written.push(String(chunk));
        done();
      });
    },
  });
  const output = createOutput({ stream, onFailure: () => expect.unreachable() });
  output.write('a');
  output.write('b');
  await output.flush();
  expect(written.join('')).toBe('ab');
});

test('reports a failure once and ignores later writes', async () => {
  const failure = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  let attempts = 0;
  const stream = new Writable({
    autoDestroy: false,
    write(_chunk, _encoding, done) {
      attempts += 1;
      done(failure);
    },
  });
  const failures: unknown[] = [];
  const output = createOutput({ stream, onFailure: (error) => failures.push(error) });
  output.write('a');
  await output.flush();
  output.write('b');
  await output.flush();
  expect(failures).toEqual([failure]);
  expect(attempts).toBe(1);
});

test('flush leaves no listener behind', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = createOutput({ stream, onFailure: () => {} });
  const before = stream.listenerCount('error');
  for (let count = 0; count < 20; count += 1) await output.flush();
  expect(stream.listenerCount('error')).toBe(before);
});
