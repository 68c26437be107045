import type { ActNote, ActWait, NarrativeEvent } from '../../executor/narrative-events.js';
import { formatCount, formatWholeSeconds } from '../text/format.js';
import { formatActName } from './format-events.js';
import type { SpinnerStatus } from './spinner.js';
import type { StderrWriter } from './stderr-writer.js';

/** What an act is waiting for, since a moment in milliseconds since the epoch. */
export type WaitState = { /** As a person reads it. */ act: string; since: number; model: string } & (
  | { kind: 'reply' }
  | { kind: 'time'; wait: ActWait }
  | { kind: 'file'; note: ActNote }
  | { kind: 'rest'; characters: number }
);

/** From so long on it is told how long something has taken already. */
const showElapsedAfterMs = 2000;

/** What a spinner says of it now: a wait whose end is known counts down, anything else counts up. */
export function formatWaitStatus(waitState: WaitState, now: number): SpinnerStatus {
  const { act, model, since } = waitState;
  const elapsed = now - since < showElapsedAfterMs ? {} : { time: `(${formatWholeSeconds(now - since)})` };
  const replyStatus = { text: `${act}: waiting for ${model}`, ...elapsed };
  switch (waitState.kind) {
    case 'reply':
      return replyStatus;
    case 'time': {
      const { wait } = waitState;
      // Nobody knows when another session ends: its place is only known to be free by then.
      if (wait.reason === 'concurrency') return { text: `${act}: waiting for a place at ${wait.model}`, ...elapsed };
      const remainingMs = since + wait.waitMs - now;
      if (remainingMs <= 0) return { text: `${act}: waiting for ${wait.model}` };
      const subject = wait.reason === 'backoff' ? 'next attempt with' : 'quota of';
      return { text: `${act}: ${subject} ${wait.model}:`, time: formatWholeSeconds(remainingMs) };
    }
    case 'file':
      return { text: `${act}: ${waitState.note.message}`, ...elapsed };
    case 'rest':
      return { text: `${act}: ${formatCount(waitState.characters, 'character')} of ${model} so far` };
  }
}

export interface WaitTrackerOptions {
  stderr: Pick<StderrWriter, 'setStatus'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Which narrative it is, where several run at once. */
  label?: string;
}

/** To be told every event of a narrative: keeps the spinner in step with what it waits for. */
export function createWaitTracker({ stderr, now, label }: WaitTrackerOptions): (event: NarrativeEvent) => void {
  const owner = {};
  let waitState: WaitState | undefined;
  const status = (): SpinnerStatus => {
    const { text, ...rest } = waitState ? formatWaitStatus(waitState, now()) : { text: '' };
    return { text: label === undefined ? text : `${label}: ${text}`, ...rest };
  };
  return (event) => {
    // Of thousands of pieces of a reply, only the first changes what is waited for.
    if (event.type === 'act-delta' && waitState?.kind === 'rest') {
      waitState.characters += event.text.length;
      return;
    }
    waitState = nextWaitState(event, waitState, now());
    stderr.setStatus(owner, waitState && status);
  };
}

function nextWaitState(event: NarrativeEvent, previous: WaitState | undefined, since: number): WaitState | undefined {
  if (event.type === 'act-start') return { kind: 'reply', act: formatActName(event), model: event.model, since };
  if (!previous || event.type === 'act-end' || event.type === 'narrative-end') return undefined;
  const { act, model } = previous;
  switch (event.type) {
    case 'act-wait':
      return { kind: 'time', act, model: event.model, since, wait: event };
    case 'act-fallback':
      return { kind: 'reply', act, model: event.to, since };
    case 'act-retry':
      return { kind: 'reply', act, model, since };
    case 'act-delta':
      return { kind: 'rest', act, model, since, characters: event.text.length };
    case 'act-note':
      return isFileTransfer(event) ? { kind: 'file', act, model, since, note: event } : previous;
    case 'narrative-start':
      return previous;
  }
}

/** Whether a note tells of a file on its way: that takes its time. */
export function isFileTransfer({ about }: ActNote): boolean {
  return about === 'upload' || about === 'download';
}
