import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/driver/clock.js';
import { parseRedisUrl } from '../../../src/quota/redis/client.js';
import { connectRedis, formatRedisHost, type RedisConnection } from '../../../src/quota/redis/connection.js';
import { createRedisQuotaStore } from '../../../src/quota/redis/redis-store.js';
import { findFreePort, redisSkipReason, startRedisServer } from '../../helpers/redis-server.js';

function openConnection(url: string): RedisConnection {
  const opened = connectRedis({ url, clock: systemClock, timeoutMs: 5000, retryDelayMs: 50 });
  onTestFinished(opened.close);
  return opened;
}

const ping = (url: string) => openConnection(url).send((client) => client.ping());

describe('a Redis URL', () => {
  test.each([
    ['redis://host', { host: 'host', port: 6379 }],
    ['redis://host:7000/2', { host: 'host', port: 7000, db: 2 }],
    ['redis://:p%40ss@host', { host: 'host', port: 6379, password: 'p@ss' }],
    ['redis://user:word@[::1]:1', { host: '::1', port: 1, username: 'user', password: 'word' }],
    ['rediss://host', { host: 'host', port: 6379, tls: { servername: 'host' } }],
    ['rediss://10.0.0.1', { host: '10.0.0.1', port: 6379, tls: {} }],
  ])('%s is parsed', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  test('cannot set options of the client with its query', () => {
    const url = 'redis://host?enableOfflineQueue=true&lazyConnect=false';
    expect(parseRedisUrl(url)).toEqual({ host: 'host', port: 6379 });
  });

  test('is displayed as host and port only', () => {
    expect(formatRedisHost('rediss://user:word@host/3')).toBe('host:6379');
  });
});

describe.skipIf(redisSkipReason)(`a connection to Redis${redisSkipReason ? ` (${redisSkipReason})` : ''}`, () => {
  test('works for a user whose ACL allows only our keys and commands', async () => {
    const allowed = '~boticelli:* +@connection +eval +evalsha +get +set +time +sadd +smembers +pexpire +del';
    const { port } = await startRedisServer(onTestFinished, {
      args: ['--user', 'bot', 'on', '>word', ...allowed.split(' '), '--user', 'default', 'off'],
    });
    const store = createRedisQuotaStore({ connection: openConnection(`redis://bot:word@127.0.0.1:${port}`) });
    await store.transact('a', (state) => Object.assign(state, { rejectionCount: 2 }));
    expect([...(await store.readAll()).keys()]).toEqual(['a']);
    await store.remove('a');
  });

  test('with a wrong or missing password fails with the message of Redis, without the password', async () => {
    const { port } = await startRedisServer(onTestFinished, { args: ['--requirepass', 'word'] });
    await expect(ping(`redis://:wrong-word@127.0.0.1:${port}`)).rejects.toThrow(/^WRONGPASS (?!.*wrong-word)/);
    await expect(ping(`redis://127.0.0.1:${port}`)).rejects.toThrow(/^NOAUTH /);
    expect(await ping(`redis://:word@127.0.0.1:${port}`)).toBe('PONG');
  });

  test('that is closed is not reopened: commands fail with the message `closed`', async () => {
    const { url } = await startRedisServer(onTestFinished);
    const opened = openConnection(url);
    await opened.send((client) => client.ping());
    opened.close();
    await expect(opened.send((client) => client.ping())).rejects.toMatchObject({
      name: 'RedisUnavailable',
      message: 'closed',
    });
  });

  test('to one node of a cluster stores states on both nodes, and lists the states of both', async () => {
    const nodes = await Promise.all([startNode(), startNode()]);
    const [one, other] = nodes.map(({ url }) => openConnection(url)) as [RedisConnection, RedisConnection];
    await one.send((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 8191));
    await other.send((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', 8192, 16383));
    await one.send((client) =>
      client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[1]?.port ?? 0, nodes[1]?.busPort ?? 0),
    );
    for (const node of [one, other]) {
      while (!String(await node.send((client) => client.call('CLUSTER', 'INFO'))).includes('cluster_state:ok'))
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const store = createRedisQuotaStore({ connection: openConnection(nodes[0]?.url ?? '') });
    const keys = ['a', 'b', 'c', 'd'];
    for (const key of keys) await store.transact(key, (state) => Object.assign(state, { rejectionCount: 1 }));
    expect([...(await store.readAll()).keys()].sort()).toEqual(keys);
    const sizes = await Promise.all([one, other].map((node) => node.send((client) => client.dbsize())));
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });
});

async function startNode() {
  const busPort = await findFreePort();
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000'];
  return { busPort, ...(await startRedisServer(onTestFinished, { args })) };
}
