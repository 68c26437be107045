import { getActiveResourcesInfo } from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli } from './boticelli.js';
import { startGeminiServer } from './gemini/server.js';
import { runInProcess } from './in-process.js';

/** Reads the state of this process that a run could change. */
const readProcessState = () => ({
  env: { ...process.env },
  cwd: process.cwd(),
  listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
  umask: process.umask(),
  exitCode: process.exitCode,
});
const countTimers = () => getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

async function setup() {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  const cwd = createTemporaryFolder(onTestFinished, {
    'n.toml': buildNarrative(2),
    'in.toml': buildNarrative(1).replace('Question 1', '{{stdin}}'),
  });
  return { server, cwd, run: (...args: string[]) => runInProcess(['run', ...args], { server, cwd }) };
}

test('a run in this process restores the environment variables and the working folder, and leaves no listener, timer or exit code', async () => {
  const { run, cwd } = await setup();
  await run('n.toml', '--stream');
  const [before, timers] = [readProcessState(), countTimers()];
  expect(await run('n.toml', '--stream', '--timeout', '9m', '--out-dir', 'out')).toMatchObject({ code: 0 });
  expect(await run('missing.toml')).toMatchObject({ code: 66 });
  expect(before.cwd).not.toBe(cwd);
  expect(readProcessState()).toEqual(before);
  expect(countTimers()).toBeLessThanOrEqual(timers);
});

test('a run in this process prints and sends what a run in a separate process does', async () => {
  const { server, cwd } = await setup();
  const options = { server, cwd, input: 'a text', env: { GEMINI_TIER: 'tier_1' } };
  const withoutTimes = ({ stderr, ...rest }: { stderr: string }) => ({
    ...rest,
    stderr: stderr.replaceAll(/\d\.\d s/g, '<time>'),
  });
  const cases: [args: string[], requests: number][] = [
    [['n.toml'], 2],
    [['in.toml', '-q'], 1],
    [['n.toml', '--temperature', '3'], 0],
    [['--help'], 0],
  ];
  for (const [args, requests] of cases) {
    const [separate, inProcess] = [
      await runBoticelli(['run', ...args], options),
      await runInProcess(['run', ...args], options),
    ];
    const sent = server.requests.splice(0).map(({ body }) => body);
    expect(withoutTimes(inProcess)).toEqual(withoutTimes(separate));
    expect(sent).toHaveLength(2 * requests);
    expect(sent.slice(requests)).toEqual(sent.slice(0, requests));
  }
});

test('runs that are started at the same time run one after another, each in its own folder', async () => {
  const { run } = await setup();
  const other = await setup();
  const ended = await Promise.all([run('n.toml'), other.run('n.toml'), run('missing.toml'), other.run('n.toml')]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 66, 0]);
  expect(other.server.requests).toHaveLength(4);
});
