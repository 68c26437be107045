import type { Tool } from '@google/genai';
import type { ToolName } from '../../facts/tools.js';

const tools: Readonly<Record<ToolName, Tool>> = {
  google_search: { googleSearch: {} },
  url_context: { urlContext: {} },
  code_execution: { codeExecution: {} },
};

/** Converts tools to the form of the API: one object for each. */
export function convertTools(names: readonly ToolName[]): Tool[] {
  return names.map((name) => tools[name]);
}

/** Returns the fields of parts in which the service may show its use of these tools. */
export function getToolPartFields(names: readonly ToolName[], { isLive = false } = {}): ReadonlySet<string> {
  const fields = new Set<string>();
  // The service may show each use of a tool as a call and a response.
  if (names.length > 0) for (const field of ['toolCall', 'toolResponse']) fields.add(field);
  // A Live model searches by running code (ai.google.dev/gemini-api/docs/live-tools, read 2026-11-30).
  if (names.includes('code_execution') || (isLive && names.length > 0))
    for (const field of ['executableCode', 'codeExecutionResult']) fields.add(field);
  return fields;
}
