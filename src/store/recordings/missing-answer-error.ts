import { BoticelliError } from '../../errors.js';
import type { Asked } from '../replies/reply-cache.js';
import type { DescribedPart, DescribedRequest, DescribedTurn } from '../replies/request-key.js';
import { type RecordedAnswer, type RecordedRequest, recordedRequest, replyHash, turnHash } from './recorded-answer.js';

export interface NotRecorded {
  /** The recording. */
  path: string;
  asked: Asked;
  described: DescribedRequest;
  /** Everything that is in the recording. */
  answers: readonly RecordedAnswer[];
}

/** The error of a request that a recording does not have: says what differs from the nearest one that it has. */
export async function notRecorded({ path, asked, described, answers }: NotRecorded): Promise<BoticelliError> {
  const missing = (words: string) =>
    new BoticelliError('not_recorded', `${path} ${words}`, {
      hint: `Nothing was sent. Record it with --record ${path}, or undo the change.`,
    });
  if (answers.length === 0) return missing('has no answers in it');
  const times = answers.filter(({ key }) => key === asked.key).length;
  if (times > 0)
    return missing(`has ${times} ${times === 1 ? 'answer' : 'answers'} to this request, which came once more`);

  const own = recordedRequest(described);
  const nearest = nearestTo(own, answers);
  if (!nearest) {
    const count = answers.length === 1 ? 'its one answer is' : `none of its ${answers.length} answers is`;
    const what = answers.length === 1 ? 'to something else' : 'to anything like it';
    return missing(`does not have this request, and ${count} ${what}: it seems to be of another narrative`);
  }
  const differences = await differencesOf({ own, described, nearest, textOf: textsIn(answers) });
  return missing(`does not have this request; from the nearest one it differs in ${differences.join('; and in ')}`);
}

/** The recorded request with the least that differs, or none where nothing that is asked is alike. */
function nearestTo(own: RecordedRequest, answers: readonly RecordedAnswer[]): RecordedRequest | undefined {
  const words = wordsOf(textOfParts(own.asked));
  let nearest: { request: RecordedRequest; distance: number } | undefined;
  for (const { request } of answers) {
    const unlike = 1 - alikeness(words, wordsOf(textOfParts(request.asked)));
    const turns = differingTurns(own.after, request.after).length;
    // Nothing in common but, it may be, the way in which it is asked.
    if (unlike > 0.8 && turns >= own.after.length) continue;
    const settings = [own.model !== request.model, own.system !== request.system, !sameParameters(own, request)];
    const distance = 2 * unlike + turns + settings.filter(Boolean).length;
    if (!nearest || distance < nearest.distance) nearest = { request, distance };
  }
  return nearest?.request;
}

interface Comparison {
  own: RecordedRequest;
  described: DescribedRequest;
  nearest: RecordedRequest;
  /** The text of a turn by its hash, where the recording has it. */
  textOf: ReadonlyMap<string, string>;
}

/** What differs, most telling first, each as the end of "differs in". */
async function differencesOf({ own, described, nearest, textOf }: Comparison): Promise<string[]> {
  const { wordDifference } = await import('./word-diff.js');
  const differences: string[] = [];
  if (own.model !== nearest.model) differences.push(`the model: it was ${nearest.model}, now ${own.model}`);
  if (own.system !== nearest.system) {
    differences.push(`the system text: ${await wordDifference(nearest.system ?? '', own.system ?? '')}`);
  }
  if (!sameParameters(own, nearest)) differences.push(parameterWords(nearest.parameters, own.parameters));

  const count = described.turns.length;
  if (own.after.length !== nearest.after.length) {
    differences.push(`the conversation before it: it had ${nearest.after.length} turns, now ${own.after.length}`);
  } else {
    // What differs first is the cause; what follows it differs for that.
    const [first] = differingTurns(own.after, nearest.after);
    if (first !== undefined) {
      const was = textOf.get(nearest.after[first] ?? '');
      const turn = described.turns[first];
      const words = was === undefined || !turn ? '' : `: ${await wordDifference(was, textOfParts(turn.parts))}`;
      differences.push(`turn ${first + 1} of ${count}, ${whose(turn)}${words}`);
    }
  }
  const [was, now] = [textOfParts(nearest.asked), textOfParts(own.asked)];
  if (was !== now) differences.push(`turn ${count} of ${count}, the prompt: ${await wordDifference(was, now)}`);
  return differences.length > 0 ? differences : ['a part of the prompt that is no text'];
}

function whose(turn: DescribedTurn | undefined): string {
  return turn?.role === 'model' ? 'a reply' : 'a prompt';
}

/** Every turn that a recording has in words: each prompt, and each reply. */
function textsIn(answers: readonly RecordedAnswer[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const answer of answers) {
    const { asked } = answer.request;
    texts.set(turnHash({ role: 'user', parts: asked }), textOfParts(asked));
    texts.set(replyHash(answer), answer.reply.turnText ?? answer.reply.text);
  }
  return texts;
}

/** Media as what tells them apart. */
function textOfParts(parts: readonly DescribedPart[]): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const { mimeType = 'media' } = part;
      return 'url' in part ? `<${mimeType} of ${part.url}>` : `<${mimeType} ${part.sha256.slice(0, 12)}>`;
    })
    .join('\n');
}

/** The positions at which conversations differ, those that only one of them has included. */
function differingTurns(left: readonly string[], right: readonly string[]): number[] {
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, at) => at).filter((at) => left[at] !== right[at]);
}

function sameParameters(left: RecordedRequest, right: RecordedRequest): boolean {
  return JSON.stringify(left.parameters) === JSON.stringify(right.parameters);
}

function parameterWords(was: object, now: object): string {
  const [before, after] = [Object.entries(was), Object.entries(now)].map(
    (entries) => new Map<string, unknown>(entries),
  );
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])];
  const shown = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value).slice(0, 60));
  const changed = names.filter((name) => JSON.stringify(before?.get(name)) !== JSON.stringify(after?.get(name)));
  const words = changed.map((name) => `${name} was ${shown(before?.get(name))}, now ${shown(after?.get(name))}`);
  return `the parameters: ${words.join(', ')}`;
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(
    text
      .toLowerCase()
      .slice(0, 20_000)
      .match(/[\p{L}\p{N}]+/gu),
  );
}

/** Dice's coefficient: 1 where all words are the same, 0 where none is. */
function alikeness(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  if (left.size + right.size === 0) return 1;
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / (left.size + right.size);
}
