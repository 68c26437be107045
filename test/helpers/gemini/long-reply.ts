import { type ScriptedReply, textReply } from './replies.js';
import type { ReceivedRequest } from './send-reply.js';

/** A reply that the server sends in several hops, as Gemini 4 does for long replies. */
export interface LongReply {
  /** The text of each hop. */
  hopTexts: readonly string[];
  /** The whole text. */
  text: string;
  /** The sum of the usage of all hops. */
  usage: { promptTokens: number; outputTokens: number };
  /** Returns the hop that the continuation token of the request asks for; the first hop if the request has no token. */
  respond(request: ReceivedRequest): ScriptedReply;
}

/**
 * Creates a long reply of numbered words, one token each. As the service does, it counts the output of the earlier hops
 * as part of the prompt.
 * @param hopTokens the number of tokens of each hop
 */
export function createLongReply(hopTokens: readonly number[]): LongReply {
  const starts = hopTokens.map((_, hop) => hopTokens.slice(0, hop).reduce((sum, tokens) => sum + tokens, 0));
  const words = hopTokens.map((tokens, hop) =>
    // The emoji is two UTF-16 units but four bytes, so a test fails if bytes are counted as units, or units as bytes.
    Array.from({ length: tokens }, (_, index) => `\u{1f58b}${(starts[hop] ?? 0) + index} `),
  );
  const hopTexts = words.map((list) => list.join(''));
  const countPrompt = (hop: number) => 10 + (starts[hop] ?? 0);
  return {
    hopTexts,
    text: hopTexts.join(''),
    usage: {
      promptTokens: hopTokens.reduce((sum, _, hop) => sum + countPrompt(hop), 0),
      outputTokens: hopTokens.reduce((sum, tokens) => sum + tokens, 0),
    },
    respond({ body }) {
      const hop = body.continuationToken === undefined ? 0 : Number(body.continuationToken.replace(/^hop-/, ''));
      const [promptTokenCount, candidatesTokenCount] = [countPrompt(hop), hopTokens[hop] ?? 0];
      const totalTokenCount = promptTokenCount + candidatesTokenCount;
      return textReply(groupWords(words[hop] ?? []), {
        usage: { promptTokenCount, candidatesTokenCount, totalTokenCount },
        ...(hop < hopTokens.length - 1 && { finishReason: 'CONTINUATION', continuationToken: `hop-${hop + 1}` }),
      });
    },
  };
}

/** Joins words to at most 100 pieces. */
function groupWords(words: readonly string[]): string[] {
  const size = Math.ceil(words.length / 100);
  return Array.from({ length: Math.ceil(words.length / size) }, (_, index) =>
    words.slice(index * size, (index + 1) * size).join(''),
  );
}

/**
 * Creates a reply whose connection is lost after half of its chunks. The last chunk that is sent has the token counts
 * so far: the service sends them with every chunk.
 */
export function breakOff(reply: ScriptedReply): ScriptedReply {
  const { chunks = [] } = reply;
  const { promptTokenCount = 0, candidatesTokenCount = 0 } = (chunks.at(-1)?.usageMetadata ?? {}) as Counts;
  const counts = { promptTokenCount, candidatesTokenCount: candidatesTokenCount / 2 };
  const sent = chunks.slice(0, chunks.length / 2);
  const withCounts = sent.map((chunk, index) =>
    index < sent.length - 1 ? chunk : { ...chunk, usageMetadata: { ...counts, totalTokenCount: sum(counts) } },
  );
  return { ...reply, chunks: withCounts, end: 'destroy' };
}

interface Counts {
  promptTokenCount?: number;
  candidatesTokenCount?: number;
}

function sum({ promptTokenCount = 0, candidatesTokenCount = 0 }: Counts): number {
  return promptTokenCount + candidatesTokenCount;
}
