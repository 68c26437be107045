import type { GenerateResponse, StreamChunk } from './response.js';

/** Reads a stream up to its finished chunk and returns the complete reply. */
export async function readFinalResponse(chunks: AsyncIterable<StreamChunk>, model: string): Promise<GenerateResponse> {
  for await (const { response } of chunks) if (response) return response;
  throw createUnfinishedStreamError(model);
}

/** Creates the error for a stream that ends without a finished chunk, which is a bug in its driver. */
export function createUnfinishedStreamError(model: string): Error {
  return new Error(`the driver's stream for ${model} ended without a finished chunk`);
}
