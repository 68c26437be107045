import { type Input, makesRequest, type Narrative } from '../narrative/narrative.js';
import { getVariableName, isRowName, parseTemplate } from '../narrative/template.js';
import { planVisiblePositions } from './conversation.js';

/**
 * Keeps equal requests of parallel acts in the order of the acts. Equal requests are matched to stored and recorded
 * replies by that order. So an act waits for each earlier act whose request may equal its own, until that request has
 * been sent. Prompts of different acts usually differ, and then no act waits.
 *
 * `index` is the number of an act among the acts that make a request, counted from 0 over all rounds and nested
 * narratives.
 */
export interface RequestOrder {
  /**
   * Finds an earlier act whose request is not sent yet and may be equal to the request of the act at `index`. `sent`
   * resolves when the request of the found act has been sent.
   */
  findEarlier(index: number): { sent: Promise<void> } | undefined;
  /** Call it when the request of the act at `index` is sent. */
  markSent(index: number): void;
  /** Marks all requests as sent, so that no act waits for an earlier act. Call it when no further act starts. */
  releaseWaitingActs(): void;
}

/** Creates the order of the requests of a narrative. */
export function createRequestOrder(narrative: Narrative): RequestOrder {
  const outlines = outlineRequests(narrative);
  const unsent = new Map(outlines.map((outline, index) => [index, { outline, ...createSentPromise() }]));
  const markSent = (index: number) => {
    unsent.get(index)?.resolve();
    unsent.delete(index);
  };
  return {
    findEarlier(index) {
      const outline = outlines[index];
      // The entries of a map keep the order in which they were inserted.
      for (const [earlier, entry] of unsent) {
        if (earlier >= index) return undefined;
        if (outline && mayBeEqual(outline, entry.outline)) return entry;
      }
      return undefined;
    },
    markSent,
    releaseWaitingActs() {
      for (const index of unsent.keys()) markSent(index);
    },
  };
}

function createSentPromise() {
  let resolve = () => {};
  const sent = new Promise<void>((resolveSent) => {
    resolve = resolveSent;
  });
  return { sent, resolve };
}

/** What is known of a request before it is sent. */
interface RequestOutline {
  /** The number of acts that the act sees. */
  visibleCount: number;
  /** An outline for each input; undefined for media and nested narratives. */
  texts: readonly (TextOutline | undefined)[];
}

interface TextOutline {
  /** The text with its placeholders replaced by NUL. */
  literal: string;
  /**
   * Whether the text has a placeholder that gets its value from outside the conversation (`isExternalValue`). Such a
   * value may make the text equal to that of another act.
   */
  hasExternalValue: boolean;
}

/** Outlines the requests of a narrative, in order, over all rounds. */
function outlineRequests(narrative: Narrative): RequestOutline[] {
  const { acts, rounds = 1 } = narrative;
  const visible = planVisiblePositions(acts);
  const round = acts.flatMap((act, position) => {
    const nested = act.inputs.flatMap((input) => (input.type === 'narrative' ? outlineRequests(input.narrative) : []));
    if (!makesRequest(act)) return nested;
    const seen = visible[position] ?? [];
    const texts = act.inputs.map((input) => outlineText(input, narrative));
    return [...nested, { visibleCount: seen === 'all' ? position : seen.length, texts }];
  });
  return Array.from({ length: rounds }, () => round).flat();
}

function outlineText(input: Input, { templates }: Narrative): TextOutline | undefined {
  if (input.type !== 'text') return undefined;
  if (templates === false) return { literal: input.content, hasExternalValue: false };
  const { parts } = parseTemplate(input.content);
  return {
    literal: parts.map((part) => (typeof part === 'string' ? part : '\0')).join(''),
    hasExternalValue: parts.some((part) => typeof part !== 'string' && isExternalValue(part.name)),
  };
}

/**
 * Whether a placeholder gets its value from outside the conversation: standard input, a variable, a row, or the round.
 */
function isExternalValue(name: string): boolean {
  return name === 'stdin' || name === 'round' || isRowName(name) || getVariableName(name) !== undefined;
}

/**
 * Whether the requests of two acts may be equal once their placeholders are filled. One case is ignored: a placeholder
 * may be filled with a reply that happens to make the text equal to that of another act.
 */
function mayBeEqual(left: RequestOutline, right: RequestOutline): boolean {
  if (left === right) return true;
  if (left.visibleCount !== right.visibleCount || left.texts.length !== right.texts.length) return false;
  return left.texts.every((text, index) => mayBeEqualTexts(text, right.texts[index]));
}

function mayBeEqualTexts(left: TextOutline | undefined, right: TextOutline | undefined): boolean {
  if (!left || !right) return true;
  if (!left.hasExternalValue && !right.hasExternalValue) return left.literal === right.literal;
  // An external value may be any text, so only the text before the first and after the last placeholder is compared.
  const [leftStart = '', ...leftRest] = left.literal.split('\0');
  const [rightStart = '', ...rightRest] = right.literal.split('\0');
  const [leftEnd, rightEnd] = [leftRest.at(-1) ?? leftStart, rightRest.at(-1) ?? rightStart];
  return (
    (leftStart.startsWith(rightStart) || rightStart.startsWith(leftStart)) &&
    (leftEnd.endsWith(rightEnd) || rightEnd.endsWith(leftEnd))
  );
}
