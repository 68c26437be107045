import { setTimeout as delay } from 'node:timers/promises';
import { startRedisServer } from '../helpers/redis-server.js';
import { figureNames, figures, type Soaked, say, soak } from './loops.js';

/**
 * Eight loops of ten on four machines that share a Redis, which in half of the rounds is killed, without a trace of its
 * memory, and started again two seconds later. Resolves to whether no reply is missing, and, where Redis lives on, the
 * server never had to refuse and it took no more than 15% over the ideal.
 */
export async function soakRedis(): Promise<boolean> {
  say('loops', 'machines', 'Redis', 'window', ...figureNames, 'warnings');
  say(...['---', '---', '---', '---', ...figureNames, '---'].map(() => '---'));
  let isKept = true;
  for (const kind of ['sliding', 'fixed'] as const) {
    for (const isKilled of [false, true]) {
      const soaked = await round(kind, isKilled);
      isKept &&= soaked.replies === soaked.asked;
      if (!isKilled) isKept &&= soaked.refused === 0 && soaked.wallMs <= soaked.idealMs * 1.15;
      const redis = isKilled ? 'killed, and back after 2 s' : 'there';
      say('8 × 10', '4', redis, kind, ...figures(soaked), String(soaked.warnings.length));
      for (const warning of new Set(soaked.warnings)) process.stderr.write(`${warning}\n`);
    }
  }
  return isKept;
}

async function round(kind: 'sliding' | 'fixed', isKilled: boolean): Promise<Soaked> {
  const cleaning: (() => void | Promise<void>)[] = [];
  const onEnd = (clean: () => void | Promise<void>) => void cleaning.push(clean);
  const { port, url, kill } = await startRedisServer(onEnd);
  const killAndStartAgain = async () => {
    await kill();
    await delay(2000);
    await startRedisServer(onEnd, { port });
  };
  const soaked = await soak({
    ...{ loops: 8, runs: 10, machines: 4, kind, redisUrl: url },
    ...(isKilled && { onReplies: { count: 25, act: () => void killAndStartAgain() } }),
  });
  for (const clean of cleaning) await clean();
  return soaked;
}
