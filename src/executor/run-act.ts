import type { Clock } from '../driver/clock.js';
import { addBilledUsage, type BilledUsage } from '../driver/cost.js';
import type { CallContext } from '../driver/driver.js';
import type { DriverEvent } from '../driver/driver-events.js';
import type { GenerateRequest, Part, Turn, UserTurn } from '../driver/request.js';
import { type GenerateResponse, type ReplyAudio, zeroUsage } from '../driver/response.js';
import { BoticelliError, StreamingNotSupported } from '../errors.js';
import { defaultModel } from '../facts/models.js';
import type { MediaInput, TextInput } from '../narrative/narrative.js';
import type { TurnPair } from './conversation.js';
import type { ActAudio, ActEnd, NarrativeEvent } from './narrative-events.js';
import type { NarrativeExecutorOptions, ProgressListener } from './narrative-executor.js';
import type { RenderedAct } from './render-act.js';

interface ActInput {
  /** Under the name that its events have. */
  act: RenderedAct;
  /** Counts from 0 over the run. */
  index: number;
  /** Counts from 1; present where there is more than one. */
  round?: number | undefined;
  /** The turns before this act. */
  history: readonly Turn[];
  clock: Clock;
  /** Hears what was paid as soon as that is known, whatever becomes of the act. */
  onUsage: (billed: BilledUsage) => void;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Present where the act is to stream. */
  onChunk: ProgressListener | undefined;
  options: NarrativeExecutorOptions;
}

/** What an act adds to the conversation, and how it ended. */
export interface ActResult {
  turns: TurnPair;
  endEvent: ActEnd;
}

/** Plays one act: one call of the driver, its events told as the act's. Rejects with what the driver threw. */
export async function runAct(input: ActInput): Promise<ActResult> {
  const { act, index, clock, onEvent, options } = input;
  const startedAt = clock.now();
  const model = act.model ?? options.defaultModel ?? defaultModel;
  const eventBase = createEventBase(input);
  onEvent({ type: 'act-start', ...eventBase, index, model });

  const userTurn: UserTurn = { role: 'user', parts: act.inputs.map(toPart) };
  const request: GenerateRequest = {
    model,
    turns: [...input.history, userTurn],
    ...(act.system !== undefined && { system: act.system }),
    parameters: act.parameters,
  };
  const totals: ActTotals = { attempts: 1, waitMs: 0 };
  const context = createCallContext(input, totals);
  const { response, firstTextAt } = await callDriver(request, context, input);
  const { usage, costUsd } = recordUsage(response.reused ? zeroBilledUsage : response, input, totals);
  if (options.strict && response.finishReason === 'MAX_TOKENS') throw createTruncatedError(response, act);

  const { attempts, waitMs } = totals;
  const endEvent: ActEnd = {
    type: 'act-end',
    ...{ ...eventBase, index, model: response.model, requestedModel: model },
    ...{ text: response.text, finishReason: response.finishReason, usage: response.reused ? response.usage : usage },
    ...{ attempts: response.reused ? 0 : attempts, waitMs, durationMs: clock.now() - startedAt },
    ...(firstTextAt !== undefined && { firstTokenMs: firstTextAt - startedAt }),
    reused: response.reused ?? false,
    ...(response.audio && { audio: createActAudio(response.audio, input) }),
    ...(costUsd !== undefined && { costUsd }),
  };
  return { turns: [userTurn, response.turn], endEvent };
}

/** What an act has come to so far. */
interface ActTotals {
  attempts: number;
  waitMs: number;
  /** What was paid, for answers of no use too; absent where nothing was. */
  billed?: BilledUsage;
}

const zeroBilledUsage: BilledUsage = { usage: zeroUsage, costUsd: 0 };

/** Adds to what the act has spent, and returns the sum. */
function recordUsage(billed: BilledUsage, { onUsage }: ActInput, totals: ActTotals): BilledUsage {
  onUsage(billed);
  totals.billed = addBilledUsage(totals.billed, billed);
  return totals.billed;
}

/** What the events of an act call it by. */
function createEventBase({ act, round }: Pick<ActInput, 'act' | 'round'>): { act: string; round?: number } {
  return { act: act.name, ...(round !== undefined && { round }) };
}

function toPart(input: TextInput | MediaInput): Part {
  if (input.type === 'text') return { type: 'text', text: input.content };
  const { mimeType, content, name } = input;
  return { type: 'media', ...(mimeType !== undefined && { mimeType }), content, name };
}

/** The call's context: what layers tell becomes the act's events, and counts. */
function createCallContext(input: ActInput, totals: ActTotals): CallContext {
  const { act, index, round, onEvent, options } = input;
  const { signal, canDiscard } = options;
  const eventBase = createEventBase({ act, round });
  const emit = (event: DriverEvent) => {
    if (event.type === 'retry') {
      totals.attempts += 1;
      onEvent({ ...event, type: 'act-retry', ...eventBase });
    } else if (event.type === 'fallback') {
      onEvent({ ...event, type: 'act-fallback', ...eventBase });
    } else if (event.type === 'note') {
      onEvent({ ...event, type: 'act-note', ...eventBase });
    } else if (event.type === 'spent') {
      recordUsage(event, input, totals);
    } else {
      totals.waitMs += event.waitMs;
      onEvent({ ...event, type: 'act-wait', ...eventBase });
    }
  };
  const { fallback } = act;
  return {
    ...(fallback && { fallback }),
    emit,
    canDiscard: () => canDiscard?.({ act: act.name, index }) ?? false,
    ...(signal && { signal }),
  };
}

/** One call, streamed where that is wished for and can be done. */
async function callDriver(
  request: GenerateRequest,
  context: CallContext,
  { options: { driver }, onChunk, act, round, clock, onEvent }: ActInput,
): Promise<{ response: GenerateResponse; firstTextAt?: number }> {
  context.signal?.throwIfAborted();
  if (!onChunk || !driver.supportsStreaming(request.model))
    return { response: await driver.generate(request, context) };

  let firstTextAt: number | undefined;
  try {
    for await (const chunk of driver.generateStream(request, context)) {
      if (chunk.text !== '') {
        firstTextAt ??= clock.now();
        onEvent({ type: 'act-delta', ...createEventBase({ act, round }), text: chunk.text });
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

function createActAudio(audio: ReplyAudio, { act, index, options: { saveAudio } }: ActInput): ActAudio {
  const file = saveAudio?.({ act: act.name, index }, audio);
  // Two bytes a sample.
  const durationMs = Math.round((audio.pcm.length / 2 / audio.sampleRate) * 1000);
  return { durationMs, ...(file !== undefined && { file }) };
}

function createTruncatedError({ usage }: GenerateResponse, act: RenderedAct): BoticelliError {
  return new BoticelliError('truncated', `the reply was cut short by max_tokens after ${usage.outputTokens} tokens`, {
    hint: `Raise max_tokens${act.parameters.maxTokens === undefined ? '' : ` (now ${act.parameters.maxTokens})`}, or run without --strict.`,
  });
}
