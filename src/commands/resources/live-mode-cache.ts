import type { Settings } from '../../config/settings.js';
import type { LiveManner, LiveMemory } from '../../gemini/live/options.js';
import { serviceHash } from '../../gemini/models/cached-list.js';
import { createLiveMannerRows } from '../../store/caches/live-mode-rows.js';
import type { State } from './open-database.js';

/** Models change: gemini-3.1-flash-live-preview refused client content in March 2026 and took it in August. */
const believedMs = 30 * 86_400_000;

/**
 * Remembers in the state's database how Live models want to be talked to. None is opened for it: where the run has none,
 * nothing is remembered, and each run finds out anew.
 */
export function liveMemory(
  { baseUrl }: Pick<Settings, 'baseUrl'>,
  { database }: Pick<State, 'database'>,
): LiveMemory | undefined {
  if (!database) return undefined;
  const rows = createLiveMannerRows(database);
  const service = serviceHash(baseUrl);
  return {
    get: (model) =>
      orNothing(() => {
        const row = rows.read(service, model);
        const ageMs = Date.now() - (row?.learnedAt ?? 0);
        return row && ageMs >= 0 && ageMs < believedMs ? mannerFrom(JSON.parse(row.manner)) : undefined;
      }),
    set: (model, manner) =>
      orNothing(() => rows.write(service, model, { manner: JSON.stringify(manner), learnedAt: Date.now() })),
  };
}

/** A database that is locked or broken costs the run a refusal at most: its other parts tell of it. */
function orNothing<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Of what is in a file nothing is believed. */
function mannerFrom({ replies, prompts }: Partial<Record<keyof LiveManner, unknown>>): LiveManner | undefined {
  if (replies !== 'TEXT' && replies !== 'AUDIO') return undefined;
  return prompts === 'content' || prompts === 'realtime' ? { replies, prompts } : undefined;
}
