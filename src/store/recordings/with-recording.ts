import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import { tellSpent } from '../../driver/layers/usage-events.js';
import type { GenerateResponse } from '../../driver/response.js';
import { countedRequests } from '../replies/request-counter.js';
import { type RecordedAnswer, recordedAnswer } from './recorded-answer.js';
import type { RecordingFile } from './recording-file.js';

/**
 * Keeps every reply in a recording, under the request as it was asked up here: whichever model gave it, by whatever wire,
 * after how many attempts. Also one that was cut short, so that a replay ends as the run did; what failed has no reply. It
 * is written before it is handed up. One instance serves one run, for it counts how often a request came.
 */
export function recording(file: Pick<RecordingFile, 'add'>, inner: BoticelliDriver): BoticelliDriver {
  const next = countedRequests();
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const { asked, described, came } = await next(request);
      const response = await inner.generate(request, context);
      addTo(file, recordedAnswer(asked, described, response), response, context);
      came();
      return response;
    },

    async *generateStream(request, context = {}) {
      const { asked, described, came } = await next(request);
      for await (const chunk of inner.generateStream(request, context)) {
        if (chunk.response) {
          addTo(file, recordedAnswer(asked, described, chunk.response), chunk.response, context);
          came();
        }
        yield chunk;
      }
    },
  };
}

/** A reply that can't be kept is handed to nobody, and was paid for all the same. */
function addTo(
  file: Pick<RecordingFile, 'add'>,
  answer: RecordedAnswer,
  response: GenerateResponse,
  context: CallContext,
): void {
  try {
    file.add(answer);
  } catch (thrown) {
    tellSpent(context, response);
    throw thrown;
  }
}
