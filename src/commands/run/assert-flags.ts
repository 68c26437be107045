import type { Settings } from '../../config/settings.js';
import { createUnknownPriceError } from '../../driver/layers/with-budget.js';
import { BoticelliError } from '../../errors.js';
import type { PlannedAct } from '../../executor/plan-acts.js';
import { builtInModels } from '../../facts/models.js';
import { type Act, collectNarratives, makesRequest, type Narrative } from '../../narrative/narrative.js';
import type { RunOptions } from './options.js';

/** Checks the arguments and options of `run` without reading the narratives. @throws BoticelliError `usage` */
export function assertFlags(files: readonly string[], options: RunOptions): void {
  if (files.filter((file) => file === '-').length > 1) {
    throw new BoticelliError('usage', '- stands for standard input and can be given only once', {
      hint: 'Pass the other narratives as files.',
    });
  }
  assertCompatible(files, options);
  assertRowFlags(files, options);
  if (options.from === undefined || options.resume) return;
  throw new BoticelliError('usage', '--from needs --resume', { hint: 'Add --resume, or remove --from.' });
}

function assertRowFlags(files: readonly string[], options: RunOptions): void {
  const { each, matrix, results, failed, maxFailures, shard } = options;
  if (each === undefined) assertNoFlagNeeds('--each', { '--failed': failed, '--shard': shard });
  if (each === undefined && !matrix)
    assertNoFlagNeeds('--each or --matrix', { '--results': results, '--max-failures': maxFailures });
  if (files.length > 1 && (each !== undefined || matrix)) {
    throw new BoticelliError('usage', `${each === undefined ? '--matrix' : '--each'} accepts only one narrative`, {
      hint: 'Run the narratives one after another.',
    });
  }
  if (each !== '-' || files[0] !== '-') return;
  throw new BoticelliError('usage', "standard input can't be both the narrative and the rows", {
    hint: 'Save one of them to a file.',
  });
}

/**
 * Checks that none of these flags is given. Each of them needs the flag `missing`, which is not given.
 *
 * @throws BoticelliError `usage`
 */
function assertNoFlagNeeds(missing: string, flags: Readonly<Record<string, unknown>>): void {
  const [flag] = Object.entries(flags).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  throw new BoticelliError('usage', `${flag} needs ${missing}`, { hint: `Add ${missing}, or remove ${flag}.` });
}

function assertCompatible(files: readonly string[], options: RunOptions): void {
  const { resume = false, rehearse = false, record, replay, jobs = 1 } = options;
  const records = record !== undefined;
  const replays = replay !== undefined;
  const conflicts: [isGiven: boolean, flags: string, reason: string][] = [
    [resume && rehearse, '--rehearse and --resume', 'a rehearsal sends no requests'],
    [replays && records, '--record and --replay', 'a replay has nothing new to record'],
    [replays && resume, '--replay and --resume', 'a replay takes every reply from its file'],
    [replays && rehearse, '--replay and --rehearse', 'each replaces the model'],
    [records && rehearse, '--record and --rehearse', 'a rehearsal has no replies to record'],
    [records && files.length > 1 && jobs > 1, '--record and --jobs', "parallel narratives can't share a recording"],
  ];
  for (const [isGiven, flags, reason] of conflicts) {
    if (!isGiven) continue;
    throw new BoticelliError('usage', `${flags} can't be combined: ${reason}`, { hint: 'Remove one of them.' });
  }
}

/** Checks that the acts named by `--only` and `--from` exist. @throws BoticelliError `usage` */
export function assertActsExist({ only = [], from }: RunOptions, planned: readonly PlannedAct[]): void {
  // The last reply of a nested narrative is also the reply of the outer act, so one reply may have several acts.
  const actNames = new Set(planned.flatMap(({ actsWithThisReply }) => actsWithThisReply));
  const flagsWithActs = [...only.map((name) => ['--only', name]), ...(from === undefined ? [] : [['--from', from]])];
  for (const [flag, name = ''] of flagsWithActs) {
    if (actNames.has(name)) continue;
    throw new BoticelliError('usage', `${flag} ${name}: no such act`, { hint: `Acts: ${[...actNames].join(', ')}.` });
  }
}

/** Lists the acts that make a request, including those of nested narratives. */
function listRequestingActs(narrative: Narrative): Act[] {
  return [...collectNarratives(narrative)].flatMap(({ acts }) => acts).filter(makesRequest);
}

/**
 * With `--thoughts`, rejects an act whose model is known to have no thoughts to show. A rehearsal and a replay are not
 * checked, because they use no model.
 *
 * @throws BoticelliError `usage`
 */
export function assertThoughtsSupported(
  narrative: Narrative,
  { thoughts, rehearse, replay }: RunOptions,
  { defaultModel }: Pick<Settings, 'defaultModel'>,
): void {
  if (!thoughts || rehearse || replay !== undefined) return;
  for (const { name, model = defaultModel } of listRequestingActs(narrative)) {
    if (!builtInModels.get(model)?.cannotShowThoughts) continue;
    throw new BoticelliError('usage', `--thoughts: ${model}, the model of the act ${name}, has no thoughts to show`, {
      hint: 'Run without --thoughts, or use another model for the act.',
    });
  }
}

/**
 * With `--max-cost`, checks that every model that the narrative may use, including fallback models, has a known price. A
 * rehearsal and a replay cost nothing, so they are not checked.
 *
 * @throws BoticelliError `invalid_config`
 */
export function assertPricesKnown(
  narrative: Narrative,
  { maxCost, rehearse, replay, fallback }: RunOptions,
  settings: Pick<Settings, 'prices' | 'defaultModel' | 'fallback'>,
): void {
  if (maxCost === undefined || rehearse || replay !== undefined) return;
  const acts = listRequestingActs(narrative);
  const fallbacks = acts.flatMap((act) => (fallback === false ? [] : (fallback ?? act.fallback ?? settings.fallback)));
  const models = new Set([...acts.map(({ model }) => model ?? settings.defaultModel), ...fallbacks]);
  const unknown = [...models].find((model) => !settings.prices.getMaxPrice(model));
  if (unknown !== undefined) throw createUnknownPriceError(unknown);
}
