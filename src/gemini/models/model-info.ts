// The library's declarations import this file, so it must import neither the SDK's types nor the code
// that lists models.

/** A model that is available to the key, as the service lists it. */
export interface ModelInfo {
  /** Without `models/`. */
  name: string;
  /** Supported methods: `generateContent`, `bidiGenerateContent` (the Live API), `embedContent` … */
  methods: readonly string[];
  displayName?: string;
  description?: string;
  /** Maximum tokens of a prompt. */
  inputTokens?: number;
  /** Maximum tokens of a reply. */
  outputTokens?: number;
}

/** All models of a key, and the time of the list. */
export interface ModelList {
  /** In the service's order. */
  entries: readonly ModelInfo[];
  /** When the service sent the list, in milliseconds since the epoch. */
  listedAt: number;
}

/** A cache of the service's model list. Its methods never reject. */
export interface ModelListCache {
  /** The cached list, unless it is out of date. Makes no request. */
  read(): Promise<ModelList | undefined>;
  write(entries: readonly ModelInfo[]): Promise<void>;
}

/** The fields of an entry from an untrusted source: the service, or the database. */
export type UntrustedModelInfo = { readonly [Field in keyof ModelInfo]?: unknown };

/**
 * A longer `name` is rejected, and longer display names and descriptions are cut. Real names have up to 60 characters,
 * descriptions up to 700 (2026-11).
 */
const maxNameChars = 300;
const maxDescriptionChars = 5000;

/** Keeps the valid fields of an entry. Returns undefined if the name or the list of methods is missing or invalid. */
export function parseModelInfo({ name, methods, ...optionalFields }: UntrustedModelInfo): ModelInfo | undefined {
  if (!isNonEmptyString(name) || name.length > maxNameChars || !Array.isArray(methods)) return undefined;
  const { displayName, description, inputTokens, outputTokens } = optionalFields;
  return {
    name,
    methods: methods.filter(isNonEmptyString).slice(0, 100),
    ...(isNonEmptyString(displayName) && { displayName: displayName.slice(0, maxNameChars) }),
    ...(isNonEmptyString(description) && { description: description.slice(0, maxDescriptionChars) }),
    ...(isPositiveInteger(inputTokens) && { inputTokens }),
    ...(isPositiveInteger(outputTokens) && { outputTokens }),
  };
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The service sends 0 for limits that do not apply, for example for models that create videos. */
function isPositiveInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
