import type { LiveServerMessage, Part } from '@google/genai';
import type { Clock } from '../../driver/clock.js';
import type { UsageReport } from '../../driver/layers/usage-events.js';
import type { ToolName } from '../../facts/tools.js';
import { describeNonTextParts } from '../rest/reply/describe-parts.js';
import { createThoughtBuffer } from '../rest/reply/thoughts.js';
import { mergeUsageMetadata, toUsage, toUsageAndDetails } from '../rest/usage.js';
import { createToolUseCollector } from '../tools/collect-tool-use.js';
import { getToolPartFields } from '../tools/convert-tools.js';
import { buildLiveResponse } from './build-response.js';
import { createSpeechCollector } from './collect-speech.js';
import { createTextCollector } from './collect-text.js';
import type { LiveMode } from './options.js';
import { readMessage } from './read-message.js';
import { createTurnProgress } from './turn-progress.js';

/** Collects the messages of one turn. */
export type LiveReplyCollector = ReturnType<typeof createLiveReplyCollector>;

/**
 * Creates a collector for the messages of one turn. It builds the reply from them.
 * @param mode how the model takes prompts and sends replies
 * @param tools the tools that were asked for
 */
export function createLiveReplyCollector(model: string, mode: LiveMode, clock: Clock, tools: readonly ToolName[] = []) {
  const toolUseCollector = createToolUseCollector(tools);
  const progress = createTurnProgress(mode.replyModality, clock);
  const reply = createTextCollector(mode.replyModality);
  const speech = createSpeechCollector();
  const otherParts: Part[] = [];
  let turnCompleteReason = '';
  const thoughts = createThoughtBuffer();
  let counts: LiveServerMessage['usageMetadata'];
  const buildUsageReport = (): UsageReport => ({
    model,
    ...toUsageAndDetails(counts, { hasReply: progress.hasBegun, searches: toolUseCollector.searchCount }),
  });

  return {
    /** Adds a message and returns the text that it adds to the reply. */
    add(message: LiveServerMessage): string {
      counts = mergeUsageMetadata(counts, message.usageMetadata);
      const update = readMessage(message);
      const speechMs = speech.add(update.speech);
      progress.update(update, speechMs);
      toolUseCollector.add(update.serverContent, update.otherParts);
      otherParts.push(...update.otherParts);
      thoughts.add(update.thoughts);
      turnCompleteReason = update.turnCompleteReason || turnCompleteReason;
      return reply.add(update);
    },
    /**
     * Call this at the end of the turn. If a spoken reply has no transcript, the text that the model wrote becomes the
     * reply. If a written reply has no text, the transcript of what the model spoke becomes the reply. Returns the text
     * that became the reply in this way, or an empty text.
     */
    takeSubstituteText: reply.takeSubstituteText,
    /** Returns the thoughts that were added since the last call. */
    takeThoughts: thoughts.take,
    get text() {
      return reply.text;
    },
    progress,
    /** Output tokens so far, if the service has reported them. */
    get outputTokens() {
      return toUsage(counts, { hasReply: progress.hasBegun }).outputTokens;
    },
    /** The usage so far; undefined if nothing arrived. The counts are unknown until the service reports them. */
    get usageReport(): UsageReport | undefined {
      return counts || progress.hasBegun ? buildUsageReport() : undefined;
    },
    /**
     * Describes the parts that are neither text nor speech, such as `1 picture (image/png)`. Leaves out the parts that
     * show the use of a requested tool. Undefined if there are no parts to describe.
     */
    describeUnshownParts: () => describeNonTextParts(otherParts, getToolPartFields(tools, { isLive: true })),
    /** What the user must know about the use of tools, as sentences without a period. */
    listToolProblems: toolUseCollector.listProblems,
    /** The reply of a turn that is over. @throws BoticelliError `blocked` or `empty_reply` */
    buildResponse: () =>
      buildLiveResponse({
        ...buildUsageReport(),
        ...{ text: reply.text, audio: speech.toAudio(), otherParts, turnCompleteReason },
        toolUse: toolUseCollector.toolUse,
      }),
  };
}
