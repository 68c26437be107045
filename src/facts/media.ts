/** Facts about media in requests to Gemini. Each has its source and the date on which it was read. */

import { getGeneration } from './model-facts.js';

/**
 * Maximum bytes of inline media in one request; larger media is uploaded first, through the Files API. In base64 this
 * is 20 MB, which was the service's limit for a whole request until 2026-01. The limit is now 100 MB
 * (ai.google.dev/gemini-api/docs/file-input-methods, read 2026-11), but gateways may still have the old one.
 */
export const maxInlineBytes = 15_000_000;

/** Maximum bytes of a whole request (ai.google.dev/gemini-api/docs/file-input-methods, read 2026-11). */
export const maxRequestBytes = 100_000_000;

/** Maximum bytes of a file in the Files API (ai.google.dev/gemini-api/docs/files, read 2026-11). */
export const maxUploadBytes = 2_000_000_000;

/** Maximum bytes of a PDF, inline or uploaded (ai.google.dev/gemini-api/docs/files, read 2026-11). */
export const maxPdfBytes = 50_000_000;

/** URLs of videos that the service fetches itself (ai.google.dev/gemini-api/docs/video-understanding, read 2026-11). */
export const youtubeUrlPattern =
  /^https?:\/\/((www\.|m\.)?youtube\.com\/(watch\?|shorts\/|live\/|embed\/)|youtu\.be\/)\S/i;

/** URLs of uploaded files, which the service keeps for 48 hours (ai.google.dev/gemini-api/docs/files, read 2026-11). */
export const filesApiUrlPattern = /^https:\/\/generativelanguage\.googleapis\.com\/v1(beta)?\/files\/[\w-]+$/;

/**
 * Media types that the Live API does not accept. It accepts images, audio and the text of a prompt, but no text files
 * (ai.google.dev/gemini-api/docs/live-api, read 2026-09).
 */
export const liveUnsupportedMimePattern = /^(video|text|application)\//;

/** The values of `media_resolution` (MediaResolution in ai.google.dev/api/generate-content, read 2026-11-30). */
export const mediaResolutions = ['low', 'medium', 'high'] as const;

/** One of `mediaResolutions`. */
export type MediaResolution = (typeof mediaResolutions)[number];

/**
 * Whether a model is known to reject `media_resolution` on a single part, rather than for the whole request. Gemini 3
 * and 4 accept both in v1beta (ai.google.dev/gemini-api/docs/generate-content/media-resolution, read 2026-11-30).
 */
export function rejectsPartResolution(model: string): boolean {
  return getGeneration(model) === 2;
}
