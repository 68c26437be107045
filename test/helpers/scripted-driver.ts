import type { BoticelliDriver, CallContext } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import type { GenerateResponse } from '../../src/driver/response.js';

/** What the driver does with one call: the pieces of its reply, then an error if there is one. */
export interface ScriptedCall {
  pieces?: string[];
  error?: Error;
  finishReason?: string;
  /** The call fails before its request leaves. */
  failsBeforeSending?: boolean;
  /** Called when the call begins. */
  onCall?: (request: GenerateRequest, context: CallContext) => void;
}

/** A driver that answers as it is told, and remembers what it was asked. */
export interface ScriptedDriver extends BoticelliDriver {
  requests: GenerateRequest[];
  /** Which method each request came through. */
  methods: ('generate' | 'generateStream')[];
}

/** Answers the nth call by the nth script, any further one by `Reply n`. */
export function createScriptedDriver(
  scripts: ScriptedCall[] = [],
  { streams: supportsStreaming = true } = {},
): ScriptedDriver {
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
  { pieces = [], finishReason = 'STOP' }: ScriptedCall,
): GenerateResponse {
  const text = pieces.join('');
  const usage = { promptTokens: 10, outputTokens: pieces.length, thoughtTokens: 0, totalTokens: 10 + pieces.length };
  return { text, model: `${model}-001`, finishReason, usage, turn: { role: 'model', text, model } };
}
