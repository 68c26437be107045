// The fields of GenerateContentResponse (https://ai.google.dev/api/generate-content, read 2026-11-30).
const replyFields = ['candidates', 'promptFeedback', 'usageMetadata', 'modelVersion', 'responseId', 'modelStatus'];

/**
 * Whether a JSON object is a reply of Gemini or a chunk of one. An empty object is one too, because JSON of a protocol
 * buffer leaves out empty fields.
 */
export function isReplyBody(body: Record<string, unknown>): boolean {
  return replyFields.some((field) => field in body) || Object.keys(body).length === 0;
}

/** Whether the text of an event has a field that only Gemini's replies have. Does not parse the text. */
export function hasReplyField(json: string): boolean {
  // Quotes in a reply's text are escaped, so each of these can only be the name or value of a field.
  return json.includes('"candidates"') || json.includes('"promptFeedback"') || json.includes('"usageMetadata"');
}
