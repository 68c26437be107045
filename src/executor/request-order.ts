import type { Act, Input } from '../narrative/narrative.js';

/**
 * Keeps equal requests of parallel acts in the order of the acts. Stored and recorded replies tell equal requests apart
 * by that order, so an act waits until all acts before it whose request may be equal have sent theirs. Prompts of
 * different acts usually differ, and then no act waits.
 */
export interface RequestOrder {
  /** Resolves when no act before this one will still send a request that may be equal. */
  waitForEarlier(index: number): Promise<void>;
  /** Call it when the request of the act is sent. */
  markSent(index: number): void;
  /** Ends all waits. Call it when no further act starts. */
  close(): void;
}

/** @param acts the acts that make the requests of a run, in order */
export function createRequestOrder(acts: readonly Act[]): RequestOrder {
  const unsent = new Map(acts.map((act, index) => [index, { act, ...createSignal() }]));
  const markSent = (index: number) => {
    unsent.get(index)?.resolve();
    unsent.delete(index);
  };
  return {
    async waitForEarlier(index) {
      const act = acts[index];
      // The entries of a map keep the order in which they were inserted.
      for (const [earlier, { act: earlierAct, sent }] of unsent) {
        if (earlier >= index) return;
        if (act && mayBeEqual(act, earlierAct)) await sent;
      }
    },
    markSent,
    close() {
      for (const index of unsent.keys()) markSent(index);
    },
  };
}

function createSignal() {
  let resolve = () => {};
  const sent = new Promise<void>((resolveSent) => {
    resolve = resolveSent;
  });
  return { sent, resolve };
}

/** Whether the requests of two acts may be equal once their placeholders are filled. False if they surely differ. */
function mayBeEqual(left: Act, right: Act): boolean {
  if (left === right) return true;
  if (left.inputs.length !== right.inputs.length) return false;
  return left.inputs.every((input, index) => mayBeEqualInputs(input, right.inputs[index]));
}

function mayBeEqualInputs(left: Input, right: Input | undefined): boolean {
  if (left.type !== 'text' || right?.type !== 'text') return true;
  const [leftEnds, rightEnds] = [getLiteralEnds(left.content), getLiteralEnds(right.content)];
  return (
    haveCommonStart(leftEnds.start, rightEnds.start, (long, short) => long.startsWith(short)) &&
    haveCommonStart(leftEnds.end, rightEnds.end, (long, short) => long.endsWith(short))
  );
}

function haveCommonStart(left: string, right: string, matches: (long: string, short: string) => boolean): boolean {
  return left.length > right.length ? matches(left, right) : matches(right, left);
}

/** Returns the text before the first placeholder, and the text after the last one. Both are the text if it has none. */
function getLiteralEnds(text: string): { start: string; end: string } {
  const open = text.indexOf('{{');
  if (open === -1) return { start: text, end: text };
  const close = Math.max(text.lastIndexOf('}}'), text.lastIndexOf('{{')) + 2;
  // Backslashes before braces are an escape, so the start ends at the first one.
  const [start = ''] = text.slice(0, open).split('\\', 1);
  return { start, end: text.slice(close) };
}
