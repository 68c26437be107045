import type { GenerateResponse, TokenDetails, TokensByModality, Usage } from '../../driver/response.js';
import { isRecord } from '../../util/json.js';

interface UsageOptions {
  /** Whether a part of a reply arrived. An absent count of its tokens is then unknown rather than 0. */
  hasReply: boolean;
  /** The number of web searches for the reply. The metadata does not state it. Default 0. */
  searches?: number;
}

/**
 * Merges the `usageMetadata` of a chunk into that of the earlier chunks. The counts are running totals, so the last
 * value of each applies. A chunk may omit a count or give it as null.
 */
export function mergeUsageMetadata<Metadata extends object>(
  previous: Metadata | undefined,
  latest: Metadata | undefined,
): Metadata | undefined {
  if (!isRecord(latest)) return previous;
  const stated = Object.fromEntries(Object.entries(latest).filter(([, value]) => !isAbsent(value)));
  return { ...previous, ...stated } as Metadata;
}

/**
 * Converts the `usageMetadata` of a response or of a Live message: all counts, and the details on which the price
 * depends besides them. `toUsage` converts the counts alone.
 */
export function toUsageAndDetails(
  metadata: unknown,
  options: UsageOptions,
): Pick<GenerateResponse, 'usage' | 'tokenDetails'> {
  const details = toTokenDetails(metadata);
  const tokenDetails = options.searches ? { ...details, searches: options.searches } : details;
  return { usage: toUsage(metadata, options), ...(tokenDetails && { tokenDetails }) };
}

/**
 * Converts the counts. Gateways may send anything as a count. A count that is not a whole number from 0 to 2^53 − 1 is
 * unknown.
 *
 * The service leaves out counts of 0, as proto3 does. If it counted the prompt, an absent count of cached, tool or
 * thought tokens is therefore 0. If it did not count the prompt, every absent count is unknown: some responses contain
 * nothing but `trafficType` (seen 2026, neuron-core/neuron-ai#443).
 */
export function toUsage(metadata: unknown, { hasReply }: UsageOptions): Usage {
  if (!isRecord(metadata)) return {};
  const promptTokens = readCount(metadata.promptTokenCount);
  const readOptional = (value: unknown) => (isAbsent(value) && promptTokens !== undefined ? 0 : readCount(value));
  const cachedTokens = readOptional(metadata.cachedContentTokenCount);
  const toolTokens = readOptional(metadata.toolUsePromptTokenCount);
  const thoughtTokens = readOptional(metadata.thoughtsTokenCount);
  const statedTotal = readCount(metadata.totalTokenCount);
  const statedOutput = readCount(metadata.candidatesTokenCount ?? metadata.responseTokenCount);
  const nonOutputTokens = addCounts([promptTokens, toolTokens, thoughtTokens]);
  const outputTokens = statedOutput ?? deriveOutputTokens(nonOutputTokens, statedTotal, hasReply);
  const totalTokens = statedTotal ?? addCounts([nonOutputTokens, outputTokens]);
  return {
    ...(promptTokens !== undefined && { promptTokens }),
    // Cached tokens are part of the prompt, so a larger count is a mistake of the service.
    ...(cachedTokens && promptTokens && { cachedTokens: Math.min(cachedTokens, promptTokens) }),
    ...(toolTokens && { toolTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(thoughtTokens !== undefined && { thoughtTokens }),
    ...(totalTokens !== undefined && { totalTokens }),
  };
}

/**
 * Derives the output tokens from the total. Without a total and without a reply, they are 0. Returns undefined if they
 * are unknown, or if the counts contradict each other.
 */
function deriveOutputTokens(nonOutputTokens: number | undefined, total: number | undefined, hasReply: boolean) {
  if (nonOutputTokens === undefined) return undefined;
  const outputTokens = total === undefined ? 0 : total - nonOutputTokens;
  return outputTokens > 0 || (outputTokens === 0 && !hasReply) ? outputTokens : undefined;
}

/**
 * Converts what the price depends on besides the counts: the breakdown by modality, the service tier, and whether the
 * count of cached or tool tokens is invalid. Returns undefined if there are no such details.
 */
function toTokenDetails(metadata: unknown): TokenDetails | undefined {
  if (!isRecord(metadata)) return undefined;
  const prompt = readModalities(metadata.promptTokensDetails);
  const cached = readModalities(metadata.cacheTokensDetails);
  const output = readModalities(metadata.candidatesTokensDetails ?? metadata.responseTokensDetails);
  // The tier arrives in lower case from the API, and in upper case from some gateways.
  const { serviceTier } = metadata;
  // `Usage` omits these two counts if they are 0, so only this flag tells 0 from invalid.
  const hasInvalidCachedOrToolCount = [metadata.cachedContentTokenCount, metadata.toolUsePromptTokenCount].some(
    (count) => !isAbsent(count) && readCount(count) === undefined,
  );
  const details: TokenDetails = {
    ...(prompt && { prompt }),
    ...(cached && { cached }),
    ...(output && { output }),
    ...(typeof serviceTier === 'string' && { serviceTier: serviceTier.toLowerCase() }),
    ...(hasInvalidCachedOrToolCount && { hasInvalidCount: true }),
  };
  return Object.keys(details).length > 0 ? details : undefined;
}

/**
 * Reads a list of `{modality, tokenCount}`. Returns undefined if the list is absent or empty, or if an entry is not
 * valid.
 */
function readModalities(list: unknown): TokensByModality | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const tokens: Record<string, number> = {};
  for (const entry of list) {
    if (!isRecord(entry)) return undefined;
    const count = isAbsent(entry.tokenCount) ? 0 : readCount(entry.tokenCount);
    if (count === undefined) return undefined;
    // The API treats an unspecified modality as text (MediaModality in @google/genai 2.32).
    const name = typeof entry.modality === 'string' ? entry.modality.toUpperCase() : 'TEXT';
    const modality = name === 'MODALITY_UNSPECIFIED' ? 'TEXT' : name;
    tokens[modality] = (tokens[modality] ?? 0) + count;
  }
  return tokens;
}

function addCounts(counts: readonly (number | undefined)[]): number | undefined {
  const sum = counts.reduce<number | undefined>(
    (subtotal, count) => (subtotal === undefined || count === undefined ? undefined : subtotal + count),
    0,
  );
  return readCount(sum);
}

function readCount(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** Whether a field is missing. proto3 writes a missing field as null in some JSON formats. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
