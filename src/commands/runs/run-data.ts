import type { Database } from '../../database/open.js';
import type { RunData } from '../../report/data/report-run.js';
import { createReplyMediaFinder } from '../../store/replies/find-reply-media.js';
import { listActs, listRowRuns } from '../../store/runs/read-runs.js';
import type { RecordedAct, RecordedRun } from '../../store/runs/recorded-run.js';
import { isRecord } from '../../util/json.js';

/** A matrix with more combinations is shown as a table instead of side by side. */
const maxSideBySide = 12;

/**
 * Reads what a page shows of a run. The acts of rows are read later, one row at a time. A run with `--matrix`, without
 * `--each` and with at most `maxSideBySide` combinations is replaced by a run for each combination, which the page shows
 * side by side.
 */
export function readRunData(database: Database.Database, run: RecordedRun): RunData[] {
  const findMedia = createReplyMediaFinder(database, run.narrative);
  const readActs = (runId: string) => listActs(database, runId).map((act) => addMedia(act, findMedia));
  const { run: id } = run;
  // The runs of the rows or combinations. An id with a slash is that of such a run, which has no parts.
  const partRuns = id.includes('/') ? [] : listRowRuns(database, id);
  // Only a run with `--each` has `source`.
  const isMatrixOnly = partRuns.length > 0 && run.source === undefined;
  if (isMatrixOnly && partRuns.length <= maxSideBySide)
    return partRuns.map((partRun) => ({ run: partRun, acts: readActs(partRun.run), rows: [], readActs }));
  return [{ run, acts: readActs(id), rows: partRuns, readActs }];
}

/** Adds the bytes of the pictures and sounds of a reply, where they are still stored. */
function addMedia(act: RecordedAct, findMedia: ReturnType<typeof createReplyMediaFinder>): RecordedAct {
  const { media, text } = (act.end ?? {}) as { media?: unknown; text?: unknown };
  if (!act.end || !Array.isArray(media) || !media.every(isRecord) || typeof text !== 'string') return act;
  const stored = media.length === 0 ? undefined : findMedia({ text, media });
  if (!stored) return act;
  const found = media.map((entry, index) => ({ ...entry, data: stored[index]?.base64 }));
  return { ...act, end: Object.assign({}, act.end, { media: found }) };
}
