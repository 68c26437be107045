import { measureGrowth, runActs } from '../soak/acts.js';
import { formatMs, printRow } from './measure.js';

const [acts, measuredSectionCount] = [2000, 20];
const actsPerSection = acts / measuredSectionCount;

/**
 * Runs 2,000 acts with `context = "previous"` in one process. Compares the last acts with the first ones after the
 * warm-up.
 */
export async function benchLongNarratives(): Promise<void> {
  for (const streaming of [false, true]) {
    const { wall, cpu, heap } = measureGrowth(await runActs({ acts, streaming, measuredSectionCount }), acts);
    const label = `${acts.toLocaleString('en')} acts with \`context = "previous"\`${streaming ? ', streamed' : ''}`;
    for (const [name, { first, last, ratio }] of Object.entries({ time: wall, 'CPU time': cpu })) {
      printRow(
        `${label}: ${name} per act, at the end against the start`,
        formatMs(last / actsPerSection),
        formatMs(first / actsPerSection),
        ratio.toFixed(2),
        '1.10 or less',
      );
    }
    const ratio = (heap.later / heap.earlier).toFixed(2);
    printRow(
      `${label}: bytes kept per act, second half against first`,
      formatBytes(heap.later),
      formatBytes(heap.earlier),
      ratio,
      '1.10 or less',
    );
  }
}

function formatBytes(count: number): string {
  return `${count.toFixed(0)} B`;
}
