import { addUsageAndCost, type BilledUsage } from '../driver/cost.js';
import type { CallContext } from '../driver/driver.js';
import type { DriverEvent } from '../driver/driver-events.js';
import { createUnfinishedStreamError } from '../driver/final-response.js';
import type { GenerateRequest, Part, Turn, UserTurn } from '../driver/request.js';
import { type GenerateResponse, type ReplyAudio, zeroUsage } from '../driver/response.js';
import { pickToolUse } from '../driver/tool-use.js';
import { getAudioDurationMs, UntranscribedSpeech } from '../driver/untranscribed-speech.js';
import { StreamingNotSupported } from '../errors.js';
import { defaultModel, isRestSpeechModel } from '../facts/models.js';
import { findMismatches } from '../narrative/expectations/find-mismatches.js';
import type { MediaInput, TextInput } from '../narrative/narrative.js';
import { stripModelPrefix } from '../util/model-name.js';
import { describePrompt } from './acts/act-details.js';
import { describeUnsavedMedia, saveReplyMedia } from './acts/act-media.js';
import { type ActTimer, createActTimer } from './acts/act-timer.js';
import { checkFinishReason } from './check-finish-reason.js';
import type { TurnPair } from './conversation.js';
import type { ActAudio, ActEnd } from './narrative-events.js';
import type { RunContext } from './options.js';
import type { RenderedAct } from './render-act.js';

/** An act to run, with what running it needs. */
interface ActTask extends RunContext {
  /** The act to run. Events contain its name. */
  act: RenderedAct;
  /** Counts from 0 over the run. */
  index: number;
  /** Counts from 1; undefined if there is only one round. */
  round?: number | undefined;
  /** The earlier turns that this act sees. */
  history: readonly Turn[];
  /** Called with what was billed as soon as it is known, even if the act fails later. */
  onUsage: (billed: BilledUsage) => void;
}

/** The turns that an act adds to the conversation, and its `act-end` event. */
export interface ActResult {
  turns: TurnPair;
  endEvent: ActEnd;
}

/** Runs one act as one call of the driver, and reports the driver's events as events of the act. */
export async function runAct(task: ActTask): Promise<ActResult> {
  const { clock, options, index } = task;
  const totals: ActTotals = { attempts: 1, timer: createActTimer(clock) };
  try {
    return await performAct(task, totals);
  } finally {
    options.onDetail?.({ type: 'act-timing', ...createEventBase(task), index, ...totals.timer.measure() });
  }
}

