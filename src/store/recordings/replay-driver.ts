import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { createRequestCounter } from '../replies/request-counter.js';
import { formatRequestId, readRecording } from './read-recording.js';
import type { RecordedReply } from './recording-entry.js';

/**
 * A driver that answers from a recording alone: no network, no key, no quota. Replies are marked as reused. A request that
 * is not in it rejects with `not_recorded` and says what differs from the nearest one that is. One instance serves one run.
 * Throws `no_input` where the file can't be read, or a line of it is no answer.
 */
export function createReplayDriver(path: string): BoticelliDriver {
  const { entries } = readRecording(path);
  const countRequest = createRequestCounter();

  const replay = async (request: GenerateRequest, { signal, emit }: CallContext): Promise<GenerateResponse> => {
    signal?.throwIfAborted();
    const { id, description, markAnswered } = await countRequest(request);
    const entry = entries.get(formatRequestId(id));
    if (!entry) {
      const { createNotRecordedError } = await import('./not-recorded-error.js');
      throw await createNotRecordedError({ path, id, description, entries: [...entries.values()] });
    }
    markAnswered();
    const message = 'the reply was spoken when it was recorded: its words are kept, its sound is not';
    if (entry.reply.wasSpoken) emit?.({ type: 'note', about: 'reply', message });
    return toResponse(entry.reply, request);
  };
  return {
    supportsStreaming: () => true,
    generate: (request, context = {}) => replay(request, context),

    async *generateStream(request, context = {}) {
      const response = await replay(request, context);
      const { text, finishReason, usage } = response;
      const pieces = request.parameters.format === 'json' ? [text] : splitIntoPieces(text);
      for (const piece of pieces) {
        context.signal?.throwIfAborted();
        yield { text: piece, finished: false, metadata: {} };
      }
      const metadata = { tokensGenerated: usage.outputTokens, finishReason };
      yield { text: '', finished: true, metadata, response };
    },
  };
}

/** The conversation goes on with the text alone: nothing is sent that would need more. */
function toResponse(reply: RecordedReply, { model: requestedModel }: GenerateRequest): GenerateResponse {
  const { text, model, finishReason, usage, turnText = text, audio } = reply;
  return {
    ...{ text, model, finishReason, usage },
    turn: { role: 'model', text: turnText, model: requestedModel },
    ...(audio && { audio: { sampleRate: audio.sampleRate, pcm: Buffer.from(audio.pcm, 'base64') } }),
    reused: true,
  };
}

/** A few words each; joined, they are the text again. */
function splitIntoPieces(text: string): string[] {
  return text.match(/(?:\s*\S+){1,8}\s*$|(?:\s*\S+){1,8}|\s+/g) ?? [];
}
