import type { ReplyAudio } from '../driver/response.js';

const headerBytes = 44;
const bytesPerSample = 2;

/**
 * Encodes speech as a WAV file: a RIFF header of 44 bytes for uncompressed PCM (one channel, 16 bits), then the samples
 * (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", chapter 3).
 */
export function encodeWav({ pcm, sampleRate }: ReplyAudio): Uint8Array {
  // The service may have sent only one byte of the last sample.
  const samples = pcm.subarray(0, pcm.length - (pcm.length % bytesPerSample));
  const header = Buffer.alloc(headerBytes);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(headerBytes - 8 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  // The size of the format description, the format (1 is PCM), and the number of channels.
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * bytesPerSample, 28);
  header.writeUInt16LE(bytesPerSample, 32);
  header.writeUInt16LE(8 * bytesPerSample, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
