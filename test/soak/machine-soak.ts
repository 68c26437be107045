import { figureNames, figures, say, soak } from './loops.js';

/** Loops on one machine. Resolves to whether no reply is missing and the server never had to refuse. */
export async function soakMachine(): Promise<boolean> {
  say('loops', 'window', ...figureNames);
  say(...['---', '---', ...figureNames].map(() => '---'));
  let isKept = true;
  for (const kind of ['sliding', 'fixed'] as const) {
    for (const { loops, runs } of [
      { loops: 1, runs: 50 },
      { loops: 8, runs: 10 },
    ]) {
      const soaked = await soak({ loops, runs, kind });
      isKept &&= soaked.replies === soaked.asked && soaked.refused === 0;
      say(`${loops} × ${runs}`, kind, ...figures(soaked));
    }
  }
  return isKept;
}
