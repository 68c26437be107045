import type { Part } from '@google/genai';
import type { ReplyMedia } from '../../../driver/reply-media.js';
import { normalizeMimeType } from '../../../media/media-types.js';
import { encodeWav } from '../../../media/wav.js';
import { hasBase64Bytes, isRecord } from '../../../util/json.js';

/** Media as it arrived, before the pieces of a sound are joined. */
interface InlineMedia {
  mimeType: string;
  base64: string;
  /** For sound without a header: samples per second. */
  sampleRate?: number;
}

/**
 * Collects the pictures and sounds of a reply. Those in thoughts are left out: they are drafts. A stream sends a sound
 * in pieces of PCM. Adjacent pieces with the same sample rate become one WAV file.
 */
export function collectMedia(parts: readonly Part[]): ReplyMedia[] {
  const media: ReplyMedia[] = [];
  let speech: { sampleRate: number; pieces: Buffer[] } | undefined;
  const endSpeech = () => {
    if (speech) media.push(toWav(speech));
    speech = undefined;
  };
  for (const part of parts) {
    const inline = readInlineMedia(part);
    if (!inline) continue;
    const { sampleRate, ...item } = inline;
    if (speech?.sampleRate !== sampleRate) endSpeech();
    if (sampleRate === undefined) media.push(item);
    else {
      speech ??= { sampleRate, pieces: [] };
      speech.pieces.push(Buffer.from(inline.base64, 'base64'));
    }
  }
  endSpeech();
  return media;
}

/** Returns the parts without the media that `collectMedia` returns. */
export function omitMedia(parts: readonly Part[]): Part[] {
  return parts.filter((part) => !readInlineMedia(part));
}

/**
 * Returns the parts that are sent back to the model. Sound is left out: speech models read text aloud and accept only
 * text (ai.google.dev/gemini-api/docs/speech-generation, read 2026-11-30).
 */
export function omitSound(parts: Part[]): Part[] {
  const isSound = (part: Part) => readInlineMedia(part)?.mimeType.startsWith('audio/') ?? false;
  return parts.some(isSound) ? parts.filter((part) => !isSound(part)) : parts;
}

/**
 * Reads the media of a part. Undefined if it has none, if it is a thought, or if there are no bytes in valid base64.
 */
function readInlineMedia({ inlineData, thought }: Part): InlineMedia | undefined {
  if (thought || !isRecord(inlineData)) return undefined;
  const { mimeType, data } = inlineData as { mimeType?: unknown; data?: unknown };
  if (!hasBase64Bytes(data)) return undefined;
  const type = normalizeType(mimeType);
  const sampleRate = type === 'audio/l16' || type === 'audio/pcm' ? readSampleRate(String(mimeType)) : undefined;
  return { mimeType: type, base64: data, ...(sampleRate !== undefined && { sampleRate }) };
}

/** Gemini's sample rate, if the type names none. */
const defaultSampleRate = 24_000;

/** A higher rate counts as invalid, because no sound has one. */
const maxSampleRate = 1_000_000;

/** Reads the rate in `audio/L16;codec=pcm;rate=24000`. Returns Gemini's rate if it is absent or invalid. */
function readSampleRate(mimeType: string): number {
  const rate = Number(/;\s*rate=(\d{1,7})\b/i.exec(mimeType)?.[1] ?? defaultSampleRate);
  return rate > 0 && rate <= maxSampleRate ? rate : defaultSampleRate;
}

function normalizeType(mimeType: unknown): string {
  const type = normalizeMimeType(String(mimeType));
  return /^[a-z0-9][\w.+-]{0,60}\/[a-z0-9][\w.+-]{0,60}$/.test(type) ? type : 'application/octet-stream';
}

function toWav({ sampleRate, pieces }: { sampleRate: number; pieces: Buffer[] }): ReplyMedia {
  const wav = encodeWav({ pcm: Buffer.concat(pieces), sampleRate });
  return { mimeType: 'audio/wav', base64: Buffer.from(wav).toString('base64') };
}
