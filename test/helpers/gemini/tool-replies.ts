import type { ScriptedReply, WirePart } from './replies.js';

/** Returns the redirect URL that Google gives instead of the address of a page. */
export const redirectUrl = (page: string) =>
  `https://vertexaisearch.cloud.google.com/grounding-api-redirect/AUZIYQ${page}`;

/** Creates the `groundingMetadata` of a reply that is based on web searches. */
export function createGrounding(queries: readonly string[], pages: readonly string[]) {
  return {
    webSearchQueries: queries,
    searchEntryPoint: { renderedContent: '<div>Search suggestions</div>' },
    groundingChunks: pages.map((page) => ({ web: { uri: redirectUrl(page), title: page } })),
    groundingSupports: pages.map((page, index) => ({
      segment: { startIndex: 0, endIndex: 3, text: page },
      groundingChunkIndices: [index],
    })),
  };
}

/** Creates a text reply whose last chunk says what was searched and found. Each search adds 20 tokens to the prompt. */
export function searchReply(
  pieces: readonly string[],
  queries: readonly string[],
  pages: readonly string[],
): ScriptedReply {
  const usageMetadata = {
    ...{ promptTokenCount: 10, candidatesTokenCount: pieces.length, toolUsePromptTokenCount: 20 * queries.length },
    totalTokenCount: 10 + pieces.length + 20 * queries.length,
  };
  const last = { groundingMetadata: createGrounding(queries, pages), finishReason: 'STOP' };
  return {
    chunks: pieces.map((text, index) => {
      const isLast = index === pieces.length - 1;
      const content = { role: 'model', parts: [{ text }] };
      return { candidates: [{ content, ...(isLast && last), index: 0 }], ...(isLast && { usageMetadata }) };
    }),
  };
}

/**
 * Creates a reply in which each part is a chunk of its own. (With `partsReply`, a chunk has a list of parts.)
 * @param candidate further fields of the last chunk's candidate
 */
export function partPerChunkReply(parts: readonly WirePart[], candidate: object = {}): ScriptedReply {
  return {
    chunks: parts.map((part, index) => {
      const isLast = index === parts.length - 1;
      return {
        candidates: [
          {
            content: { role: 'model', parts: [part] },
            ...(isLast && { finishReason: 'STOP', ...candidate }),
            index: 0,
          },
        ],
        ...(isLast && {
          usageMetadata: { promptTokenCount: 8, candidatesTokenCount: parts.length, totalTokenCount: 8 + parts.length },
        }),
      };
    }),
  };
}

/** Parts of a reply for which code ran, with the ids and the signature of Gemini 3. */
export const codeParts: readonly WirePart[] = [
  { text: 'Adding. ' },
  { executableCode: { language: 'PYTHON', code: 'print(sum([2, 3]))\n', id: 'c1' }, thoughtSignature: 'c2ln' },
  { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '5\n', id: 'c1' } },
  { text: 'It is 5.' },
];
