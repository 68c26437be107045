import type { Candidate, GenerateContentResponse, Part } from '@google/genai';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { GenerateResponse, Usage } from '../../driver/response.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { validateResponse } from './validate-response.js';

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
  readonly billed: BilledResponse | undefined;
  /** The whole reply. Throws `blocked`, `truncated` or `empty_reply` where it is of no use. */
  buildResponse(): GenerateResponse;
}

/** What proto3 knows as no finish reason. */
const unspecifiedFinishReason = 'FINISH_REASON_UNSPECIFIED';

/** @param requestedModel stands in where the service does not say which model served */
export function createReplyCollector(requestedModel: string): ReplyCollector {
  const nativeParts: Part[] = [];
  let text = '';
  // What every chunk may say anew. The last word counts, once the stream has ended: some say STOP in every chunk.
  const latest: Pick<GenerateContentResponse, 'modelVersion' | 'promptFeedback'> = {};
  let candidate: Candidate = {};
  let usageMetadata: GenerateContentResponse['usageMetadata'];
  const getServedModel = () => stripModelPrefix(latest.modelVersion ?? requestedModel);

  return {
    add(chunk) {
      if (chunk.modelVersion) latest.modelVersion = chunk.modelVersion;
      if (chunk.promptFeedback) latest.promptFeedback = chunk.promptFeedback;
      // A running total, field by field: not every chunk has every count.
      if (chunk.usageMetadata) usageMetadata = { ...usageMetadata, ...chunk.usageMetadata };
      const nextCandidate = chunk.candidates?.[0];
      if (!nextCandidate) return '';
      candidate = { ...candidate, ...nextCandidate };
      // Not the SDK's getter `text`: it complains on the console about every other kind of part.
      const parts = Array.isArray(nextCandidate.content?.parts) ? nextCandidate.content.parts : [];
      let added = '';
      for (const part of parts) {
        appendPart(nativeParts, part);
        if (typeof part.text === 'string' && !part.thought) added += part.text;
      }
      text += added;
      return added;
    },
    get text() {
      return text;
    },
    get isFinished() {
      const { finishReason = unspecifiedFinishReason } = candidate;
      return finishReason !== unspecifiedFinishReason || latest.promptFeedback?.blockReason !== undefined;
    },
    get outputTokens() {
      return usageMetadata?.candidatesTokenCount;
    },
    get billed() {
      return usageMetadata && { model: getServedModel(), usage: toUsage(usageMetadata) };
    },
    buildResponse() {
      const usage = toUsage(usageMetadata);
      const error = validateResponse({ text, candidate, usage, ...latest });
      if (error) throw error;
      return {
        text,
        model: getServedModel(),
        // A unary answer is whole without one, so its text counts; a stream without one never gets here.
        finishReason: candidate.finishReason ?? unspecifiedFinishReason,
        usage,
        turn: { role: 'model', text, model: stripModelPrefix(requestedModel), native: reuseText(text, nativeParts) },
      };
    },
  };
}

/** Joins plain text, so that a streamed reply goes back as a unary one does; whatever is more than text stays as it came. */
function appendPart(parts: Part[], part: Part): void {
  if (part.text === '' && isTextOnly(part)) return;
  const previous = parts.at(-1);
  if (previous && isTextOnly(previous) && isTextOnly(part) && Boolean(previous.thought) === Boolean(part.thought)) {
    parts[parts.length - 1] = { ...previous, text: `${previous.text}${part.text}` };
  } else parts.push(part);
}

/** Where the reply is text alone, the very string of it: megabytes pieced together twice would be held twice. */
function reuseText(text: string, parts: Part[]): Part[] {
  const [onlyPart] = parts;
  return parts.length === 1 && onlyPart && isTextOnly(onlyPart) && !onlyPart.thought ? [{ ...onlyPart, text }] : parts;
}

function isTextOnly(part: Part): boolean {
  for (const field in part) if (field !== 'text' && field !== 'thought') return false;
  return typeof part.text === 'string';
}

function toUsage(usageMetadata: GenerateContentResponse['usageMetadata'] = {}): Usage {
  const promptTokens = usageMetadata.promptTokenCount ?? 0;
  const outputTokens = usageMetadata.candidatesTokenCount ?? 0;
  const thoughtTokens = usageMetadata.thoughtsTokenCount ?? 0;
  const totalTokens = usageMetadata.totalTokenCount ?? promptTokens + outputTokens + thoughtTokens;
  return { promptTokens, outputTokens, thoughtTokens, totalTokens };
}
