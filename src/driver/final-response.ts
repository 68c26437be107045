import type { GenerateResponse, StreamChunk } from './response.js';

/** Reads a stream up to its last chunk and returns the response in that chunk. */
export async function readFinalResponse(chunks: AsyncIterable<StreamChunk>, model: string): Promise<GenerateResponse> {
  for await (const { response } of chunks) if (response) return response;
  throw createUnfinishedStreamError(model);
}

/** Creates the error for a stream without a chunk that has the response. Such a stream is a bug in its driver. */
export function createUnfinishedStreamError(model: string): Error {
  return new Error(`the driver's stream for ${model} ended without a response`);
}
