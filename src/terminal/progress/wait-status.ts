import type { ActNote, ActWait, NarrativeEvent } from '../../executor/narrative-events.js';
import { formatCount, formatWholeSeconds } from '../text/format.js';
import { type ActEvent, createActIndexer } from './act-index.js';
import { formatActName } from './format-events.js';
import type { SpinnerStatus } from './spinner.js';
import type { StderrWriter } from './stderr-writer.js';

/**
 * What an act is waiting for: the beginning of a reply (`reply`), the end of the wait of an `act-wait` event (`wait`),
 * the end of an upload or download (`file`), or the rest of a reply. `since` is the time at which the wait began, in
 * milliseconds since the epoch; `act` is the name for display; and `characters` is the length of the reply so far,
 * without discarded text.
 */
type WaitState = { act: string; since: number; model: string; characters: number } & (
  | { kind: 'reply' }
  | { kind: 'wait'; wait: ActWait }
  | { kind: 'file'; note: ActNote }
  | { kind: 'rest-of-reply' }
);

/** The elapsed time is shown only for waits that last at least this long. */
const showElapsedAfterMs = 2000;

/**
 * Formats a wait for the spinner: the remaining time if the end of the wait is known, the number of characters while a
 * reply arrives, and otherwise the elapsed time.
 */
function formatWaitStatus(waitState: WaitState, now: number): SpinnerStatus {
  const { act, model, since } = waitState;
  const elapsed = now - since < showElapsedAfterMs ? {} : { time: `(${formatWholeSeconds(now - since)})` };
  switch (waitState.kind) {
    case 'reply':
      return { text: `${act}: waiting for ${model}`, ...elapsed };
    case 'wait': {
      const { wait } = waitState;
      // It is unknown when another request or session ends and its concurrency slot becomes free, so there is nothing
      // to count down to.
      if (wait.reason === 'concurrency')
        return { text: `${act}: waiting for a free slot of ${wait.model}`, ...elapsed };
      const remainingMs = since + wait.waitMs - now;
      if (remainingMs <= 0) return { text: `${act}: waiting for ${wait.model}` };
      return { text: `${act}: ${describeTimedWait(wait)}`, time: formatWholeSeconds(remainingMs) };
    }
    case 'file':
      return { text: `${act}: ${waitState.note.message}`, ...elapsed };
    case 'rest-of-reply':
      return { text: `${act}: ${formatCount(waitState.characters, 'character')} from ${model} so far` };
  }
}

function describeTimedWait({ reason, model, guessed, isProjectWide }: ActWait): string {
  if (isProjectWide) return "waiting for the project's spend-based rate limit:";
  if (reason === 'backoff') return `retrying ${model} in`;
  return `waiting for quota of ${model}${guessed ? ' (guessed limit)' : ''}:`;
}

interface WaitTrackerOptions {
  stderr: Pick<StderrWriter, 'setStatus'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** The name of the narrative, if there are several. */
  label?: string;
}

/** Any event of an act except its end. */
type RunningActEvent = Exclude<ActEvent, { type: 'act-end' }>;

/**
 * Creates a listener for all events of a narrative. The listener keeps a status in the spinner for each running act.
 */
export function createWaitTracker({ stderr, now, label }: WaitTrackerOptions): (event: NarrativeEvent) => void {
  const getIndex = createActIndexer();
  /** The running acts by index. For `setStatus`, the entry of an act identifies the act's status in the spinner. */
  const entries = new Map<number, { current: WaitState }>();
  const formatStatus = (state: WaitState): SpinnerStatus => {
    const status = formatWaitStatus(state, now());
    return label === undefined ? status : { ...status, text: `${label}: ${status.text}` };
  };
  const remove = (index: number) => {
    const entry = entries.get(index);
    entries.delete(index);
    if (entry) stderr.setStatus(entry, undefined);
  };
  return (event) => {
    if (event.type === 'narrative-end') for (const index of entries.keys()) remove(index);
    if (event.type === 'narrative-start' || event.type === 'narrative-end') return;
    const index = getIndex(event);
    if (event.type === 'act-end') return remove(index);
    const known = entries.get(index);
    // There may be thousands of deltas. After the first one, only `characters` changes. The function that was passed to
    // `setStatus` reads it each time, so it need not be passed again.
    if (event.type === 'act-delta' && known?.current.kind === 'rest-of-reply') {
      known.current.characters += event.text.length;
      return;
    }
    const next = nextWaitState(event, known?.current, now());
    if (!next) return;
    const entry = known ?? { current: next };
    entry.current = next;
    entries.set(index, entry);
    stderr.setStatus(entry, () => formatStatus(entry.current));
  };
}

function nextWaitState(event: RunningActEvent, previous: WaitState | undefined, since: number): WaitState | undefined {
  if (event.type === 'act-start')
    return { kind: 'reply', act: formatActName(event), model: event.model, since, characters: 0 };
  if (!previous) return undefined;
  const { act, model, characters } = previous;
  switch (event.type) {
    case 'act-wait':
      return { kind: 'wait', act, model: event.model, since, characters, wait: event };
    case 'act-fallback':
      return { kind: 'reply', act, model: event.to, since, characters };
    case 'act-retry':
      return { kind: 'reply', act, model, since, characters: event.discard ? (event.keepChars ?? 0) : characters };
    case 'act-delta':
      return { kind: 'rest-of-reply', act, model, since, characters: characters + event.text.length };
    case 'act-note':
      return isFileTransfer(event) ? { kind: 'file', act, model, since, characters, note: event } : previous;
    case 'act-thought':
      return previous;
  }
}

/** Tests whether a note reports a file transfer, which may take a long time. */
export function isFileTransfer({ about }: ActNote): boolean {
  return about === 'upload' || about === 'download';
}
