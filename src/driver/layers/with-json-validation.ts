import { BoticelliError, toErrorReport } from '../../errors.js';
import { classifyFinishReason } from '../../facts/finish-reasons.js';
import { addBilledUsage } from '../cost.js';
import type { BoticelliDriver, CallContext } from '../driver.js';
import type { DriverEvent } from '../driver-events.js';
import { readFinalResponse } from '../final-response.js';
import type { GenerateRequest, UserTurn } from '../request.js';
import type { GenerateResponse } from '../response.js';
import { joinToolUse } from '../tool-use.js';
import { createTruncatedError } from '../truncated-error.js';
import { createLayer, type SendInner } from './create-layer.js';
import { reportUsage } from './usage-events.js';

/** The JSON Schema of a request. */
type Schema = NonNullable<GenerateRequest['parameters']['schema']>;

export interface JsonValidationOptions {
  /**
   * Compiles a schema to a function that lists the mismatches of a value, in a few words each. Called once for each
   * request.
   */
  compileSchema: (schema: Schema) => Promise<Validate>;
  /** The time limit of the check of one reply, in milliseconds. Default: the compiled function's own limit. */
  checkTimeoutMs?: number | undefined;
}

type Mismatches = readonly string[];
type Validate = (
  value: unknown,
  limits: { signal?: AbortSignal | undefined; timeoutMs?: number },
) => Mismatches | Promise<Mismatches>;

/**
 * Validates replies to requests with `format: 'json'` against the request's schema. After an invalid reply, the request
 * is sent once more, together with that reply and a description of the problem, and a `retry` event is emitted. The
 * usage of both replies is added up. If the call fails, the usage is reported in `spent` events. `generateStream`
 * yields a valid reply in one piece. Other requests pass through unchanged.
 *
 * @throws BoticelliError `invalid_reply` if the second reply is invalid too, `truncated` if max_tokens cut a reply off
 */
export function withJsonValidation(options: JsonValidationOptions, inner: BoticelliDriver): BoticelliDriver {
  return createLayer(inner, {
    async *call(request, context, send) {
      if (request.parameters.format !== 'json') return yield* send(request, context);
      const response = await generateValidated(request, context, options, send);
      const { text, finishReason, usage } = response;
      const metadata = usage.outputTokens === undefined ? {} : { tokensGenerated: usage.outputTokens };
      yield { text, finished: false, metadata };
      yield { text: '', finished: true, metadata: { ...metadata, finishReason }, response };
    },
  });
}

async function generateValidated(
  request: GenerateRequest,
  context: CallContext,
  { compileSchema, checkTimeoutMs }: JsonValidationOptions,
  send: SendInner,
): Promise<GenerateResponse> {
  const innerContext = createInnerContext(context);
  const generate = async (current: GenerateRequest) =>
    stripCodeFence(await readFinalResponse(send(current, innerContext), current.model));
  const { schema } = request.parameters;
  const validate = schema ? await compileSchema(schema) : () => [];

  const limits = { signal: context.signal, ...(checkTimeoutMs !== undefined && { timeoutMs: checkTimeoutMs }) };
  const findProblem = (response: GenerateResponse) =>
    describeProblem(response, async (value) => validate(value, limits));

  const first = await generate(request);
  try {
    const problem = await findProblem(first);
    if (problem === undefined) return first;
    assertNotTruncated(first, request);
    context.signal?.throwIfAborted();
    const error = toErrorReport(createInvalidReplyError(problem));
    innerContext.emit({ type: 'retry', attempt: 1, delayMs: 0, error, discard: false });
    // Only the final reply becomes part of the conversation. The invalid reply and the repair prompt do not.
    const turns = [...request.turns, first.turn, createRepairTurn(problem, schema)];
    const second = await generate({ ...request, turns });
    try {
      const secondProblem = await findProblem(second);
      if (secondProblem === undefined) {
        const { costUsd: _, ...reply } = second;
        // The second reply is based on what the tools found for the first.
        return { ...reply, ...addBilledUsage(first, second), ...joinToolUse([first, second]) };
      }
      assertNotTruncated(second, request);
      throw createInvalidReplyError(secondProblem);
    } catch (thrown) {
      reportUsage(innerContext, second);
      throw thrown;
    }
  } catch (thrown) {
    reportUsage(innerContext, first);
    throw thrown;
  }
}

/**
 * Creates the context for the inner driver. The inner stream is collected before anything is passed on. So the inner
 * driver may always discard its text, and the caller never has text to discard. Attempts are counted across both
 * requests.
 */
function createInnerContext(context: CallContext): CallContext & { emit: (event: DriverEvent) => void } {
  let failedAttempts = 0;
  const emit = (event: DriverEvent) => {
    if (event.type !== 'retry') return context.emit?.(event);
    failedAttempts += 1;
    const { keepChars: _, ...retry } = event;
    context.emit?.({ ...retry, attempt: failedAttempts, discard: false });
  };
  return { ...context, emit, canDiscard: () => true };
}

/** Removes a Markdown code fence around the whole reply, because some models always add one. */
function stripCodeFence(response: GenerateResponse): GenerateResponse {
  const fencedText = /^\s*```(?:json)?[^\S\n]*\n(.*?)\n?```\s*$/is.exec(response.text)?.[1];
  return fencedText === undefined
    ? response
    : { ...response, text: fencedText, turn: { ...response.turn, text: fencedText } };
}

/** Returns what is wrong with a reply, in words that can follow "the reply", or undefined if the reply is valid. */
async function describeProblem(
  { text }: GenerateResponse,
  validate: (value: unknown) => Promise<Mismatches>,
): Promise<string | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `is not JSON: it begins with ${JSON.stringify(text.slice(0, 60))}`;
  }
  const mismatches = await validate(value);
  return mismatches.length === 0 ? undefined : `does not match its schema: ${mismatches.join('; ')}`;
}

/** Creates the prompt for the second request. It includes the schema, because the Live API has no parameter for it. */
function createRepairTurn(problem: string, schema: Schema | undefined): UserTurn {
  const instruction = schema
    ? `Reply with nothing but JSON that matches this JSON Schema:\n${JSON.stringify(schema)}`
    : 'Reply with nothing but JSON.';
  return { role: 'user', parts: [{ type: 'text', text: `Your reply ${problem}.\n${instruction}` }] };
}

function createInvalidReplyError(problem: string): BoticelliError {
  return new BoticelliError('invalid_reply', `the reply ${problem}`, {
    hint: 'Describe the JSON in the prompt, simplify the schema, or use another model.',
  });
}

/** Throws if a reply is truncated. There is no retry, because the next reply would be cut off at the same length. */
function assertNotTruncated(response: GenerateResponse, { parameters }: GenerateRequest): void {
  if (classifyFinishReason(response.finishReason) === 'truncated')
    throw createTruncatedError(response, parameters, '. Incomplete JSON is not returned.');
}
