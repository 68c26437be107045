/** What the tools of the service did for a reply. A list without entries is absent. */
export interface ToolUse {
  /** The web pages that the reply is based on, each once. */
  sources?: readonly Source[];
  /** The queries of web searches, each once. */
  searches?: readonly string[];
  /** The code that the service ran, in order. */
  code?: readonly ExecutedCode[];
}

/** A web page that a reply is based on. */
export interface Source {
  title?: string;
  /** An http or https URL. */
  uri: string;
}

/** Code that the service ran in its own sandbox. */
export interface ExecutedCode {
  /** In lower case: `python`. */
  language: string;
  code: string;
  /** What the code printed, or why it failed. Absent if there is no output. */
  output?: string;
  /** The outcome of code that failed, in the service's words, such as `OUTCOME_FAILED`. Absent for successful code. */
  outcome?: string;
}

/** Returns only the lists of tool use from an object that may have other fields. Leaves out empty lists. */
export function pickToolUse({ sources, searches, code }: ToolUse): ToolUse {
  return {
    ...(sources && sources.length > 0 && { sources }),
    ...(searches && searches.length > 0 && { searches }),
    ...(code && code.length > 0 && { code }),
  };
}

/** Joins what the tools did in requests that belong to one reply. */
export function joinToolUse(parts: readonly ToolUse[]): ToolUse {
  const sources = new Map<string, Source>();
  for (const source of parts.flatMap((part) => part.sources ?? [])) {
    const known = sources.get(source.uri);
    if (known?.title === undefined) sources.set(source.uri, source);
  }
  return pickToolUse({
    sources: [...sources.values()],
    searches: [...new Set(parts.flatMap((part) => part.searches ?? []))],
    code: parts.flatMap((part) => part.code ?? []),
  });
}
