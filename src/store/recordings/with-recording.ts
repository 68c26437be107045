import type { BoticelliDriver } from '../../driver/driver.js';
import { createLayer } from '../../driver/layers/create-layer.js';
import { reportUsage } from '../../driver/layers/usage-events.js';
import { createRequestNumbering } from '../replies/request-id.js';
import { createEntry } from './recording-entry.js';
import type { RecordingFile } from './recording-file.js';

/**
 * Writes each reply to a recording before the reply is returned. The recording identifies a reply by the request as
 * this layer received it, so retries, fallbacks and the API in use do not matter. Truncated replies are recorded too,
 * so that a replay ends as the run did. Failed calls are not recorded.
 *
 * Create a new layer for each run. The rows of one run may share a layer if the context of each call says which row
 * sends the request: the layer numbers the equal requests of each row separately.
 *
 * @throws BoticelliError `output_failed` if the reply can't be written; its usage is then reported in a `spent` event
 */
export function withRecording(file: Pick<RecordingFile, 'add'>, inner: BoticelliDriver): BoticelliDriver {
  const identifyRequest = createRequestNumbering();
  return createLayer(inner, {
    async *call(request, context, send) {
      const { id, description, advanceNumber } = identifyRequest(request, context);
      for await (const chunk of send(request, context)) {
        if (chunk.response) {
          try {
            file.add(createEntry(id, description, chunk.response));
          } catch (thrown) {
            // The caller does not receive this reply, but it was billed.
            reportUsage(context, chunk.response);
            throw thrown;
          }
          advanceNumber();
        }
        yield chunk;
      }
    },
  });
}
