import type { GenerateContentResponse, Part } from '@google/genai';
import { continuesInNextHop } from '../../../driver/continuation.js';
import type { UsageReport } from '../../../driver/layers/usage-events.js';
import type { ReplyMedia } from '../../../driver/reply-media.js';
import type { FinishedHop, ModelTurn } from '../../../driver/request.js';
import type { ChunkMetadata, GenerateResponse } from '../../../driver/response.js';
import { classifyFinishReason, isBlockReason } from '../../../facts/finish-reasons.js';
import type { ToolName } from '../../../facts/tools.js';
import { isDeeperThan, isRecord, toRecords } from '../../../util/json.js';
import { stripModelPrefix } from '../../../util/model-name.js';
import { createToolUseCollector } from '../../tools/collect-tool-use.js';
import { getToolPartFields } from '../../tools/convert-tools.js';
import { mergeUsageMetadata, toUsage, toUsageAndDetails } from '../usage.js';
import { assertUsableReply, type BlockedPrompt } from './assert-usable-reply.js';
import { collectMedia, omitMedia, omitSound } from './collect-media.js';
import { appendPart, createPartCollector, isTextOnly } from './collect-parts.js';
import { describeNonTextParts } from './describe-parts.js';
import { removeThoughts } from './thoughts.js';

/** Collects the chunks of one response. */
export type ReplyCollector = ReturnType<typeof createReplyCollector>;

/**
 * Collects a reply from a unary response, or from the chunks of a stream. The SDK does not check what it returns, and
 * gateways write null for an empty list or leave fields out. So each field is used only if it has the type that the API
 * documents.
 * @param requestedModel reported as the reply's model if the service names none
 * @param finishedHops the earlier hops of a long reply. In the response of the last hop, `turn` contains the parts and
 *   the text of all hops, but `text` is only the text of that hop.
 * @param tools the tools that were asked for
 */
export function createReplyCollector(
  requestedModel: string,
  finishedHops: readonly FinishedHop[] = [],
  tools: readonly ToolName[] = [],
) {
  const toolUseCollector = createToolUseCollector(tools);
  const reply = createPartCollector();
  let fields: ReplyFields = { servedModel: stripModelPrefix(requestedModel), finishReason: '' };
  const buildUsageReport = (): UsageReport => ({
    model: fields.servedModel,
    ...toUsageAndDetails(fields.usageMetadata, {
      hasReply: reply.parts.length > 0,
      searches: toolUseCollector.searchCount,
    }),
  });

  return {
    /** Adds a chunk and returns the reply's text in it, without thoughts. */
    add(chunk: GenerateContentResponse): string {
      const candidate = findCandidate(chunk.candidates);
      // The SDK's getter `text` is not used, because it warns on the console about every other kind of part.
      const parts = getParts(candidate.content);
      fields = updateFields(fields, chunk, { ...candidate, parts });
      toolUseCollector.add(candidate, parts);
      return reply.add(parts);
    },
    get text() {
      return reply.text;
    },
    /** Returns the thoughts that were added since the last call. */
    takeThoughts: reply.takeThoughts,
    /** Whether the service said that the reply has ended: it gave a finish reason, or it blocked the prompt. */
    get isFinished() {
      return fields.finishReason !== '' || fields.blockedPrompt !== undefined;
    },
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      return toUsage(fields.usageMetadata, { hasReply: reply.parts.length > 0 }).outputTokens;
    },
    /**
     * The usage so far, as last reported. Undefined if nothing arrived. If a part of a reply arrived without a report,
     * the request was billed and its counts are unknown.
     */
    get usageReport(): UsageReport | undefined {
      return fields.usageMetadata || reply.parts.length > 0 ? buildUsageReport() : undefined;
    },
    /**
     * Describes the parts that are neither text nor media, such as `1 function call (search)`. Leaves out the parts that
     * show the use of a requested tool. Undefined if there are no parts to describe.
     */
    describeUnshownParts: () => describeNonTextParts(omitMedia(reply.parts), getToolPartFields(tools)),
    /** What the user must know about the use of tools, as sentences without a period. */
    listToolProblems: toolUseCollector.listProblems,
    /**
     * The reply that has ended.
     * @param finishMessage what the service says about the finish reason, on one line
     * @throws BoticelliError `blocked`, `truncated` or `empty_reply`, or `unavailable` for a hop without content
     */
    buildResponse(finishMessage?: string): GenerateResponse {
      const { servedModel: _, usageMetadata: __, finishReason, continuationToken, ...otherFields } = fields;
      const { text, parts } = reply;
      const ownTurn = createTurn(text, removeThoughts(parts), requestedModel, collectMedia(parts));
      const turn = continuesInNextHop(finishReason) ? ownTurn : joinHops(finishedHops, ownTurn);
      const response = { ...buildUsageReport(), text, finishReason, turn };
      assertUsableReply({ ...otherFields, ...response, text: turn.text, media: turn.media, parts, finishMessage });
      return {
        ...response,
        ...toolUseCollector.toolUse,
        ...(finishMessage !== undefined && { finishMessage }),
        ...(continuesInNextHop(finishReason) && continuationToken !== undefined && { continuationToken }),
      };
    },
  };
}

