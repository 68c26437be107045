import { BoticelliError } from '../../errors.js';
import type { IdentifiedRequest, PartDescription, RequestDescription } from '../replies/request-id.js';
import {
  hashReplyTurn,
  hashTurn,
  type RecordedRequest,
  type RecordingEntry,
  toRecordedRequest,
} from './recording-entry.js';
import { formatWordDiff } from './word-diff.js';

/**
 * Creates the error for a request that is not in the recording. The message says how the request differs from the most
 * similar recorded one. If there is no difference to describe, the message says why: the recording is empty, has too
 * few replies to this request, or has no similar request.
 *
 * @param path the path of the recording
 * @param entries all entries of the recording
 */
export async function createNotRecordedError(
  { id, description }: Omit<IdentifiedRequest, 'advanceNumber'>,
  path: string,
  entries: readonly RecordingEntry[],
): Promise<BoticelliError> {
  const createError = (problem: string, otherStep = '') =>
    new BoticelliError('not_recorded', `${path} ${problem}`, {
      hint: `Nothing was sent. Record the request with --record ${path}${otherStep}.`,
    });
  if (entries.length === 0) return createError('has no recorded replies');
  const recordedCount = entries.filter(({ key }) => key === id.key).length;
  if (recordedCount > 0)
    return createError(
      `has only ${formatReplies(recordedCount)} to this request, but the narrative sends the request once more`,
    );

  const nearest = findNearest(toRecordedRequest(description), entries);
  if (!nearest)
    return createError(
      `has ${formatReplies(entries.length)}, but none to this request or a similar one: the file may belong to another narrative`,
    );
  const differences = (await describeDifferences(nearest, description, entries)).join('; and in ');
  return createError(
    `does not have this request. Compared with the most similar recorded request, this request differs in ${differences}`,
    ', or undo the change that made the request differ',
  );
}

function formatReplies(count: number): string {
  return count === 1 ? '1 reply' : `${count} replies`;
}

/** Finds the most similar recorded request. Returns undefined if no request is similar. */
function findNearest(current: RecordedRequest, entries: readonly RecordingEntry[]): RecordedRequest | undefined {
  const { after: earlierTurnHashes, asked: promptParts } = current;
  const currentWords = splitWords(renderParts(promptParts));
  let nearest: { request: RecordedRequest; distance: number } | undefined;
  for (const { request } of entries) {
    const { after: recordedTurnHashes, asked: recordedParts } = request;
    const dissimilarity = 1 - diceCoefficient(currentWords, splitWords(renderParts(recordedParts)));
    const differingTurnCount = findDifferingTurns(earlierTurnHashes, recordedTurnHashes).length;
    // Equal settings alone do not make requests similar: they need words or turns in common.
    if (dissimilarity > 0.8 && differingTurnCount >= earlierTurnHashes.length) continue;
    const settingDifferences = [
      current.model !== request.model,
      current.system !== request.system,
      !hasSameParameters(current, request),
    ];
    const distance = 2 * dissimilarity + differingTurnCount + settingDifferences.filter(Boolean).length;
    if (!nearest || distance < nearest.distance) nearest = { request, distance };
  }
  return nearest?.request;
}

/** Describes the differences, the most helpful first. Each one completes a sentence that begins with "differs in". */
async function describeDifferences(
  nearest: RecordedRequest,
  description: RequestDescription,
  entries: readonly RecordingEntry[],
): Promise<string[]> {
  const current = toRecordedRequest(description);
  const differences: string[] = [];
  if (current.model !== nearest.model) differences.push(`the model: it was ${nearest.model}, now ${current.model}`);
  if (current.system !== nearest.system)
    differences.push(`the system instruction: ${await formatWordDiff(nearest.system ?? '', current.system ?? '')}`);
  if (!hasSameParameters(current, nearest))
    differences.push(describeParameterChanges(nearest.parameters, current.parameters));

  const count = description.turns.length;
  const { after: earlierTurnHashes } = current;
  const { after: recordedTurnHashes } = nearest;
  if (earlierTurnHashes.length !== recordedTurnHashes.length) {
    differences.push(
      `the number of turns before the prompt: it was ${recordedTurnHashes.length}, now ${earlierTurnHashes.length}`,
    );
  } else {
    // Only the first different turn is described, because it is the cause of the differences after it.
    const [first] = findDifferingTurns(earlierTurnHashes, recordedTurnHashes);
    if (first !== undefined) {
      const recordedText = collectTurnTexts(entries).get(recordedTurnHashes[first] ?? '');
      const turn = description.turns[first];
      const detail =
        recordedText === undefined || !turn ? '' : `: ${await formatWordDiff(recordedText, renderParts(turn.parts))}`;
      differences.push(`turn ${first + 1} of ${count}, ${turn?.role === 'model' ? 'a reply' : 'a prompt'}${detail}`);
    }
  }
  const [promptBefore, promptNow] = [renderParts(nearest.asked), renderParts(current.asked)];
  if (promptBefore !== promptNow)
    differences.push(`turn ${count} of ${count}, the prompt: ${await formatWordDiff(promptBefore, promptNow)}`);
  return differences.length > 0 ? differences : ['a part of the prompt that is not text'];
}

/** Collects the texts of all recorded prompts and replies by their hashes. */
function collectTurnTexts(entries: readonly RecordingEntry[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const entry of entries) {
    const { asked: promptParts } = entry.request;
    texts.set(hashTurn({ role: 'user', parts: promptParts }), renderParts(promptParts));
    // For the last hop of a long reply, `turnText` is the text of all its hops.
    texts.set(hashReplyTurn(entry), entry.reply.turnText ?? entry.reply.text);
  }
  return texts;
}

/** Renders parts as text, with media as their type and URL or hash. */
function renderParts(parts: readonly PartDescription[]): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const { mimeType = 'media' } = part;
      return 'url' in part ? `<${mimeType} of ${part.url}>` : `<${mimeType} ${part.sha256.slice(0, 12)}>`;
    })
    .join('\n');
}

/**
 * Compares two conversations by the hashes of their turns. Returns the indexes of the turns that differ, or that only
 * one conversation has.
 */
function findDifferingTurns(leftHashes: readonly string[], rightHashes: readonly string[]): number[] {
  const longer = leftHashes.length > rightHashes.length ? leftHashes : rightHashes;
  return [...longer.keys()].filter((index) => leftHashes[index] !== rightHashes[index]);
}

function hasSameParameters(left: RecordedRequest, right: RecordedRequest): boolean {
  return JSON.stringify(left.parameters) === JSON.stringify(right.parameters);
}

type Parameters = RecordedRequest['parameters'];

function describeParameterChanges(before: Parameters, after: Parameters): string {
  const names = Object.keys({ ...before, ...after }) as (keyof Parameters)[];
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const formatValue = (value: unknown) => JSON.stringify(value)?.slice(0, 60) ?? 'not set';
  const changes = changed.map((name) => `${name} was ${formatValue(before[name])}, now ${formatValue(after[name])}`);
  return `the parameters: ${changes.join(', ')}`;
}

function splitWords(text: string): ReadonlySet<string> {
  const start = text.toLowerCase().slice(0, 20_000);
  return new Set(start.match(/[\p{L}\p{N}]+/gu));
}

/** Computes Dice's coefficient of two sets: 1 if they are equal, 0 if they have nothing in common. */
function diceCoefficient(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  if (left.size + right.size === 0) return 1;
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / (left.size + right.size);
}
