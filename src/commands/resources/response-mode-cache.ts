import type { Settings } from '../../config/settings.js';
import type { ResponseMode, ResponseModeCache } from '../../gemini/live/options.js';
import { hashService } from '../../gemini/models/cached-list.js';
import { createLiveModeRows } from '../../store/caches/live-mode-rows.js';
import type { StateDatabase } from './open-database.js';

/**
 * The maximum age of a cached response mode. It is limited because models change: gemini-3.1-flash-live-preview
 * rejected prompts of the mode `content` in March 2026 and accepted them in August.
 */
const maxAgeMs = 30 * 86_400_000;

/**
 * Creates a cache of the response modes of Live models in the state database. Returns undefined if there is no
 * database; each run then learns the modes again.
 */
export function createResponseModeCache(
  { baseUrl }: Pick<Settings, 'baseUrl'>,
  { database }: Pick<StateDatabase, 'database'>,
): ResponseModeCache | undefined {
  if (!database) return undefined;
  const rows = createLiveModeRows(database);
  const service = hashService(baseUrl);
  return {
    get: (model) =>
      ignoreErrors(() => {
        const row = rows.read(service, model);
        const ageMs = Date.now() - (row?.learnedAt ?? 0);
        return row && ageMs >= 0 && ageMs < maxAgeMs ? parseResponseMode(JSON.parse(row.modeJson)) : undefined;
      }),
    set: (model, mode) =>
      ignoreErrors(() => rows.write(service, model, { modeJson: JSON.stringify(mode), learnedAt: Date.now() })),
  };
}

/** Ignores database errors, because they cost the run at most one more rejected request. Other features report them. */
function ignoreErrors<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Validates a stored response mode. */
function parseResponseMode(stored: Partial<Record<keyof ResponseMode, unknown>>): ResponseMode | undefined {
  const { replies, prompts } = stored;
  if (replies !== 'TEXT' && replies !== 'AUDIO') return undefined;
  return prompts === 'content' || prompts === 'realtime' ? { replies, prompts } : undefined;
}
