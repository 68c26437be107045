// Apart from what lists models: the library's declarations stand on these, and so need none of the SDK's.

/** A model that the key can reach, as the service lists it. */
export interface ModelInfo {
  /** Without `models/`. */
  name: string;
  /** How it can be asked: `generateContent`, `bidiGenerateContent` (the Live API), `embedContent` … */
  methods: readonly string[];
  /** What Google calls it. */
  displayName?: string;
  description?: string;
  /** The most tokens of a prompt. */
  inputTokens?: number;
  /** The most tokens of a reply. */
  outputTokens?: number;
}

/** All models of a key, and when they were listed. */
export interface ModelList {
  /** In the service's order. */
  entries: readonly ModelInfo[];
  /** Milliseconds since the epoch. */
  listedAt: number;
}

/** What a driver knows of the service's list of models, and where it puts what it learns. Neither ever rejects. */
export interface ModelListCache {
  /** The list, where it is known and not out of date. Makes no request. */
  read(): Promise<ModelList | undefined>;
  write(entries: readonly ModelInfo[]): Promise<void>;
}

/** The fields of an entry as they come from outside: from a service, or from a file that anyone could have written. */
export type UntrustedModelInfo = { readonly [Field in keyof ModelInfo]?: unknown };

/** An entry with those of the fields that are what they should be; undefined without a name and methods. */
export function parseModelInfo({ name, methods, ...rest }: UntrustedModelInfo): ModelInfo | undefined {
  if (!isNonEmptyString(name) || !Array.isArray(methods)) return undefined;
  const { displayName, description, inputTokens, outputTokens } = rest;
  return {
    name,
    methods: methods.filter(isNonEmptyString),
    ...(isNonEmptyString(displayName) && { displayName }),
    ...(isNonEmptyString(description) && { description }),
    ...(isPositiveInteger(inputTokens) && { inputTokens }),
    ...(isPositiveInteger(outputTokens) && { outputTokens }),
  };
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The service says 0 where a limit means nothing, as for models that make films. */
function isPositiveInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
