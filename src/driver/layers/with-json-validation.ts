import { BoticelliError, reportOf } from '../../errors.js';
import { addExpenses } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { DriverEvent } from '../events.js';
import type { GenerateRequest, UserTurn } from '../request.js';
import type { GenerateResponse, StreamChunk } from '../response.js';
import { tellSpent } from './usage-events.js';

/** A JSON Schema as a request carries it. */
type Schema = NonNullable<GenerateRequest['parameters']['schema']>;

export interface ConformingOptions {
  /** Makes the check of a schema: it says, a few words each, in what a value does not match. Asked for at every reply. */
  checkFor: (schema: Schema) => Promise<(value: unknown) => readonly string[]>;
}

/**
 * Hands out JSON alone where JSON was asked for, and such as matches the request's schema. A reply that is none is asked
 * for once more, the fault told to the model and in a `retry` event; if the second one is none either, the call rejects
 * with `invalid_reply`, or with `truncated` where max_tokens cut it. What such replies took is in the good one's usage, else
 * in `spent` events. They come whole, also in a stream: text that may be void is not handed out. All other requests pass
 * through as they are.
 */
export function conforming(options: ConformingOptions, inner: BoticelliDriver): BoticelliDriver {
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      if (request.parameters.format !== 'json') return inner.generate(request, context);
      return askTwice(request, context, options, (asked, held) => inner.generate(asked, held));
    },

    async *generateStream(request, context = {}) {
      if (request.parameters.format !== 'json') {
        yield* inner.generateStream(request, context);
        return;
      }
      const response = await askTwice(request, context, options, (asked, held) =>
        gathered(inner.generateStream(asked, held), asked),
      );
      const { text, finishReason, usage } = response;
      const metadata = { tokensGenerated: usage.outputTokens };
      yield { text, finished: false, metadata };
      yield { text: '', finished: true, metadata: { ...metadata, finishReason }, response };
    },
  };
}

type Ask = (request: GenerateRequest, context: CallContext) => Promise<GenerateResponse>;

async function askTwice(
  request: GenerateRequest,
  context: CallContext,
  { checkFor }: ConformingOptions,
  ask: Ask,
): Promise<GenerateResponse> {
  const held = heldBack(context);
  const { schema } = request.parameters;
  const check = schema ? await checkFor(schema) : () => [];

  const first = unfenced(await ask(request, held));
  const fault = faultOf(first, check);
  if (fault === undefined) return first;
  try {
    if (first.finishReason === 'MAX_TOKENS') throw cutShort(first, request);
    context.signal?.throwIfAborted();
    held.emit({ type: 'retry', attempt: 1, delayMs: 0, error: reportOf(invalidReply(fault)), discard: false });
    // The model sees what it said and what is wrong with it; the conversation never does, for only the reply goes up.
    const turns = [...request.turns, first.turn, repairTurn(fault, schema)];
    const second = unfenced(await ask({ ...request, turns }, held));
    const remaining = faultOf(second, check);
    if (remaining === undefined) return both(first, second);
    tellSpent(held, second);
    throw second.finishReason === 'MAX_TOKENS' ? cutShort(second, request) : invalidReply(remaining);
  } catch (thrown) {
    tellSpent(held, first);
    throw thrown;
  }
}

/** The second reply, and what the two took. */
function both(first: GenerateResponse, { costUsd, ...second }: GenerateResponse): GenerateResponse {
  const ofSecond = { usage: second.usage, ...(costUsd !== undefined && { costUsd }) };
  return { ...second, ...addExpenses(first, ofSecond) };
}

/**
 * The context for layers below: what they stream goes no further, so all of it can be taken back and nothing of it has to
 * be; and attempts are counted on over both questions.
 */
function heldBack(context: CallContext): CallContext & { emit: (event: DriverEvent) => void } {
  let failed = 0;
  const emit = (event: DriverEvent) => {
    if (event.type !== 'retry') return context.emit?.(event);
    failed += 1;
    context.emit?.({ ...event, attempt: failed, discard: false });
  };
  return { ...context, emit, mayDiscard: () => true };
}

async function gathered(chunks: AsyncIterable<StreamChunk>, { model }: GenerateRequest): Promise<GenerateResponse> {
  for await (const { response } of chunks) if (response) return response;
  throw new Error(`the driver's stream for ${model} ended without a finished chunk`);
}

/** Models put JSON into a Markdown fence, asked or not. Where that is all there is, it is what was meant. */
function unfenced(response: GenerateResponse): GenerateResponse {
  const inFence = /^\s*```(?:json)?[^\S\n]*\n(.*?)\n?```\s*$/is.exec(response.text)?.[1];
  return inFence === undefined ? response : { ...response, text: inFence, turn: { ...response.turn, text: inFence } };
}

/** Why a reply is not what was asked for, as the end of a sentence that begins with it; undefined where it is. */
function faultOf({ text }: GenerateResponse, check: (value: unknown) => readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `is no JSON: it begins with ${JSON.stringify(text.slice(0, 60))}`;
  }
  const mismatches = check(value);
  return mismatches.length === 0 ? undefined : `does not match its schema: ${mismatches.join('; ')}`;
}

/** The schema goes with it, for there are models that can't be given one. */
function repairTurn(fault: string, schema: Schema | undefined): UserTurn {
  const request = schema
    ? `Reply with nothing but JSON that matches this JSON Schema:\n${JSON.stringify(schema)}`
    : 'Reply with nothing but JSON.';
  return { role: 'user', parts: [{ type: 'text', text: `Your reply ${fault}.\n${request}` }] };
}

function invalidReply(fault: string): BoticelliError {
  return new BoticelliError('invalid_reply', `the reply ${fault}`, {
    hint: 'Say in the prompt what JSON is wanted, make the schema simpler, or use another model.',
  });
}

/** Asked again, it would be cut at the same length. */
function cutShort({ usage }: GenerateResponse, { parameters }: GenerateRequest): BoticelliError {
  const now = parameters.maxTokens === undefined ? '' : ` (now ${parameters.maxTokens})`;
  return new BoticelliError('truncated', `max_tokens cut the JSON off after ${usage.outputTokens} tokens`, {
    hint: `Raise max_tokens${now}: a part of JSON is of no use.`,
  });
}
