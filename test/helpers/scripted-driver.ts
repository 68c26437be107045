import type { BoticelliDriver, CallContext } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import type { GenerateResponse } from '../../src/driver/response.js';

/**
 * What the driver does in one call. With an error, a stream yields the pieces before it throws, and `generate` only
 * throws.
 */
export interface ScriptedCall {
  pieces?: string[];
  error?: Error;
  finishReason?: string;
  /** The token for the next hop. */
  continuationToken?: string;
  /** Fields that replace those of the response. */
  response?: Partial<GenerateResponse>;
  /** Whether `error` is thrown before the request is sent. */
  failsBeforeSending?: boolean;
  /** Called at the start of the call. */
  onCall?: (request: GenerateRequest, context: CallContext) => void;
}

/** A driver that replies by scripts and records its requests. */
export interface ScriptedDriver extends BoticelliDriver {
  requests: GenerateRequest[];
  /** The method of each request. */
  methods: ('generate' | 'generateStream')[];
}

/** Creates a driver that replies to the nth call by the nth script, and to any further call with `Reply n`. */
export function createScriptedDriver(scripts: ScriptedCall[] = [], { supportsStreaming = true } = {}): ScriptedDriver {
  const requests: GenerateRequest[] = [];
  const methods: ScriptedDriver['methods'] = [];
  const startCall = async (
    method: ScriptedDriver['methods'][number],
    request: GenerateRequest,
    context: CallContext,
  ) => {
    requests.push(request);
    methods.push(method);
    const script = scripts[requests.length - 1] ?? { pieces: ['Reply ', String(requests.length)] };
    script.onCall?.(request, context);
    if (!script.failsBeforeSending) await context.beforeSending?.();
    return script;
  };
  return {
    requests,
    methods,
    supportsStreaming: () => supportsStreaming,
    async generate(request, context = {}) {
      const script = await startCall('generate', request, context);
      if (script.error) throw script.error;
      return createResponse(request, script);
    },
    async *generateStream(request, context = {}) {
      const script = await startCall('generateStream', request, context);
      for (const text of script.pieces ?? []) yield { text, finished: false, metadata: {} };
      if (script.error) throw script.error;
      const response = createResponse(request, script);
      yield { text: '', finished: true, metadata: { finishReason: response.finishReason }, response };
    },
  };
}

function createResponse(
  { model }: GenerateRequest,
  { pieces = [], finishReason = 'STOP', continuationToken, response }: ScriptedCall,
): GenerateResponse {
  const text = pieces.join('');
  const usage = { promptTokens: 10, outputTokens: pieces.length, thoughtTokens: 0, totalTokens: 10 + pieces.length };
  return {
    ...{ text, model: `${model}-001`, finishReason, usage, turn: { role: 'model', text, model } },
    ...(continuationToken !== undefined && { continuationToken }),
    ...response,
  };
}
