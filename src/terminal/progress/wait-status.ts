import type { ActNote, ActWait, NarrativeEvent } from '../../executor/event.js';
import { counted, wholeSeconds } from '../text/format.js';
import { actName } from './event-lines.js';
import type { Lines } from './lines.js';
import type { Status } from './spinner.js';

/** What an act is waiting for, since a moment in milliseconds since the epoch. */
export type Waiting = { /** As a person reads it. */ act: string; since: number; model: string } & (
  | { what: 'reply' }
  | { what: 'time'; wait: ActWait }
  | { what: 'file'; note: ActNote }
  | { what: 'rest'; characters: number }
);

/** From so long on it is told how long something has taken already. */
const longMs = 2000;

/** What a spinner says of it now: a wait whose end is known counts down, anything else counts up. */
export function waitingStatus(waiting: Waiting, now: number): Status {
  const { act, model, since } = waiting;
  const soFar = now - since < longMs ? {} : { time: `(${wholeSeconds(now - since)})` };
  const reply = { text: `${act}: waiting for ${model}`, ...soFar };
  switch (waiting.what) {
    case 'reply':
      return reply;
    case 'time': {
      const { wait } = waiting;
      // Nobody knows when another session ends: its place is only known to be free by then.
      if (wait.reason === 'concurrency') return { text: `${act}: waiting for a place at ${wait.model}`, ...soFar };
      const leftMs = since + wait.waitMs - now;
      if (leftMs <= 0) return { text: `${act}: waiting for ${wait.model}` };
      const what = wait.reason === 'backoff' ? 'next attempt with' : 'quota of';
      return { text: `${act}: ${what} ${wait.model}:`, time: wholeSeconds(leftMs) };
    }
    case 'file':
      return { text: `${act}: ${waiting.note.message}`, ...soFar };
    case 'rest':
      return { text: `${act}: ${counted(waiting.characters, 'character')} of ${model} so far` };
  }
}

export interface UnderWayOptions {
  lines: Pick<Lines, 'underWay'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Which narrative it is, where several run at once. */
  label?: string;
}

/** To be told every event of a narrative: keeps the spinner in step with what it waits for. */
export function createUnderWay({ lines, now, label }: UnderWayOptions): (event: NarrativeEvent) => void {
  const who = {};
  let waiting: Waiting | undefined;
  const status = (): Status => {
    const { text, ...rest } = waiting ? waitingStatus(waiting, now()) : { text: '' };
    return { text: label === undefined ? text : `${label}: ${text}`, ...rest };
  };
  return (event) => {
    // Of thousands of pieces of a reply, only the first changes what is waited for.
    if (event.type === 'act-delta' && waiting?.what === 'rest') {
      waiting.characters += event.text.length;
      return;
    }
    waiting = waitingAfter(event, waiting, now());
    lines.underWay(who, waiting && status);
  };
}

function waitingAfter(event: NarrativeEvent, before: Waiting | undefined, since: number): Waiting | undefined {
  if (event.type === 'act-start') return { what: 'reply', act: actName(event), model: event.model, since };
  if (!before || event.type === 'act-end' || event.type === 'narrative-end') return undefined;
  const { act, model } = before;
  switch (event.type) {
    case 'act-wait':
      return { what: 'time', act, model: event.model, since, wait: event };
    case 'act-fallback':
      return { what: 'reply', act, model: event.to, since };
    case 'act-retry':
      return { what: 'reply', act, model, since };
    case 'act-delta':
      return { what: 'rest', act, model, since, characters: event.text.length };
    case 'act-note':
      return isAboutFile(event) ? { what: 'file', act, model, since, note: event } : before;
    case 'narrative-start':
      return before;
  }
}

/** Whether a note tells of a file on its way: that takes its time. */
export function isAboutFile({ about }: ActNote): boolean {
  return about === 'upload' || about === 'download';
}
