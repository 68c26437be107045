import type { ReplyAudio } from '../../driver/response.js';
import { getAudioDurationMs } from '../../driver/untranscribed-speech.js';
import type { SpeechChunk } from './read-message.js';

/** Joins the speech of a reply. */
export function createSpeechCollector() {
  const chunks: Uint8Array[] = [];
  let sampleRate = 24_000;
  return {
    /** Adds chunks and returns their duration in milliseconds. */
    add(added: readonly SpeechChunk[]): number {
      let durationMs = 0;
      for (const chunk of added) {
        chunks.push(chunk.pcm);
        sampleRate = chunk.sampleRate ?? sampleRate;
        durationMs += getAudioDurationMs({ pcm: chunk.pcm, sampleRate });
      }
      return durationMs;
    },
    toAudio: (): ReplyAudio | undefined => (chunks.length > 0 ? { pcm: Buffer.concat(chunks), sampleRate } : undefined),
  };
}
