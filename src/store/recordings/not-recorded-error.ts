import { BoticelliError } from '../../errors.js';
import type { RequestId } from '../replies/reply-cache.js';
import type { PartDescription, RequestDescription, TurnDescription } from '../replies/request-key.js';
import {
  hashReplyTurn,
  hashTurn,
  type RecordedRequest,
  type RecordingEntry,
  toRecordedRequest,
} from './recording-entry.js';

export interface NotRecordedRequest {
  /** The recording. */
  path: string;
  id: RequestId;
  description: RequestDescription;
  /** Everything that is in the recording. */
  entries: readonly RecordingEntry[];
}

/** The error of a request that a recording does not have: says what differs from the nearest one that it has. */
export async function createNotRecordedError({
  path,
  id,
  description,
  entries,
}: NotRecordedRequest): Promise<BoticelliError> {
  const createError = (problem: string) =>
    new BoticelliError('not_recorded', `${path} ${problem}`, {
      hint: `Nothing was sent. Record it with --record ${path}, or undo the change.`,
    });
  if (entries.length === 0) return createError('has no answers in it');
  const recordedCount = entries.filter(({ key }) => key === id.key).length;
  if (recordedCount > 0)
    return createError(
      `has ${recordedCount} ${recordedCount === 1 ? 'answer' : 'answers'} to this request, which came once more`,
    );

  const current = toRecordedRequest(description);
  const nearest = findNearest(current, entries);
  if (!nearest) {
    const summary = entries.length === 1 ? 'its one answer is' : `none of its ${entries.length} answers is`;
    const difference = entries.length === 1 ? 'to something else' : 'to anything like it';
    return createError(`does not have this request, and ${summary} ${difference}: it seems to be of another narrative`);
  }
  const differences = await describeDifferences({
    current,
    description,
    nearest,
    textByHash: collectTurnTexts(entries),
  });
  return createError(`does not have this request; from the nearest one it differs in ${differences.join('; and in ')}`);
}

/** The recorded request with the least that differs, or none where nothing that is asked is alike. */
function findNearest(current: RecordedRequest, entries: readonly RecordingEntry[]): RecordedRequest | undefined {
  const currentWords = splitWords(renderParts(current.asked));
  let nearest: { request: RecordedRequest; distance: number } | undefined;
  for (const { request } of entries) {
    const dissimilarity = 1 - diceCoefficient(currentWords, splitWords(renderParts(request.asked)));
    const turnCount = findDifferingTurns(current.after, request.after).length;
    // Nothing in common but, it may be, the way in which it is asked.
    if (dissimilarity > 0.8 && turnCount >= current.after.length) continue;
    const settingDifferences = [
      current.model !== request.model,
      current.system !== request.system,
      !hasSameParameters(current, request),
    ];
    const distance = 2 * dissimilarity + turnCount + settingDifferences.filter(Boolean).length;
    if (!nearest || distance < nearest.distance) nearest = { request, distance };
  }
  return nearest?.request;
}

interface Comparison {
  current: RecordedRequest;
  description: RequestDescription;
  nearest: RecordedRequest;
  /** The text of a turn by its hash, where the recording has it. */
  textByHash: ReadonlyMap<string, string>;
}

/** What differs, most telling first, each as the end of "differs in". */
async function describeDifferences({ current, description, nearest, textByHash }: Comparison): Promise<string[]> {
  const { formatWordDiff } = await import('./word-diff.js');
  const differences: string[] = [];
  if (current.model !== nearest.model) differences.push(`the model: it was ${nearest.model}, now ${current.model}`);
  if (current.system !== nearest.system) {
    differences.push(`the system text: ${await formatWordDiff(nearest.system ?? '', current.system ?? '')}`);
  }
  if (!hasSameParameters(current, nearest))
    differences.push(describeParameterChanges(nearest.parameters, current.parameters));

  const count = description.turns.length;
  if (current.after.length !== nearest.after.length) {
    differences.push(`the conversation before it: it had ${nearest.after.length} turns, now ${current.after.length}`);
  } else {
    // What differs first is the cause; what follows it differs for that.
    const [first] = findDifferingTurns(current.after, nearest.after);
    if (first !== undefined) {
      const before = textByHash.get(nearest.after[first] ?? '');
      const turn = description.turns[first];
      const detail = before === undefined || !turn ? '' : `: ${await formatWordDiff(before, renderParts(turn.parts))}`;
      differences.push(`turn ${first + 1} of ${count}, ${describeRole(turn)}${detail}`);
    }
  }
  const [promptBefore, promptNow] = [renderParts(nearest.asked), renderParts(current.asked)];
  if (promptBefore !== promptNow)
    differences.push(`turn ${count} of ${count}, the prompt: ${await formatWordDiff(promptBefore, promptNow)}`);
  return differences.length > 0 ? differences : ['a part of the prompt that is no text'];
}

function describeRole(turn: TurnDescription | undefined): string {
  return turn?.role === 'model' ? 'a reply' : 'a prompt';
}

/** Every turn that a recording has in words: each prompt, and each reply. */
function collectTurnTexts(entries: readonly RecordingEntry[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const entry of entries) {
    const { asked } = entry.request;
    texts.set(hashTurn({ role: 'user', parts: asked }), renderParts(asked));
    texts.set(hashReplyTurn(entry), entry.reply.turnText ?? entry.reply.text);
  }
  return texts;
}

/** Media as what tells them apart. */
function renderParts(parts: readonly PartDescription[]): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const { mimeType = 'media' } = part;
      return 'url' in part ? `<${mimeType} of ${part.url}>` : `<${mimeType} ${part.sha256.slice(0, 12)}>`;
    })
    .join('\n');
}

/** The positions at which conversations differ, those that only one of them has included. */
function findDifferingTurns(left: readonly string[], right: readonly string[]): number[] {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, index) => index).filter((index) => left[index] !== right[index]);
}

function hasSameParameters(left: RecordedRequest, right: RecordedRequest): boolean {
  return JSON.stringify(left.parameters) === JSON.stringify(right.parameters);
}

function describeParameterChanges(previous: object, current: object): string {
  const [before, after] = [Object.entries(previous), Object.entries(current)].map(
    (entries) => new Map<string, unknown>(entries),
  );
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])];
  const formatValue = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value).slice(0, 60));
  const changed = names.filter((name) => JSON.stringify(before?.get(name)) !== JSON.stringify(after?.get(name)));
  const changes = changed.map(
    (name) => `${name} was ${formatValue(before?.get(name))}, now ${formatValue(after?.get(name))}`,
  );
  return `the parameters: ${changes.join(', ')}`;
}

function splitWords(text: string): ReadonlySet<string> {
  return new Set(
    text
      .toLowerCase()
      .slice(0, 20_000)
      .match(/[\p{L}\p{N}]+/gu),
  );
}

/** Dice's coefficient: 1 where all words are the same, 0 where none is. */
function diceCoefficient(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  if (left.size + right.size === 0) return 1;
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / (left.size + right.size);
}
