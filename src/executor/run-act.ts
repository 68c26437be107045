import type { Clock } from '../driver/clock.js';
import { addExpenses, type Expense } from '../driver/cost.js';
import type { CallContext } from '../driver/driver.js';
import type { DriverEvent } from '../driver/events.js';
import type { GenerateRequest, Part, Turn, UserTurn } from '../driver/request.js';
import { type GenerateResponse, noUsage, type ReplyAudio } from '../driver/response.js';
import { BoticelliError, StreamingNotSupported } from '../errors.js';
import { defaultModel } from '../facts.js';
import type { MediaInput, TextInput } from '../narrative/narrative.js';
import type { Exchange } from './conversation.js';
import type { ActAudio, ActEnd, NarrativeEvent } from './event.js';
import type { NarrativeExecutorOptions, ProgressListener } from './narrative-executor.js';
import type { FilledAct } from './render-act.js';

interface Playing {
  /** Under the name that its events have. */
  act: FilledAct;
  /** Counts from 0 over the run. */
  index: number;
  /** Counts from 1; present where there is more than one. */
  round?: number | undefined;
  /** The turns before this act. */
  conversation: readonly Turn[];
  clock: Clock;
  /** Hears what was paid as soon as that is known, whatever becomes of the act. */
  onExpense: (expense: Expense) => void;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Present where the act is to stream. */
  onChunk: ProgressListener | undefined;
  options: NarrativeExecutorOptions;
}

/** What an act adds to the conversation, and how it ended. */
export interface Played {
  turns: Exchange;
  end: ActEnd;
}

/** Plays one act: one call of the driver, its events told as the act's. Rejects with what the driver threw. */
export async function playAct(playing: Playing): Promise<Played> {
  const { act, index, clock, onEvent, options } = playing;
  const startedAt = clock.now();
  const model = act.model ?? options.defaultModel ?? defaultModel;
  const name = nameOf(playing);
  onEvent({ type: 'act-start', ...name, index, model });

  const userTurn: UserTurn = { role: 'user', parts: act.inputs.map(partOf) };
  const request: GenerateRequest = {
    model,
    turns: [...playing.conversation, userTurn],
    ...(act.system !== undefined && { system: act.system }),
    parameters: act.parameters,
  };
  const tally: Tally = { attempts: 1, waitMs: 0 };
  const context = contextOf(playing, tally);
  const { response, firstTextAt } = await callDriver(request, context, playing);
  const { usage, costUsd } = spend(response.reused ? nothingPaid : response, playing, tally);
  if (options.strict && response.finishReason === 'MAX_TOKENS') throw cutShort(response, act);

  const { attempts, waitMs } = tally;
  const end: ActEnd = {
    type: 'act-end',
    ...{ ...name, index, model: response.model, requestedModel: model },
    ...{ text: response.text, finishReason: response.finishReason, usage: response.reused ? response.usage : usage },
    ...{ attempts: response.reused ? 0 : attempts, waitMs, durationMs: clock.now() - startedAt },
    ...(firstTextAt !== undefined && { firstTokenMs: firstTextAt - startedAt }),
    reused: response.reused ?? false,
    ...(response.audio && { audio: audioOf(response.audio, playing) }),
    ...(costUsd !== undefined && { costUsd }),
  };
  return { turns: [userTurn, response.turn], end };
}

/** What an act has come to so far. */
interface Tally {
  attempts: number;
  waitMs: number;
  /** What was paid, for answers of no use too; absent where nothing was. */
  spent?: Expense;
}

const nothingPaid: Expense = { usage: noUsage, costUsd: 0 };

/** Adds to what the act has spent, and returns the sum. */
function spend(expense: Expense, { onExpense }: Playing, tally: Tally): Expense {
  onExpense(expense);
  tally.spent = addExpenses(tally.spent, expense);
  return tally.spent;
}

/** What the events of an act call it by. */
function nameOf({ act, round }: Pick<Playing, 'act' | 'round'>): { act: string; round?: number } {
  return { act: act.name, ...(round !== undefined && { round }) };
}

function partOf(input: TextInput | MediaInput): Part {
  if (input.type === 'text') return { type: 'text', text: input.content };
  const { mimeType, content, name } = input;
  return { type: 'media', ...(mimeType !== undefined && { mimeType }), content, name };
}

/** The call's context: what layers tell becomes the act's events, and counts. */
function contextOf(playing: Playing, tally: Tally): CallContext {
  const { act, index, round, onEvent, options } = playing;
  const { signal, mayDiscard } = options;
  const name = nameOf({ act, round });
  const emit = (event: DriverEvent) => {
    if (event.type === 'retry') {
      tally.attempts += 1;
      onEvent({ ...event, type: 'act-retry', ...name });
    } else if (event.type === 'fallback') {
      onEvent({ ...event, type: 'act-fallback', ...name });
    } else if (event.type === 'note') {
      onEvent({ ...event, type: 'act-note', ...name });
    } else if (event.type === 'spent') {
      spend(event, playing, tally);
    } else {
      tally.waitMs += event.waitMs;
      onEvent({ ...event, type: 'act-wait', ...name });
    }
  };
  const { fallback } = act;
  return {
    ...(fallback && { fallback }),
    emit,
    mayDiscard: () => mayDiscard?.({ act: act.name, index }) ?? false,
    ...(signal && { signal }),
  };
}

/** One call, streamed where that is wished for and can be done. */
async function callDriver(
  request: GenerateRequest,
  context: CallContext,
  { options: { driver }, onChunk, act, round, clock, onEvent }: Playing,
): Promise<{ response: GenerateResponse; firstTextAt?: number }> {
  context.signal?.throwIfAborted();
  if (!onChunk || !driver.supportsStreaming(request.model))
    return { response: await driver.generate(request, context) };

  let firstTextAt: number | undefined;
  try {
    for await (const chunk of driver.generateStream(request, context)) {
      if (chunk.text !== '') {
        firstTextAt ??= clock.now();
        onEvent({ type: 'act-delta', ...nameOf({ act, round }), text: chunk.text });
      }
      onChunk(act.name, chunk);
      if (chunk.response) return { response: chunk.response, ...(firstTextAt !== undefined && { firstTextAt }) };
    }
  } catch (thrown) {
    if (!(thrown instanceof StreamingNotSupported)) throw thrown;
    return { response: await driver.generate(request, context) };
  }
  throw new Error(`the driver's stream for ${request.model} ended without a finished chunk`);
}

function audioOf(audio: ReplyAudio, { act, index, options: { keepAudio } }: Playing): ActAudio {
  const file = keepAudio?.({ act: act.name, index }, audio);
  // Two bytes a sample.
  const durationMs = Math.round((audio.pcm.length / 2 / audio.sampleRate) * 1000);
  return { durationMs, ...(file !== undefined && { file }) };
}

function cutShort({ usage }: GenerateResponse, act: FilledAct): BoticelliError {
  return new BoticelliError('truncated', `the reply was cut short by max_tokens after ${usage.outputTokens} tokens`, {
    hint: `Raise max_tokens${act.parameters.maxTokens === undefined ? '' : ` (now ${act.parameters.maxTokens})`}, or run without --strict.`,
  });
}
