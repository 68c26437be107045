import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canaryKey, createTemporaryFolder, runBoticelli, startBoticelli } from '../../helpers/boticelli.js';
import { findFreePort, type RedisServer, redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';
import { createQuotaFixture, parseEvents, type QuotaFixture } from '../quota-fixture.js';

// These tests run the real program with a real Redis. Each state folder stands for a machine.

const filterLines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));
const findWarnings = (stderr: string) => filterLines(stderr, /^boticelli: warning: /);

/** The options of a process on a machine. */
function createMachineOptions(fixture: QuotaFixture, machine: string, url: string) {
  const env = { BOTICELLI_STATE_DIR: join(fixture.folder, machine), BOTICELLI_REDIS_URL: url };
  return { server: fixture.server, cwd: fixture.folder, env };
}

describe.skipIf(redisSkipReason)(`machines that share a Redis${redisSkipReason ? ` (${redisSkipReason})` : ''}`, () => {
  const startRedis = (options = {}): Promise<RedisServer> => startRedisServer(onTestFinished, options);

  test('share a quota, and each loop gets all its replies', async () => {
    const { url } = await startRedis();
    const outcomes = await Promise.all(
      (['sliding', 'fixed'] as const).map(async (serverWindow) => {
        const fixture = await createQuotaFixture(onTestFinished, {
          serverRules: { window: serverWindow, rpm: 4, windowMs: 2000 },
          settings: { rpm: 4 },
        });
        // The tests with sliding and with fixed windows use different databases of the Redis server.
        const redisDatabase = serverWindow === 'fixed' ? 1 : 0;
        const loop = (machine: string) =>
          fixture.shell(
            `export BOTICELLI_REDIS_URL=${url}/${redisDatabase} BOTICELLI_STATE_DIR=${fixture.folder}/${machine}
             for i in 1 2 3; do boticelli run one.toml -q; done`,
          ).result;
        const ended = await Promise.all(['one', 'two', 'three'].map(loop));
        return {
          replies: ended.flatMap(({ stdout }) => filterLines(stdout, /^Reply /)).length,
          serverLog: fixture.serverLog,
        };
      }),
    );
    for (const { replies, serverLog } of outcomes) {
      expect(replies).toBe(9);
      // A window this short has a small safety margin. A busy machine may delay a request by more than the margin. Then
      // the server rejects one request.
      expect(serverLog.rejected().length).toBeLessThanOrEqual(1);
    }
  });

  test('lose no reply when Redis dies in the middle of a run: the run continues, with one warning', async () => {
    const redis = await startRedis();
    const fixture = await createQuotaFixture(onTestFinished, { serverRules: { latencyMs: [100, 200] } });
    const running = startBoticelli(
      ['run', 'six.toml', '-o', 'ndjson', '--tier', 'tier_1'],
      createMachineOptions(fixture, 'one', redis.url),
    );
    await running.waitForOutput('"act-end"');
    await redis.kill();
    const { code, stdout, stderr } = await running.result;
    expect(code).toBe(0);
    expect(parseEvents(stdout, 'act-end')).toHaveLength(6);
    expect(findWarnings(stderr)).toEqual([expect.stringContaining(`Redis at 127.0.0.1:${redis.port} is down (`)]);
  });

  test('continue without Redis, and the next process that reaches Redis adds the earlier requests to the counts in Redis', async () => {
    const port = await findFreePort();
    const fixture = await createQuotaFixture(onTestFinished, { settings: { rpm: 30 } });
    const url = `redis://bot:never-shown@127.0.0.1:${port}`;
    const options = createMachineOptions(fixture, 'one', url);
    const alone = await runBoticelli(['run', 'four.toml', '-m', 'gemini-3.8-flash'], options);
    expect(alone).toMatchObject({ code: 0, stderr: expect.not.stringContaining('never-shown') });
    expect(findWarnings(alone.stderr)).toHaveLength(1);
    const limitsWhileDown = await runBoticelli(['limits'], options);
    expect(limitsWhileDown.stdout).toContain(`Quota store: ${join(fixture.folder, 'one', 'boticelli.db')}\n`);
    expect(findWarnings(limitsWhileDown.stderr)).toEqual([
      expect.stringMatching(/is down \(.*\): this command uses only the quota data of this machine$/),
    ]);

    await startRedis({ port, args: ['--user', 'bot', 'on', '>never-shown', '~*', '+@all'] });
    const online = await runBoticelli(['run', 'one.toml', '-m', 'gemini-3.8-flash', '-v'], options);
    expect(online.code).toBe(0);
    // The second machine has no local data, so its counts come from Redis.
    const otherOptions = createMachineOptions(fixture, 'two', url);
    const limitsResult = await runBoticelli(['limits', '--format', 'json'], otherOptions);
    // The field `book` says where the quota is stored.
    expect(JSON.parse(limitsResult.stdout)).toMatchObject({
      // The location of the quota store.
      book: { redis: `127.0.0.1:${port}` },
      models: expect.arrayContaining([
        expect.objectContaining({
          model: 'gemini-3.8-flash',
          minute: expect.objectContaining({ requests: { used: 5, booked: 0 } }),
        }),
      ]),
    });
    for (const { stdout, stderr } of [alone, limitsWhileDown, online, limitsResult]) {
      expect(stdout + stderr).not.toMatch(new RegExp(`never-shown|${canaryKey}`));
    }
  });

  test('print the address of Redis with `limits`, `limits --forget` and `limits probe`, and share learned limits', async () => {
    const { url, port } = await startRedis();
    const fixture = await createQuotaFixture(onTestFinished, { serverRules: { rpm: 2 }, settings: { rpm: 30 } });
    const options = createMachineOptions(fixture, 'one', url);
    const limits = async (...args: string[]) => (await runBoticelli(['limits', ...args], options)).stdout;
    const head = `Quota store: Redis at 127.0.0.1:${port}\n`;
    expect(await limits()).toContain(head);
    expect(
      await limits('probe', '-m', 'gemini-3.8-flash', '-m', 'gemini-3.5-flash', '--requests', '3', '--yes'),
    ).toContain(head);
    const forgetArgs = ['limits', '--forget', 'gemini-3.8-flash', '--format', 'json'];
    const { stdout } = await runBoticelli(forgetArgs, createMachineOptions(fixture, 'two', url));
    expect(JSON.parse(stdout)).toMatchObject({
      // The location of the quota store.
      book: { redis: `127.0.0.1:${port}` },
      forgotten: [{ model: 'gemini-3.8-flash', learned: { rpm: { value: 2 } } }],
    });
    expect(await limits('--forget', 'gemini-3.5-flash')).toBe(
      `${head}gemini-3.5-flash: deleted the limit of 2 requests per minute, and the pause after a rejection\n`,
    );
    expect(await limits('--forget', 'gemini-3.5-flash')).toContain('gemini-3.5-flash: nothing to delete\n');
  });

  test('connect through TLS if they trust the certificate, and not otherwise', async () => {
    const folder = createTemporaryFolder(onTestFinished);
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
    execFileSync('openssl', ['req', '-x509', ...newKey, '-out', cert, '-days', '2', ...subject], { stdio: 'ignore' });
    const port = await findFreePort();
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    await startRedis({ args: ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'] });
    const fixture = await createQuotaFixture(onTestFinished);
    const options = createMachineOptions(fixture, 'one', `rediss://localhost:${port}`);
    const trusted = await runBoticelli(['limits'], { ...options, env: { ...options.env, NODE_EXTRA_CA_CERTS: cert } });
    expect(trusted).toMatchObject({ code: 0, stderr: '' });
    expect(trusted.stdout).toContain(`Quota store: Redis at localhost:${port}\n`);
    const untrusted = await runBoticelli(['limits'], options);
    expect(untrusted).toMatchObject({ code: 0, stderr: expect.stringContaining('self-signed certificate') });
  });
});
