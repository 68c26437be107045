import { BoticelliError } from '../errors.js';
import type { ReplyAudio } from './response.js';

/**
 * The error for a spoken reply that has no transcript and therefore no text. The reply has been billed, so the error
 * carries the audio for callers that save it.
 */
export class UntranscribedSpeech extends BoticelliError {
  readonly audio: ReplyAudio;

  constructor(audio: ReplyAudio) {
    const seconds = (getAudioDurationMs(audio) / 1000).toFixed(1);
    super('empty_reply', `the reply has no text, only ${seconds} s of speech without a transcript`, {
      hint: 'Try again, or use another model. --out-dir saves the speech.',
    });
    this.name = 'UntranscribedSpeech';
    this.audio = audio;
  }
}

/** Returns the duration of speech, in milliseconds. */
export function getAudioDurationMs({ pcm, sampleRate }: ReplyAudio): number {
  // Two bytes per sample.
  return Math.round((pcm.length / 2 / sampleRate) * 1000);
}
