import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import { reportUsage } from '../../driver/layers/usage-events.js';
import type { GenerateResponse } from '../../driver/response.js';
import { createRequestCounter } from '../replies/request-id.js';
import { createEntry, type RecordingEntry } from './recording-entry.js';
import type { RecordingFile } from './recording-file.js';

/**
 * Keeps every reply in a recording, under the request as it was asked up here: whichever model gave it, by whatever wire,
 * after how many attempts. Also one that was cut short, so that a replay ends as the run did; what failed has no reply. It
 * is written before it is handed up. One instance serves one run, for it counts how often a request came.
 */
export function withRecording(file: Pick<RecordingFile, 'add'>, inner: BoticelliDriver): BoticelliDriver {
  const countRequest = createRequestCounter();
  return {
    supportsStreaming: (model) => inner.supportsStreaming(model),
    close: async () => inner.close?.(),

    async generate(request, context = {}) {
      const { id, description, markAnswered } = await countRequest(request);
      const response = await inner.generate(request, context);
      addEntry(file, createEntry(id, description, response), response, context);
      markAnswered();
      return response;
    },

    async *generateStream(request, context = {}) {
      const { id, description, markAnswered } = await countRequest(request);
      for await (const chunk of inner.generateStream(request, context)) {
        if (chunk.response) {
          addEntry(file, createEntry(id, description, chunk.response), chunk.response, context);
          markAnswered();
        }
        yield chunk;
      }
    },
  };
}

/** A reply that can't be kept is handed to nobody, and was paid for all the same. */
function addEntry(
  file: Pick<RecordingFile, 'add'>,
  entry: RecordingEntry,
  response: GenerateResponse,
  context: CallContext,
): void {
  try {
    file.add(entry);
  } catch (thrown) {
    reportUsage(context, response);
    throw thrown;
  }
}
