import { measureGrowth, runActs } from '../soak/acts.js';
import type { PrintRow } from './print-row.js';

const acts = 2000;

/** Two thousand acts with `context = "previous"` in one process: the last hundred against the first that are warm. */
export async function benchLongNarratives(printRow: PrintRow): Promise<void> {
  for (const streaming of [false, true]) {
    const { wall, cpu, heap } = measureGrowth(await runActs({ acts, streaming, samples: 20 }), acts);
    const label = `${acts.toLocaleString('en')} acts with \`context = "previous"\`${streaming ? ', streamed' : ''}`;
    for (const [name, { first, last, ratio }] of Object.entries({ time: wall, 'CPU time': cpu })) {
      printRow(
        `${label}: ${name} of an act, last hundred against first`,
        formatMsPerAct(last),
        formatMsPerAct(first),
        ratio.toFixed(2),
        '1.10 or less',
      );
    }
    const ratio = (heap.later / heap.earlier).toFixed(2);
    printRow(
      `${label}: bytes kept of an act, second half against first`,
      formatBytes(heap.later),
      formatBytes(heap.earlier),
      ratio,
      '1.10 or less',
    );
  }
}

function formatMsPerAct(msPerHundredActs: number): string {
  return `${(msPerHundredActs / 100).toFixed(2)} ms`;
}

function formatBytes(count: number): string {
  return `${count.toFixed(0)} B`;
}
