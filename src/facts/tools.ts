/** Facts about the tools that Google runs within a request. Each has its source and the date on which it was read. */

import { getGeneration } from './model-facts.js';

/** The tools that a narrative can name (ai.google.dev/gemini-api/docs/tools, read 2026-11-30). */
export const toolNames = ['google_search', 'url_context', 'code_execution'] as const;

/** One of `toolNames`. */
export type ToolName = (typeof toolNames)[number];

/**
 * The tools that Live models accept (ai.google.dev/gemini-api/docs/live-tools for 3.1 and 2.5 Live, and
 * /docs/models/gemini-3.8-live; read 2026-11-30).
 */
export const liveTools: readonly ToolName[] = ['google_search'];

/**
 * Whether a model is known to reject tools together with `format = "json"`. Gemini 2.5 answers 400 "Tool use with a
 * response mime type: 'application/json' is unsupported" (snailyp/gemini-balance#264, seen 2025-07). Gemini 3 accepts
 * both (third party: pydantic/pydantic-ai#4848, 2026-03; read 2026-11-30).
 */
export function rejectsToolsWithJson(model: string): boolean {
  return getGeneration(model) === 2;
}
