import type { Candidate, GenerateContentResponse, Part } from '@google/genai';
import type { Paid } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, Usage } from '../../driver/response.js';
import { bareModel } from './convert-request.js';
import { faultOfReply } from './validate-response.js';

/** Puts a reply together: of the one answer of a unary request, or of a stream's chunks as they come. */
export interface ReplyCollector {
  /** Takes the next chunk and returns the reply's text in it, thoughts left out. */
  add(chunk: GenerateContentResponse): string;
  /** The text so far. */
  readonly text: string;
  /** Whether a reply may end here: there is a finish reason, or the prompt was refused. */
  readonly isFinished: boolean;
  /** Output tokens, as far as the service has said. */
  readonly outputTokens: number | undefined;
  /** What has been paid for, by the service's last word on that; undefined as long as it has said nothing. */
  readonly paid: Paid | undefined;
  /** The whole reply. Throws `blocked`, `truncated` or `empty_reply` where it is of no use. */
  response(): GenerateResponse;
}

/** What proto3 knows as no finish reason. */
const unspecified = 'FINISH_REASON_UNSPECIFIED';

/** @param requestedModel stands in where the service does not say which model served */
export function collectReply(requestedModel: string): ReplyCollector {
  const native: Part[] = [];
  let text = '';
  // What every chunk may say anew. The last word counts, once the stream has ended: some say STOP in every chunk.
  const last: Pick<GenerateContentResponse, 'modelVersion' | 'promptFeedback'> = {};
  let candidate: Candidate = {};
  let counts: GenerateContentResponse['usageMetadata'];
  const served = () => bareModel(last.modelVersion ?? requestedModel);

  return {
    add(chunk) {
      if (chunk.modelVersion) last.modelVersion = chunk.modelVersion;
      if (chunk.promptFeedback) last.promptFeedback = chunk.promptFeedback;
      // A running total, field by field: not every chunk has every count.
      if (chunk.usageMetadata) counts = { ...counts, ...chunk.usageMetadata };
      const next = chunk.candidates?.[0];
      if (!next) return '';
      candidate = { ...candidate, ...next };
      // Not the SDK's getter `text`: it complains on the console about every other kind of part.
      const parts = Array.isArray(next.content?.parts) ? next.content.parts : [];
      let added = '';
      for (const part of parts) {
        append(native, part);
        if (typeof part.text === 'string' && !part.thought) added += part.text;
      }
      text += added;
      return added;
    },
    get text() {
      return text;
    },
    get isFinished() {
      const { finishReason = unspecified } = candidate;
      return finishReason !== unspecified || last.promptFeedback?.blockReason !== undefined;
    },
    get outputTokens() {
      return counts?.candidatesTokenCount;
    },
    get paid() {
      return counts && { model: served(), usage: usageOf(counts) };
    },
    response() {
      const usage = usageOf(counts);
      const fault = faultOfReply({ text, candidate, usage, ...last });
      if (fault) throw fault;
      return {
        text,
        model: served(),
        // A unary answer is whole without one, so its text counts; a stream without one never gets here.
        finishReason: candidate.finishReason ?? unspecified,
        usage,
        turn: { role: 'model', text, model: bareModel(requestedModel), native: sharing(text, native) },
      };
    },
  };
}

/** Joins plain text, so that a streamed reply goes back as a unary one does; whatever is more than text stays as it came. */
function append(native: Part[], part: Part): void {
  if (part.text === '' && isPlain(part)) return;
  const before = native.at(-1);
  if (before && isPlain(before) && isPlain(part) && Boolean(before.thought) === Boolean(part.thought)) {
    native[native.length - 1] = { ...before, text: `${before.text}${part.text}` };
  } else native.push(part);
}

/** Where the reply is text alone, the very string of it: megabytes pieced together twice would be held twice. */
function sharing(text: string, native: Part[]): Part[] {
  const [only] = native;
  return native.length === 1 && only && isPlain(only) && !only.thought ? [{ ...only, text }] : native;
}

function isPlain(part: Part): boolean {
  for (const field in part) if (field !== 'text' && field !== 'thought') return false;
  return typeof part.text === 'string';
}

function usageOf(counts: GenerateContentResponse['usageMetadata'] = {}): Usage {
  const promptTokens = counts.promptTokenCount ?? 0;
  const outputTokens = counts.candidatesTokenCount ?? 0;
  const thoughtTokens = counts.thoughtsTokenCount ?? 0;
  const totalTokens = counts.totalTokenCount ?? promptTokens + outputTokens + thoughtTokens;
  return { promptTokens, outputTokens, thoughtTokens, totalTokens };
}
