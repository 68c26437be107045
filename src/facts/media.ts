/** Facts about media in requests to Gemini. Each has its source and the date on which it was read. */

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
