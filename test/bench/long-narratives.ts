import { growthOf, playActs } from '../soak/acts.js';
import type { Say } from './say.js';

const acts = 2000;

/** Two thousand acts with `context = "previous"` in one process: the last hundred against the first that are warm. */
export async function longNarratives(say: Say): Promise<void> {
  for (const streaming of [false, true]) {
    const { wall, cpu, heap } = growthOf(await playActs({ acts, streaming, samples: 20 }), acts);
    const what = `${acts.toLocaleString('en')} acts with \`context = "previous"\`${streaming ? ', streamed' : ''}`;
    for (const [name, { first, last, ratio }] of Object.entries({ time: wall, 'CPU time': cpu })) {
      say(
        `${what}: ${name} of an act, last hundred against first`,
        ms(last),
        ms(first),
        ratio.toFixed(2),
        '1.10 or less',
      );
    }
    const ratio = (heap.later / heap.earlier).toFixed(2);
    say(
      `${what}: bytes kept of an act, second half against first`,
      bytes(heap.later),
      bytes(heap.earlier),
      ratio,
      '1.10 or less',
    );
  }
}

function ms(ofAHundred: number): string {
  return `${(ofAHundred / 100).toFixed(2)} ms`;
}

function bytes(count: number): string {
  return `${count.toFixed(0)} B`;
}
