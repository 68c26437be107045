import type { BoticelliDriver, CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { createFinalMetadata, type GenerateResponse } from '../../driver/response.js';
import { pickToolUse } from '../../driver/tool-use.js';
import { createRequestNumbering, formatRequestId, type RequestId } from '../replies/request-id.js';
import { readRecording } from './read-recording.js';
import type { RecordedReply, RecordingEntry } from './recording-entry.js';

/**
 * Creates a driver that replies from a recording, without network, key or quota. Its replies are marked as reused. If a
 * request was not recorded, the call rejects with `not_recorded`; the message has the difference from the most similar
 * recorded request.
 *
 * Create a new driver for each run. The rows of one run may share a driver if the context of each call says which row
 * sends the request: the driver numbers the equal requests of each row separately.
 *
 * @param isRowOfThisCommand whether a row of this command has this id. Default: always true
 * @throws BoticelliError `no_input` if the file can't be read or is not a recording
 */
export function createReplayDriver(
  path: string,
  { isRowOfThisCommand }: { isRowOfThisCommand?: ((rowId: string) => boolean) | undefined } = {},
): BoticelliDriver {
  const { entries } = readRecording(path);
  const identifyRequest = createRequestNumbering();
  const findUnderOtherRow = createOtherRowFinder(entries.values(), isRowOfThisCommand);

  const replay = async (request: GenerateRequest, context: CallContext): Promise<GenerateResponse> => {
    const { signal, emit } = context;
    signal?.throwIfAborted();
    const identified = identifyRequest(request, context);
    const entry = entries.get(formatRequestId(identified.id)) ?? findUnderOtherRow(identified.id);
    if (!entry) {
      const { createNotRecordedError } = await import('./not-recorded-error.js');
      throw await createNotRecordedError(identified, path, [...entries.values()]);
    }
    identified.advanceNumber();
    // A recording has `wasSpoken` only for audio that was too large to record.
    const { wasSpoken: lacksAudio } = entry.reply;
    const message = 'the recording has the text of this spoken reply, but not its audio, which was too large';
    if (lacksAudio) emit?.({ type: 'note', about: 'reply', message });
    return toResponse(entry.reply, request);
  };
  return {
    supportsStreaming: () => true,
    generate: (request, context = {}) => replay(request, context),

    async *generateStream(request, context = {}) {
      const response = await replay(request, context);
      const { text } = response;
      const pieces = request.parameters.format === 'json' ? [text] : splitIntoPieces(text);
      for (const piece of pieces) {
        context.signal?.throwIfAborted();
        yield { text: piece, finished: false, metadata: {} };
      }
      yield { text: '', finished: true, metadata: createFinalMetadata(response), response };
    },
  };
}

/**
 * Creates a function that finds a reply for a row whose id has no recorded reply. The function takes the reply to an
 * equal request if the reply was recorded in a run without rows, or under an id that no row of this command has. So a
 * row that was edited only in columns that the request does not use finds the reply that was recorded under its old id
 * (see `createRowIdCheck`). Each reply is used for one row only.
 */
function createOtherRowFinder(
  entries: Iterable<RecordingEntry>,
  isRowOfThisCommand: (rowId: string) => boolean = () => true,
) {
  const formatKey = ({ key, occurrence }: RequestId) => formatRequestId({ key, occurrence });
  let entriesByKey: Map<string, RecordingEntry[]> | undefined;
  const taken = new Set<RecordingEntry>();
  const mayTake = (entry: RecordingEntry) => {
    const { instance: recordedRowId } = entry;
    return !taken.has(entry) && (recordedRowId === undefined || !isRowOfThisCommand(recordedRowId));
  };
  return (id: RequestId): RecordingEntry | undefined => {
    const { instance: rowId } = id;
    if (rowId === undefined) return undefined;
    entriesByKey ??= groupEntries(entries, formatKey);
    const entry = entriesByKey.get(formatKey(id))?.find(mayTake);
    if (entry) taken.add(entry);
    return entry;
  };
}

function groupEntries(entries: Iterable<RecordingEntry>, formatKey: (id: RequestId) => string) {
  const groups = new Map<string, RecordingEntry[]>();
  for (const entry of entries) {
    const group = groups.get(formatKey(entry));
    if (group) group.push(entry);
    else groups.set(formatKey(entry), [entry]);
  }
  return groups;
}

/**
 * Creates the response. Its turn has no native parts: only a provider needs them, and a replay sends nothing.
 */
function toResponse(reply: RecordedReply, { model: requestedModel }: GenerateRequest): GenerateResponse {
  const { text, model, finishReason, usage, turnText = text, media, audio } = reply;
  return {
    ...{ text, model, finishReason, usage },
    turn: { role: 'model', text: turnText, model: requestedModel, ...(media && { media }) },
    ...(audio && { audio: { sampleRate: audio.sampleRate, pcm: Buffer.from(audio.pcm, 'base64') } }),
    ...pickToolUse(reply),
    reused: true,
  };
}

/** Splits a text into pieces of a few words. The joined pieces are equal to the text. */
function splitIntoPieces(text: string): string[] {
  return text.match(/(?:\s*\S+){1,8}\s*$|(?:\s*\S+){1,8}|\s+/g) ?? [];
}
