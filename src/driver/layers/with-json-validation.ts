import { BoticelliError, toErrorReport } from '../../errors.js';
import { addBilledUsage } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { DriverEvent } from '../driver-events.js';
import type { GenerateRequest, UserTurn } from '../request.js';
import type { GenerateResponse, StreamChunk } from '../response.js';
import { reportUsage } from './usage-events.js';

/** A JSON Schema as a request carries it. */
type Schema = NonNullable<GenerateRequest['parameters']['schema']>;

export interface JsonValidationOptions {
  /** Makes the check of a schema: it says, a few words each, in what a value does not match. Asked for at every reply. */
  compileSchema: (schema: Schema) => Promise<(value: unknown) => readonly string[]>;
}

/**
 * Hands out JSON alone where JSON was asked for, and such as matches the request's schema. A reply that is none is asked
 * for once more, the fault told to the model and in a `retry` event; if the second one is none either, the call rejects
 * with `invalid_reply`, or with `truncated` where max_tokens cut it. What such replies took is in the good one's usage, else
 * in `spent` events. They come whole, also in a stream: text that may be void is not handed out. All other requests pass
 * through as they are.
 */
export function withJsonValidation(options: JsonValidationOptions, inner: BoticelliDriver): BoticelliDriver {
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      if (request.parameters.format !== 'json') return inner.generate(request, context);
      return generateValidated(request, context, options, (current, innerContext) =>
        inner.generate(current, innerContext),
      );
    },

    async *generateStream(request, context = {}) {
      if (request.parameters.format !== 'json') {
        yield* inner.generateStream(request, context);
        return;
      }
      const response = await generateValidated(request, context, options, (current, innerContext) =>
        collectResponse(inner.generateStream(current, innerContext), current),
      );
      const { text, finishReason, usage } = response;
      const metadata = { tokensGenerated: usage.outputTokens };
      yield { text, finished: false, metadata };
      yield { text: '', finished: true, metadata: { ...metadata, finishReason }, response };
    },
  };
}

type Generate = (request: GenerateRequest, context: CallContext) => Promise<GenerateResponse>;

async function generateValidated(
  request: GenerateRequest,
  context: CallContext,
  { compileSchema }: JsonValidationOptions,
  generate: Generate,
): Promise<GenerateResponse> {
  const innerContext = createInnerContext(context);
  const { schema } = request.parameters;
  const validate = schema ? await compileSchema(schema) : () => [];

  const first = stripCodeFence(await generate(request, innerContext));
  const problem = findProblem(first, validate);
  if (problem === undefined) return first;
  try {
    if (first.finishReason === 'MAX_TOKENS') throw createTruncatedError(first, request);
    context.signal?.throwIfAborted();
    innerContext.emit({
      type: 'retry',
      attempt: 1,
      delayMs: 0,
      error: toErrorReport(createInvalidReplyError(problem)),
      discard: false,
    });
    // The model sees what it said and what is wrong with it; the conversation never does, for only the reply goes up.
    const turns = [...request.turns, first.turn, createRepairTurn(problem, schema)];
    const second = stripCodeFence(await generate({ ...request, turns }, innerContext));
    const secondProblem = findProblem(second, validate);
    if (secondProblem === undefined) return mergeUsage(first, second);
    reportUsage(innerContext, second);
    throw second.finishReason === 'MAX_TOKENS'
      ? createTruncatedError(second, request)
      : createInvalidReplyError(secondProblem);
  } catch (thrown) {
    reportUsage(innerContext, first);
    throw thrown;
  }
}

/** The second reply, and what the two took. */
function mergeUsage(first: GenerateResponse, { costUsd, ...second }: GenerateResponse): GenerateResponse {
  const secondUsage = { usage: second.usage, ...(costUsd !== undefined && { costUsd }) };
  return { ...second, ...addBilledUsage(first, secondUsage) };
}

/**
 * The context for layers below: what they stream goes no further, so all of it can be taken back and nothing of it has to
 * be; and attempts are counted on over both questions.
 */
function createInnerContext(context: CallContext): CallContext & { emit: (event: DriverEvent) => void } {
  let failedAttempts = 0;
  const emit = (event: DriverEvent) => {
    if (event.type !== 'retry') return context.emit?.(event);
    failedAttempts += 1;
    context.emit?.({ ...event, attempt: failedAttempts, discard: false });
  };
  return { ...context, emit, canDiscard: () => true };
}

async function collectResponse(
  chunks: AsyncIterable<StreamChunk>,
  { model }: GenerateRequest,
): Promise<GenerateResponse> {
  for await (const { response } of chunks) if (response) return response;
  throw new Error(`the driver's stream for ${model} ended without a finished chunk`);
}

/** Models put JSON into a Markdown fence, asked or not. Where that is all there is, it is what was meant. */
function stripCodeFence(response: GenerateResponse): GenerateResponse {
  const fencedText = /^\s*```(?:json)?[^\S\n]*\n(.*?)\n?```\s*$/is.exec(response.text)?.[1];
  return fencedText === undefined
    ? response
    : { ...response, text: fencedText, turn: { ...response.turn, text: fencedText } };
}

/** Why a reply is not what was asked for, as the end of a sentence that begins with it; undefined where it is. */
function findProblem({ text }: GenerateResponse, validate: (value: unknown) => readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `is no JSON: it begins with ${JSON.stringify(text.slice(0, 60))}`;
  }
  const mismatches = validate(value);
  return mismatches.length === 0 ? undefined : `does not match its schema: ${mismatches.join('; ')}`;
}

/** The schema goes with it, for there are models that can't be given one. */
function createRepairTurn(problem: string, schema: Schema | undefined): UserTurn {
  const instruction = schema
    ? `Reply with nothing but JSON that matches this JSON Schema:\n${JSON.stringify(schema)}`
    : 'Reply with nothing but JSON.';
  return { role: 'user', parts: [{ type: 'text', text: `Your reply ${problem}.\n${instruction}` }] };
}

function createInvalidReplyError(problem: string): BoticelliError {
  return new BoticelliError('invalid_reply', `the reply ${problem}`, {
    hint: 'Say in the prompt what JSON is wanted, make the schema simpler, or use another model.',
  });
}

/** Asked again, it would be cut at the same length. */
function createTruncatedError({ usage }: GenerateResponse, { parameters }: GenerateRequest): BoticelliError {
  const currentLimit = parameters.maxTokens === undefined ? '' : ` (now ${parameters.maxTokens})`;
  return new BoticelliError('truncated', `max_tokens cut the JSON off after ${usage.outputTokens} tokens`, {
    hint: `Raise max_tokens${currentLimit}: a part of JSON is of no use.`,
  });
}
