import { BoticelliError } from '../../errors.js';
import { classifyFinishReason } from '../../facts/finish-reasons.js';
import { sliceCharacters } from '../../util/utf16.js';
import type { BoticelliDriver } from '../driver.js';
import type { GenerateRequest, UserTurn } from '../request.js';
import type { GenerateResponse } from '../response.js';
import { createTruncatedError } from '../truncated-error.js';
import { createLayer } from './create-layer.js';
import { type ReplyCheck, sendWithRepeat } from './repeat-once.js';

/** The JSON Schema of a request. */
type Schema = NonNullable<GenerateRequest['parameters']['schema']>;

/** The options of `withJsonValidation`. */
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
 * @throws BoticelliError `invalid_reply` if the second reply is invalid too, `truncated` if a reply is invalid because
 *   max_tokens cut it off
 */
export function withJsonValidation(options: JsonValidationOptions, inner: BoticelliDriver): BoticelliDriver {
  const { compileSchema, checkTimeoutMs } = options;
  return createLayer(inner, {
    async *call(request, context, send) {
      if (request.parameters.format !== 'json') return yield* send(request, context);
      const { schema } = request.parameters;
      const validate = schema ? await compileSchema(schema) : () => [];
      const limits = { signal: context.signal, ...(checkTimeoutMs !== undefined && { timeoutMs: checkTimeoutMs }) };
      const check: ReplyCheck = {
        normalize: stripCodeFence,
        async findProblem(response) {
          const problem = await describeProblem(response, async (value) => validate(value, limits));
          if (problem !== undefined) assertNotTruncated(response, request);
          return problem;
        },
        createError: createInvalidReplyError,
        createRepairTurn: (problem) => createRepairTurn(problem, schema),
      };
      yield* sendWithRepeat(request, context, check, send);
    },
  });
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
    return `is not JSON: it begins with ${JSON.stringify(sliceCharacters(text, 0, 60))}`;
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
    throw createTruncatedError(response, parameters, { hintEnd: '. Incomplete JSON is not returned.' });
}
