import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import type { GenerateResponse } from '../../driver/response.js';
import { countedRequests } from '../replies/request-counter.js';
import { answerId, readRecording } from './read-recording.js';
import type { RecordedReply } from './recorded-answer.js';

/**
 * A driver that answers from a recording alone: no network, no key, no quota. Replies are marked as reused. A request that
 * is not in it rejects with `not_recorded` and says what differs from the nearest one that is. One instance serves one run.
 * Throws `no_input` where the file can't be read, or a line of it is no answer.
 */
export function createReplayDriver(path: string): BoticelliDriver {
  const { answers } = readRecording(path);
  const next = countedRequests();

  const replayed = async (request: GenerateRequest, { signal, emit }: CallContext): Promise<GenerateResponse> => {
    signal?.throwIfAborted();
    const { asked, described, came } = await next(request);
    const found = answers.get(answerId(asked));
    if (!found) {
      const { notRecorded } = await import('./missing-answer-error.js');
      throw await notRecorded({ path, asked, described, answers: [...answers.values()] });
    }
    came();
    const message = 'the reply was spoken when it was recorded: its words are kept, its sound is not';
    if (found.reply.wasSpoken) emit?.({ type: 'note', about: 'reply', message });
    return responseOf(found.reply, request);
  };
  return {
    supportsStreaming: () => true,
    generate: (request, context = {}) => replayed(request, context),

    async *generateStream(request, context = {}) {
      const response = await replayed(request, context);
      const { text, finishReason, usage } = response;
      const pieces = request.parameters.format === 'json' ? [text] : piecesOf(text);
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
function responseOf(reply: RecordedReply, { model: askedModel }: GenerateRequest): GenerateResponse {
  const { text, model, finishReason, usage, turnText = text, audio } = reply;
  return {
    ...{ text, model, finishReason, usage },
    turn: { role: 'model', text: turnText, model: askedModel },
    ...(audio && { audio: { sampleRate: audio.sampleRate, pcm: Buffer.from(audio.pcm, 'base64') } }),
    reused: true,
  };
}

/** A few words each; joined, they are the text again. */
function piecesOf(text: string): string[] {
  return text.match(/(?:\s*\S+){1,8}\s*$|(?:\s*\S+){1,8}|\s+/g) ?? [];
}
