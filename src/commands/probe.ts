import { systemClock } from '../driver/clock.js';
import { asBoticelliError, BoticelliError } from '../errors.js';
import { probeModel, type Series } from '../quota/probe.js';
import { jsonOf } from '../terminal/json-replies.js';
import { bookLine, type PlaceOfBook } from '../terminal/limits-table.js';
import { createOutput } from '../terminal/output.js';
import { type Paint, paintFor } from '../terminal/paint.js';
import { probeDocument, probeLines } from '../terminal/probe-table.js';
import { counted } from '../terminal/quantity.js';
import { createSpinner } from '../terminal/spinner.js';
import { confirmed } from './confirmed.js';
import { type Ending, endingOf } from './ending.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { openQuota } from './open-quota.js';
import { openState } from './open-state.js';
import { reachableGemini } from './reachable-gemini.js';
import { readSettings, type SettingsFlagOptions } from './read-settings.js';
import { warningOn } from './warning.js';

/** The flags of `boticelli limits probe`. */
export interface ProbeOptions extends SettingsFlagOptions {
  model: string[];
  requests: number;
  /** In milliseconds. */
  spacing: number;
  stream?: boolean;
  yes?: boolean;
  format: 'text' | 'json';
}

/** `boticelli limits probe`: measures what models really allow, side by side, and teaches it to the quota book. */
export async function probe(options: ProbeOptions, host: Host): Promise<Failure | undefined> {
  const ending = endingOf(host);
  try {
    const output = createOutput({ stream: host.stdout, onFailure: ending.outputFailed });
    const paint = await paintFor(host.stderr);
    const { all, book } = await measure({ options, host, ending, paint });
    const lines = [...(book ? [bookLine(book)] : []), ...probeLines(all, columnsOfTerminal(host))];
    const document = { ...(book && { book }), ...probeDocument(all) };
    output.write(options.format === 'json' ? `${jsonOf(document, 2)}\n` : `${lines.join('\n')}\n`);
    await output.flushed();
    if (ending.signal.aborted) return { error: asBoticelliError(ending.signal.reason) };
    const error = all.find(({ failure }) => failure)?.failure;
    return error && { error };
  } finally {
    ending.release();
  }
}

interface Measured {
  all: Series[];
  /** Whose book was taught, where settings name a Redis. */
  book: PlaceOfBook | undefined;
}

interface Measuring {
  options: ProbeOptions;
  host: Host;
  ending: Ending;
  paint: Paint;
}

async function measure({ options, host, ending: { signal }, paint }: Measuring): Promise<Measured> {
  const { requests, spacing: spacingMs, stream = false } = options;
  const models = [...new Set(options.model)];
  const settings = await readSettings(options, host, paint);
  const driver = reachableGemini(settings);
  await askFirst({ options, host, signal, most: models.length * requests });
  const warn = warningOn(host, paint);
  const { limitsFor } = settings;
  const state = await openState({ settings, parts: ['quota'], warn });
  const { book, whose } = await openQuota({ settings, state, clock: systemClock, warn });
  const progress = await createProgress(models, options, host);
  try {
    const all = await Promise.all(
      models.map((model) =>
        probeModel({
          ...{ driver, book, limitsFor, model, requests, spacingMs, stream, signal },
          ...{ clock: systemClock, onProgress: progress.tell },
        }),
      ),
    );
    return { all, book: whose?.() };
  } finally {
    progress.stop();
    await driver.close?.();
    await book.close?.();
  }
}

interface Asking {
  options: ProbeOptions;
  host: Host;
  signal: AbortSignal;
  /** How many requests may be sent. */
  most: number;
}

/** Resolves when the person agrees to what is spent. Rejects with `usage` where they do not, or nobody is there. */
async function askFirst({ options: { yes }, host, signal, most }: Asking): Promise<void> {
  if (yes) return;
  const what = `this sends up to ${counted(most, 'request')}, counted against your quota`;
  if (!host.stdin.isTTY || !host.stderr.isTTY) {
    throw new BoticelliError('usage', what, { hint: 'Say --yes to have it sent; nothing was sent.' });
  }
  if (await confirmed(`${what[0]?.toUpperCase()}${what.slice(1)}. Go on? [y/N] `, { host, signal })) return;
  throw new BoticelliError('usage', 'not confirmed', { hint: 'Nothing was sent.' });
}

/** How far each series is, on a terminal. */
async function createProgress(models: readonly string[], { requests }: ProbeOptions, { stderr, env }: Host) {
  const spins = stderr.isTTY && !env.CI && env.TERM !== 'dumb';
  const spinner = spins ? await createSpinner({ stream: stderr, isColored: stderr.hasColors?.() ?? false }) : undefined;
  const sent = new Map(models.map((model) => [model, 0]));
  const words = () => ({ text: [...sent].map(([model, count]) => `${model}: ${count} of ${requests}`).join(', ') });
  const show = () => spinner?.start(words);
  show();
  return {
    tell(series: Series) {
      sent.set(series.model, series.sent);
      show();
    },
    stop: () => spinner?.stop(),
  };
}

function columnsOfTerminal({ stdout }: Host): { columns?: number } {
  return stdout.isTTY && stdout.columns ? { columns: stdout.columns } : {};
}
