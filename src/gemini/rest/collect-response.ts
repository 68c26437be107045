import type { GenerateContentResponse, Part } from '@google/genai';
import type { BilledResponse } from '../../driver/layers/usage-events.js';
import type { ChunkMetadata, GenerateResponse, Usage } from '../../driver/response.js';
import { classifyFinishReason, isBlockReason } from '../../facts/finish-reasons.js';
import { isRecord } from '../../util/json.js';
import { stripModelPrefix } from '../../util/model-name.js';
import { assertUsableReply, type BlockedPrompt } from './assert-usable-reply.js';
import { describeNonTextParts } from './describe-parts.js';

export type ReplyCollector = ReturnType<typeof createReplyCollector>;

/**
 * Collects a reply from a unary response, or from the chunks of a stream. The SDK does not check what it returns, and
 * gateways write null for an empty list or leave fields out. So each field is used only if it has the type that the API
 * documents.
 * @param requestedModel reported as the reply's model if the service names none
 */
export function createReplyCollector(requestedModel: string) {
  const nativeParts: Part[] = [];
  let text = '';
  // Any chunk may repeat these fields, and the last value applies: some streams repeat STOP in every chunk.
  let servedModel = stripModelPrefix(requestedModel);
  let finishReason = '';
  let safetyRatings: unknown;
  let blockedPrompt: BlockedPrompt | undefined;
  let usageMetadata: GenerateContentResponse['usageMetadata'];

  return {
    /** Adds a chunk and returns the reply's text in it, without thoughts. */
    add(chunk: GenerateContentResponse): string {
      servedModel = getModelName(chunk.modelVersion) ?? servedModel;
      blockedPrompt = getBlockedPrompt(chunk.promptFeedback) ?? blockedPrompt;
      // The counts are running totals. They are merged field by field, because not every chunk has every count.
      if (isRecord(chunk.usageMetadata)) usageMetadata = { ...usageMetadata, ...chunk.usageMetadata };
      const candidate = findCandidate(chunk.candidates);
      if (isFinishReason(candidate.finishReason)) finishReason = candidate.finishReason;
      safetyRatings = candidate.safetyRatings ?? safetyRatings;
      // The SDK's getter `text` is not used, because it warns on the console about every other kind of part.
      let added = '';
      for (const part of getParts(candidate.content)) {
        appendPart(nativeParts, part);
        if (typeof part.text === 'string' && !part.thought) added += part.text;
      }
      text += added;
      return added;
    },
    get text() {
      return text;
    },
    /** Whether the service said that the reply has ended: it gave a finish reason, or it blocked the prompt. */
    get isFinished() {
      return finishReason !== '' || blockedPrompt !== undefined;
    },
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      return usageMetadata?.candidatesTokenCount;
    },
    /** The usage so far, as last reported; undefined if the service has reported none. */
    get billed(): BilledResponse | undefined {
      return usageMetadata && { model: servedModel, usage: toUsage(usageMetadata) };
    },
    /** What the reply has besides text, such as `1 picture (image/png)`; undefined if it has nothing else. */
    describeOtherParts: () => describeNonTextParts(nativeParts),
    /**
     * The reply that has ended.
     * @param finishMessage what the service says about the finish reason, on one line
     * @throws BoticelliError `blocked`, `truncated` or `empty_reply`
     */
    buildResponse(finishMessage?: string): GenerateResponse {
      const usage = toUsage(usageMetadata);
      assertUsableReply({ text, parts: nativeParts, finishReason, finishMessage, safetyRatings, blockedPrompt, usage });
      return {
        text,
        model: servedModel,
        finishReason,
        ...(finishMessage !== undefined && { finishMessage }),
        usage,
        turn: { role: 'model', text, model: stripModelPrefix(requestedModel), native: reuseText(text, nativeParts) },
      };
    },
  };
}

function getModelName(modelVersion: unknown): string | undefined {
  return typeof modelVersion === 'string' && modelVersion !== '' ? stripModelPrefix(modelVersion) : undefined;
}

/** Returns the reply's candidate. Only one is ever requested. The SDK turns a null before it into an empty object. */
function findCandidate(candidates: unknown): Record<string, unknown> {
  const list: unknown[] = Array.isArray(candidates) ? candidates : [];
  return list.filter(isRecord).find((candidate) => Object.keys(candidate).length > 0) ?? {};
}

function isFinishReason(value: unknown): value is string {
  return typeof value === 'string' && classifyFinishReason(value) !== 'missing';
}

function getBlockedPrompt(feedback: unknown): BlockedPrompt | undefined {
  if (!isRecord(feedback) || typeof feedback.blockReason !== 'string') return undefined;
  return isBlockReason(feedback.blockReason) ? { ...feedback, blockReason: feedback.blockReason } : undefined;
}

/** Returns the parts of a candidate's content. A text that is not a string is left out of its part. */
function getParts(content: unknown): Part[] {
  const parts = isRecord(content) && Array.isArray(content.parts) ? content.parts.filter(isRecord) : [];
  return parts.map((part): Part => {
    if (!('text' in part) || typeof part.text === 'string') return part;
    const { text: _, ...rest } = part;
    return rest;
  });
}

/** The metadata of a chunk: the output tokens so far, if known. */
export function getTokenMetadata({ outputTokens }: { outputTokens: number | undefined }): ChunkMetadata {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}

/** Joins adjacent plain texts, so that a streamed reply is sent back to the model in the same form as a unary reply. */
function appendPart(parts: Part[], part: Part): void {
  if (!part.text && hasOnlyText(part)) return;
  const previous = parts.at(-1);
  if (previous && isTextOnly(previous) && isTextOnly(part) && Boolean(previous.thought) === Boolean(part.thought)) {
    parts[parts.length - 1] = { ...previous, text: `${previous.text}${part.text}` };
  } else parts.push(part);
}

/**
 * Uses the reply's string for a part with the same text. Two separately joined strings would keep megabytes in memory
 * twice.
 */
function reuseText(text: string, parts: Part[]): Part[] {
  const [onlyPart] = parts;
  return parts.length === 1 && onlyPart && isTextOnly(onlyPart) && !onlyPart.thought ? [{ ...onlyPart, text }] : parts;
}

function isTextOnly(part: Part): boolean {
  return typeof part.text === 'string' && hasOnlyText(part);
}

function hasOnlyText(part: Part): boolean {
  for (const field in part) if (field !== 'text' && field !== 'thought') return false;
  return true;
}

type TokenCounts = Pick<
  NonNullable<GenerateContentResponse['usageMetadata']>,
  'promptTokenCount' | 'candidatesTokenCount' | 'thoughtsTokenCount' | 'totalTokenCount'
>;

/** Converts the service's counts. */
export function toUsage(counts: { [Field in keyof TokenCounts]: TokenCounts[Field] | undefined } = {}): Usage {
  const promptTokens = counts.promptTokenCount ?? 0;
  const outputTokens = counts.candidatesTokenCount ?? 0;
  const thoughtTokens = counts.thoughtsTokenCount ?? 0;
  const totalTokens = counts.totalTokenCount ?? promptTokens + outputTokens + thoughtTokens;
  return { promptTokens, outputTokens, thoughtTokens, totalTokens };
}
