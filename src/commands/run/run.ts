import { setMaxListeners } from 'node:events';
import type { Failure } from '../../cli/failure.js';
import type { SettingsFlagOptions } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { endingOf } from '../../cli/shutdown.js';
import { asBoticelliError, BoticelliError } from '../../errors.js';
import { narrativeNames } from './narrative-labels.js';
import { assertRecordable } from './recording.js';
import { assertResumable, goingOn } from './resume-command.js';
import { type Ran, runNarrative } from './run-narrative.js';
import { openScreen } from './run-view.js';
import { createShared } from './shared-resources.js';

/** The flags of `boticelli run`. Durations are in milliseconds. */
export interface RunOptions extends SettingsFlagOptions {
  model?: string;
  stream?: boolean;
  /** Values of `--var`, by name. */
  var?: ReadonlyMap<string, string>;
  temperature?: number;
  maxTokens?: number;
  output: 'text' | 'json' | 'ndjson';
  /** How many narratives run at once. Default 1. */
  jobs?: number;
  only?: string[];
  last?: boolean;
  outDir?: string;
  quiet?: boolean;
  verbose?: boolean;
  timeout: number;
  idleTimeout: number;
  retries: number;
  resume?: boolean;
  /** With `resume`: the act from which on everything is asked again. */
  from?: string;
  /** The file that every answer is kept in. */
  record?: string;
  /** The recording that answers. */
  replay?: string;
  rehearse?: boolean;
  /** Whether models that can do both are asked over the Live API. */
  live?: boolean;
  strict?: boolean;
  maxWait?: number;
  /** False is `--no-rate-limit`. */
  rateLimit?: boolean;
  /** The most that all narratives together may cost, in US dollars. */
  maxCost?: number;
}

/**
 * `boticelli run`: plays narratives, so many at once as the flags say. What happens on the way is told on the host's streams;
 * how the first of them failed, if one did, is handed back.
 */
export async function run(files: string[], options: RunOptions, host: Host): Promise<Failure | undefined> {
  assertOneInput(files);
  assertResumable(options);
  assertRecordable(options, files.length);
  const ending = endingOf(host);
  const { signal } = ending;
  // Every narrative listens, and more than ten of them look like a leak to Node.
  setMaxListeners(0, signal);
  const screen = await openScreen({ names: narrativeNames(files), options, host, ending });
  const { paint } = screen;
  const shared = createShared({ files, options, host, paint, signal });
  try {
    const ran = await inTurns(files, options.jobs ?? 1, async (file, at) => {
      const one = await runNarrative({ file, options, host, paint, signal, screen: screen.partOf(at), shared });
      screen.tellFailure(at, one.report);
      return one;
    });
    screen.summarize(ran.map(({ report }) => report));
    // Standard output may have failed, or a signal come, after the last act had its reply.
    return failureOf(ran, host, signal.aborted ? asBoticelliError(signal.reason) : undefined);
  } finally {
    screen.close();
    await shared.close();
    ending.release();
  }
}

/** Does the work for each, in their order, for so many of them at once. */
async function inTurns<Each, Result>(
  all: readonly Each[],
  atOnce: number,
  work: (each: Each, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [at, each] of queue) results[at] = await work(each, at);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}

/** The failure of the first narrative that failed, or what ended them all. */
function failureOf(ran: readonly Ran[], host: Host, ended: BoticelliError | undefined): Failure | undefined {
  const first = ran.find(({ report }) => report.failure)?.report;
  const error = ended ?? first?.failure;
  if (!error) return undefined;
  const isTold = ran.length > 1 && ended === undefined;
  const act = ran.length > 1 ? undefined : first?.error?.act;
  const goOn = ran.some(({ isResumable }) => isResumable) ? goingOn(host) : undefined;
  return { error, isTold, ...(act !== undefined && { act }), ...(goOn !== undefined && { goOn }) };
}

function assertOneInput(files: readonly string[]): void {
  if (files.filter((file) => file === '-').length < 2) return;
  throw new BoticelliError('usage', '- stands for standard input, which can be read only once', {
    hint: 'Name it once, and the other narratives by their files.',
  });
}
