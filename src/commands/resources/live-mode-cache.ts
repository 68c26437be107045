import type { Settings } from '../../config/settings.js';
import type { LiveMode, LiveModeCache } from '../../gemini/live/options.js';
import { hashService } from '../../gemini/models/cached-list.js';
import { createLiveModeRows } from '../../store/caches/live-mode-rows.js';
import type { StateDatabase } from './open-database.js';

/**
 * The maximum age of a cached mode, which is how a Live model takes prompts and sends replies. Models change:
 * gemini-3.1-flash-live-preview rejected prompts that were sent as `clientContent` in March 2026 and accepted them in
 * August.
 */
const maxAgeMs = 30 * 86_400_000;

/**
 * Creates a cache of the modes of Live models in the state database. A mode says how a model takes prompts, and whether
 * it replies in text or speech. Returns undefined if there is no database; each run then learns the modes again.
 */
export function createLiveModeCache(
  { baseUrl }: Pick<Settings, 'baseUrl'>,
  { database }: Pick<StateDatabase, 'database'>,
): LiveModeCache | undefined {
  if (!database) return undefined;
  const rows = createLiveModeRows(database);
  const service = hashService(baseUrl);
  return {
    get: (model) =>
      ignoreErrors(() => {
        const row = rows.read(service, model);
        const ageMs = Date.now() - (row?.learnedAt ?? 0);
        return row && ageMs >= 0 && ageMs < maxAgeMs ? toLiveMode(JSON.parse(row.modeJson)) : undefined;
      }),
    set: (model, mode) =>
      ignoreErrors(() =>
        rows.write(service, model, { modeJson: JSON.stringify(toStoredMode(mode)), learnedAt: Date.now() }),
      ),
  };
}

/**
 * Ignores database errors, because without a cached mode the service rejects at most one more request of the run. The
 * user still learns that the database is broken: the rate limiter and the history of runs report its errors.
 */
function ignoreErrors<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** A mode in the database. Its names are fixed, because earlier versions wrote rows with them. */
interface StoredMode {
  /** The modality of the replies. */
  replies: 'TEXT' | 'AUDIO';
  /** Prompts are sent as `clientContent`, or as `realtimeInput`. */
  prompts: 'content' | 'realtime';
}

function toStoredMode({ replyModality, promptsAs }: LiveMode): StoredMode {
  return { replies: replyModality, prompts: promptsAs === 'clientContent' ? 'content' : 'realtime' };
}

/** Validates and converts a stored mode. */
function toLiveMode({ replies, prompts }: Partial<Record<keyof StoredMode, unknown>>): LiveMode | undefined {
  if (replies !== 'TEXT' && replies !== 'AUDIO') return undefined;
  if (prompts !== 'content' && prompts !== 'realtime') return undefined;
  return { replyModality: replies, promptsAs: prompts === 'content' ? 'clientContent' : 'realtimeInput' };
}