/** What a response has besides the parts of the reply. */
interface ReplyFields {
  servedModel: string;
  /** Empty until the service gives one. */
  finishReason: string;
  safetyRatings?: unknown;
  blockedPrompt?: BlockedPrompt | undefined;
  continuationToken?: string | undefined;
  usageMetadata?: GenerateContentResponse['usageMetadata'];
}

/** Any chunk may repeat a field, and the last value applies: some streams repeat STOP in every chunk. */
function updateFields(
  previous: ReplyFields,
  chunk: GenerateContentResponse,
  candidate: Record<string, unknown> & { parts: readonly Part[] },
): ReplyFields {
  const { finishReason, safetyRatings, continuationToken, parts } = candidate;
  return {
    servedModel: getModelName(chunk.modelVersion) ?? previous.servedModel,
    finishReason: isFinishReason(finishReason) ? finishReason : previous.finishReason,
    safetyRatings: safetyRatings ?? previous.safetyRatings,
    blockedPrompt: getBlockedPrompt(chunk.promptFeedback) ?? previous.blockedPrompt,
    continuationToken: updateToken(previous.continuationToken, continuationToken, parts),
    usageMetadata: mergeUsageMetadata(previous.usageMetadata, chunk.usageMetadata),
  };
}

function getModelName(modelVersion: unknown): string | undefined {
  return typeof modelVersion === 'string' && modelVersion !== '' ? stripModelPrefix(modelVersion) : undefined;
}

/**
 * Returns the candidate with the reply. Only one is ever requested, but a gateway may put a null before it, which the
 * SDK turns into an empty object.
 */
function findCandidate(candidates: unknown): Record<string, unknown> {
  return toRecords(candidates).find(({ content, finishReason }) => content != null || finishReason != null) ?? {};
}

function isFinishReason(value: unknown): value is string {
  return typeof value === 'string' && classifyFinishReason(value) !== 'missing';
}

function getBlockedPrompt(feedback: unknown): BlockedPrompt | undefined {
  if (!isRecord(feedback) || typeof feedback.blockReason !== 'string') return undefined;
  return isBlockReason(feedback.blockReason) ? { ...feedback, blockReason: feedback.blockReason } : undefined;
}

/**
 * The maximum depth of a part. A part may contain any JSON, such as the arguments of a function call. A deeper part
 * would overflow the stack when it is stored or sent back as JSON.
 */
const maxPartDepth = 500;

/**
 * Returns the parts of a candidate's content, without parts that are nested too deeply. If the field `text` of a part
 * is not a string, the field is left out.
 */
function getParts(content: unknown): Part[] {
  return toRecords(isRecord(content) ? content.parts : undefined)
    .filter((part) => !isDeeperThan(part, maxPartDepth))
    .map((part): Part => {
      if (!('text' in part) || typeof part.text === 'string') return part;
      const { text: _, ...otherFields } = part;
      return otherFields;
    });
}

/** The metadata of a chunk: the output tokens so far, if known. */
export function getTokenMetadata({ outputTokens }: { outputTokens: number | undefined }): ChunkMetadata {
  return outputTokens === undefined ? {} : { tokensGenerated: outputTokens };
}

/**
 * Returns the token that continues the reply after a chunk. A stream may also contain continuation tokens before its
 * end, each for the text up to its chunk. So a chunk with text and without a token makes an earlier token unusable.
 */
function updateToken(previous: string | undefined, token: unknown, parts: readonly Part[]): string | undefined {
  if (typeof token === 'string' && token !== '') return token;
  return parts.some(({ text }) => text) ? undefined : previous;
}

function createTurn(text: string, parts: Part[], model: string, media: readonly ReplyMedia[]): ModelTurn {
  const turn: ModelTurn = {
    role: 'model',
    text,
    model: stripModelPrefix(model),
    native: reuseText(text, omitSound(parts)),
  };
  return media.length === 0 ? turn : { ...turn, media };
}

/** Joins the turns of the hops of a long reply into one turn. */
function joinHops(finishedHops: readonly FinishedHop[], lastTurn: ModelTurn): ModelTurn {
  if (finishedHops.length === 0) return lastTurn;
  const turns = [...finishedHops.map(({ turn }) => turn), lastTurn];
  const parts: Part[] = [];
  for (const { text, native } of turns) {
    for (const part of Array.isArray(native) ? (native as Part[]) : [{ text }]) appendPart(parts, part);
  }
  const media = turns.flatMap((turn) => turn.media ?? []);
  return createTurn(turns.map(({ text }) => text).join(''), parts, lastTurn.model, media);
}

/**
 * Uses the reply's string for a part with the same text. Two separately joined strings would keep megabytes in memory
 * twice.
 */
function reuseText(text: string, parts: Part[]): Part[] {
  const [onlyPart] = parts;
  return parts.length === 1 && onlyPart && isTextOnly(onlyPart) && !onlyPart.thought ? [{ ...onlyPart, text }] : parts;
}