async function performAct(task: ActTask, totals: ActTotals): Promise<ActResult> {
  const { act, index, clock, onEvent, options } = task;
  const model = act.model ?? options.defaultModel ?? defaultModel;
  const eventBase = createEventBase(task);
  onEvent({ type: 'act-start', ...eventBase, index, model });

  const userTurn: UserTurn = { role: 'user', parts: act.inputs.map(toPart) };
  const request = createRequest(task, model, userTurn);
  options.onDetail?.({ type: 'act-prompt', ...eventBase, index, prompt: describePrompt(request) });
  const response = await callDriver(request, task, totals).catch((thrown) => {
    if (thrown instanceof UntranscribedSpeech) saveUntranscribedSpeech(thrown.audio, task);
    throw thrown;
  });
  const billed = response.reused ? { usage: zeroUsage, costUsd: 0 } : response;
  const { usage, costUsd } = recordUsage(billed, task, totals);
  const warning = checkFinishReason(response, act.parameters, options.strict ?? false);
  if (warning !== undefined) {
    onEvent({ type: 'act-note', ...eventBase, about: 'reply', message: warning, warning: true });
  }

  const serviceTier = response.reused ? undefined : response.tokenDetails?.serviceTier;
  reportOtherTier(serviceTier, task);
  const media = saveReplyMedia(response, { act: act.name, index }, task.options);
  reportUnsavedMedia(media, task);
  const { attempts, timer } = totals;
  const { waitMs, firstTokenMs } = timer;
  const endEvent: ActEnd = {
    type: 'act-end',
    ...{ ...eventBase, index, model: response.model, requestedModel: model },
    ...{ text: response.text, finishReason: response.finishReason, usage: response.reused ? response.usage : usage },
    ...{ attempts: response.reused ? 0 : attempts, waitMs, durationMs: clock.now() - timer.startedAt },
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    reused: response.reused ?? false,
    ...(response.audio && { audio: createActAudio(response.audio, task) }),
    ...media,
    ...pickToolUse(response),
    ...(costUsd !== undefined && { costUsd }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
  return { turns: [userTurn, response.turn], endEvent };
}

function createRequest({ act, history, options }: ActTask, model: string, userTurn: UserTurn): GenerateRequest {
  // A speech model reads aloud everything that it receives, so it receives no earlier turns.
  const visibleTurns = isRestSpeechModel(stripModelPrefix(model)) ? [] : history;
  return {
    model,
    turns: [...visibleTurns, userTurn],
    ...(act.system !== undefined && { system: act.system }),
    parameters: act.parameters,
    ...(act.serviceTiers && { serviceTiers: act.serviceTiers }),
    ...(options.includeThoughts && { includeThoughts: true }),
  };
}

/**
 * Reports a service tier that the act did not ask for: the API serves a request in `standard` if it is above the limits
 * of `priority`.
 */
function reportOtherTier(serviceTier: string | undefined, task: ActTask): void {
  const { act, onEvent } = task;
  const { serviceTiers: asked } = act;
  if (!asked || serviceTier === undefined || asked.some((tier) => tier === serviceTier)) return;
  const message = `the ${serviceTier} tier served the request instead of ${asked.join(' or ')}`;
  onEvent({ type: 'act-note', ...createEventBase(task), about: 'reply', message });
}

/** The totals of an act so far. */
interface ActTotals {
  attempts: number;
  timer: ActTimer;
  /** What was billed, failed attempts included; absent if nothing was. */
  billed?: BilledUsage;
}

/** Reports billed usage, adds it to the total of the act and returns that total. */
function recordUsage(billed: BilledUsage, { onUsage }: ActTask, totals: ActTotals): BilledUsage {
  onUsage(billed);
  totals.billed = addUsageAndCost(totals.billed, billed);
  return totals.billed;
}

/** The properties that all events of an act share. */
function createEventBase({ act, round, index, parallel }: Pick<ActTask, 'act' | 'round' | 'index' | 'parallel'>) {
  return { act: act.name, ...(round !== undefined && { round }), ...(parallel && { index }) };
}

function toPart(input: TextInput | MediaInput): Part {
  if (input.type === 'text') return { type: 'text', text: input.content };
  const { mimeType, content, name, mediaResolution } = input;
  const type = mimeType === undefined ? {} : { mimeType };
  return { type: 'media', ...type, content, name, ...(mediaResolution && { mediaResolution }) };
}

function createCallContext(task: ActTask, totals: ActTotals): CallContext {
  const { index, options, rowIdentity, runKey } = task;
  const { signal, canDiscard } = options;
  const { name, fallback, expect } = task.act;
  return {
    ...(expect && { findMismatches: (text, limits) => findMismatches(text, expect, limits) }),
    ...(fallback && { fallback }),
    // Tells the driver for which row and combination the request is sent.
    ...(rowIdentity && { rowIdentity }),
    position: { run: runKey, index },
    emit: (event) => reportDriverEvent(event, task, totals),
    onWaited: totals.timer.addMeasuredWait,
    canDiscard: () => canDiscard?.({ act: name, index }) ?? false,
    ...(signal && { signal }),
  };
}

/** Adds an event of the driver to the totals, and reports it as an event of the act, unless it is only about usage. */
function reportDriverEvent(event: DriverEvent, task: ActTask, totals: ActTotals): void {
  const eventBase = createEventBase(task);
  switch (event.type) {
    case 'retry':
      totals.attempts += 1;
      totals.timer.addRetry();
      return void task.onEvent({ ...event, type: 'act-retry', ...eventBase });
    case 'wait':
      totals.timer.addPlannedWait(event.waitMs);
      return void task.onEvent({ ...event, type: 'act-wait', ...eventBase });
    case 'fallback':
      // If the service tier changes, the refused request was sent, so one is added. If the model changes, nothing is
      // added, because usually no request was sent to the model whose quota is used up.
      if (event.serviceTier !== undefined) totals.attempts += 1;
      return void task.onEvent({ ...event, type: 'act-fallback', ...eventBase });
    case 'note':
      return void task.onEvent({ ...event, type: 'act-note', ...eventBase });
    case 'thought':
      return void task.onEvent({ ...event, type: 'act-thought', ...eventBase });
    case 'hop': {
      // The first request is counted from the start, so each further hop adds one.
      if (!event.reused) totals.attempts += 1;
      // The run recorder counts each note with a `part` as one request. A reused hop took no request.
      const { part, message, reused } = event;
      return void task.onEvent({ type: 'act-note', ...eventBase, about: 'reply', message, ...(!reused && { part }) });
    }
    case 'spent':
      return void recordUsage(event, task, totals);
    default:
      event satisfies never;
  }
}

/**
 * Calls the driver, with streaming if that is requested and supported. If the driver then throws
 * `StreamingNotSupported`, calls it again without streaming.
 */
async function callDriver(request: GenerateRequest, task: ActTask, totals: ActTotals): Promise<GenerateResponse> {
  const { options, stream, onChunk, act, onEvent } = task;
  const { driver } = options;
  const context = createCallContext(task, totals);
  context.signal?.throwIfAborted();
  if (!stream || !driver.supportsStreaming(request.model)) return driver.generate(request, context);
  try {
    for await (const chunk of driver.generateStream(request, context)) {
      if (chunk.text !== '') {
        totals.timer.addText();
        onEvent({ type: 'act-delta', ...createEventBase(task), text: chunk.text });
      }
      onChunk?.(act.name, chunk);
      if (chunk.response) return chunk.response;
    }
  } catch (thrown) {
    if (!(thrown instanceof StreamingNotSupported)) throw thrown;
    return driver.generate(request, context);
  }
  throw createUnfinishedStreamError(request.model);
}

/**
 * Saves speech without a transcript. The act fails, but the user paid for the speech and has nothing else of the reply.
 */
function saveUntranscribedSpeech(audio: ReplyAudio, task: ActTask): void {
  const { file } = createActAudio(audio, task);
  if (file === undefined) return;
  const message = `the speech without a transcript was saved as ${file}`;
  task.onEvent({ type: 'act-note', ...createEventBase(task), about: 'reply', message });
}

/** Warns of media that is neither in a file nor in the event: it would be lost, although the user paid for it. */
function reportUnsavedMedia(media: Pick<ActEnd, 'media'>, task: ActTask): void {
  const description = describeUnsavedMedia(media);
  if (description === undefined) return;
  const message = `${description}; ${task.options.unsavedMediaHint ?? 'it was not saved'}`;
  task.onEvent({ type: 'act-note', ...createEventBase(task), about: 'reply', message, warning: true });
}

function createActAudio(audio: ReplyAudio, { act, index, options }: ActTask): ActAudio {
  const file = options.saveAudio?.({ act: act.name, index }, audio);
  return { durationMs: getAudioDurationMs(audio), ...(file !== undefined && { file }) };
}
