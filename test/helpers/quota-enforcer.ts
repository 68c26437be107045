import { dayQuotaError, minuteQuotaError, quotaError } from './gemini-errors.js';
import { type ScriptedReply, textReply } from './gemini-replies.js';
import type { GeminiServer, ReceivedRequest } from './gemini-server.js';
import { createRandom } from './random.js';

/** What the loopback server allows each model, as Google does: per project and model. */
export interface QuotaRules {
  /** The length of its "minute". */
  windowMs: number;
  /** `sliding` looks back from each request, `fixed` counts anew at every turn of a clock of its own. */
  kind: 'sliding' | 'fixed';
  /** Requests a window. */
  rpm?: number;
  /** Prompt tokens a window. */
  tpm?: number;
  /** Requests a day: it never comes round here. */
  rpd?: number;
  /** How long a request takes, at least and at most, after it has been counted. Default no time at all. */
  latencyMs?: [least: number, most: number];
  /** When a fixed window begins, after a multiple of its length. Default by the seed. */
  phaseMs?: number;
  /** Characters that make a prompt token, in the server's own count. Default 4. */
  charactersPerToken?: number;
  /** Where latencies and the phase come from. Default 1. */
  seed?: number;
}

/** One request for a reply, as the server decided it. */
export interface QuotaDecision {
  model: string;
  /** When it had arrived, in milliseconds since the epoch. */
  at: number;
  promptTokens: number;
  /** The limit that it would have gone beyond; absent where it got its reply. */
  exceededLimit?: 'rpm' | 'tpm' | 'rpd';
}

/** The server's own book. */
export interface QuotaLog {
  /** Every request, in the order of arrival. */
  decisions: readonly QuotaDecision[];
  /** Those that got a reply; of one model where it is named. */
  accepted(model?: string): QuotaDecision[];
  /** Those that got a 429. */
  rejected(model?: string): QuotaDecision[];
  /** The most requests that ever fell into one window, as the rules count windows. */
  maxRequestsInWindow(model?: string): number;
}

/**
 * Makes the server enforce quota as Google does: a request is counted when it arrives, and answered after its latency; a
 * refused one is not counted, and gets Google's 429 with what ran out, its limit, and when to come again.
 * @param overrides rules of single models, by name
 */
export function enforceQuota(
  server: GeminiServer,
  rules: QuotaRules,
  overrides: Record<string, Partial<QuotaRules>> = {},
): QuotaLog {
  const random = createRandom(rules.seed ?? 1);
  const phaseMs = rules.phaseMs ?? Math.floor(random() * rules.windowMs);
  const getRules = (model: string): ModelRules => ({ phaseMs, ...rules, ...overrides[model] });
  const decisions: QuotaDecision[] = [];
  const filterByModel = (model?: string) =>
    decisions.filter((decision) => model === undefined || decision.model === model);
  const accepted = (model?: string) => filterByModel(model).filter(({ exceededLimit }) => exceededLimit === undefined);

  server.setDefaultReply((request) => {
    const modelRules = getRules(request.model);
    const decision = decide(request, accepted(request.model), modelRules);
    decisions.push(decision);
    const [minLatencyMs, maxLatencyMs] = modelRules.latencyMs ?? [0, 0];
    const headersDelayMs = Math.round(minLatencyMs + random() * (maxLatencyMs - minLatencyMs));
    return { ...createResponse(decision, accepted(request.model), modelRules), headersDelayMs };
  });
  return {
    decisions,
    accepted,
    rejected: (model) => filterByModel(model).filter(({ exceededLimit }) => exceededLimit !== undefined),
    maxRequestsInWindow: (model) =>
      accepted(model).reduce((max, { model, at }, index, all) => {
        const soFar = all.slice(0, index + 1).filter((decision) => decision.model === model);
        return Math.max(
          max,
          soFar.length - soFar.findIndex((decision) => decision.at > windowStart(at, getRules(model))),
        );
      }, 0),
  };
}

type ModelRules = QuotaRules & { phaseMs: number };

/** A request is in the window of another if it came after this moment. */
function windowStart(at: number, { kind, windowMs, phaseMs }: ModelRules): number {
  if (kind === 'sliding') return at - windowMs;
  return Math.floor((at - phaseMs) / windowMs) * windowMs + phaseMs - 1;
}

function decide(request: ReceivedRequest, accepted: readonly QuotaDecision[], rules: ModelRules): QuotaDecision {
  const { model, receivedAtMs: at } = request;
  const promptTokens = countPromptTokens(request, rules.charactersPerToken);
  const { rpm = Number.POSITIVE_INFINITY, tpm = Number.POSITIVE_INFINITY, rpd = Number.POSITIVE_INFINITY } = rules;
  const inWindow = accepted.filter((decision) => decision.at > windowStart(at, rules));
  const tokens = inWindow.reduce((sum, decision) => sum + decision.promptTokens, 0);
  const decision = { model, at, promptTokens };
  if (accepted.length >= rpd) return { ...decision, exceededLimit: 'rpd' };
  if (inWindow.length >= rpm) return { ...decision, exceededLimit: 'rpm' };
  // As Google does, a request larger than all the tokens of a window is let through into an empty one.
  if (tokens > 0 && tokens + promptTokens > tpm) return { ...decision, exceededLimit: 'tpm' };
  return decision;
}

function createResponse(
  { model, at, promptTokens, exceededLimit }: QuotaDecision,
  accepted: QuotaDecision[],
  rules: ModelRules,
): ScriptedReply {
  if (exceededLimit === undefined) return createReply(model, accepted.length, promptTokens);
  if (exceededLimit === 'rpd') return dayQuotaError(model, { limit: String(rules.rpd) });
  const retryDelay = `${computeRetryDelayMs(at, accepted, rules) / 1000}s`;
  if (exceededLimit === 'rpm') return minuteQuotaError(model, { limit: String(rules.rpm), retryDelay });
  const quotaId = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
  const quotaMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';
  return quotaError([{ quotaId, quotaMetric, quotaValue: String(rules.tpm), model }], retryDelay);
}

/** How long until the oldest request leaves the window, or the window ends. */
function computeRetryDelayMs(at: number, accepted: readonly QuotaDecision[], rules: ModelRules): number {
  const start = windowStart(at, rules);
  if (rules.kind === 'fixed') return start + 1 + rules.windowMs - at;
  const oldest = accepted.find((decision) => decision.at > start);
  return (oldest?.at ?? at) + rules.windowMs - at;
}

function createReply(model: string, count: number, promptTokens: number): ScriptedReply {
  return textReply(`Reply ${count} of ${model}`, {
    usage: { promptTokenCount: promptTokens, candidatesTokenCount: 4, totalTokenCount: promptTokens + 4 },
  });
}

/** The server's own count: of the words alone, whatever the client thinks of them. */
function countPromptTokens({ body }: ReceivedRequest, charactersPerToken = 4): number {
  const contents: { parts?: { text?: string }[] }[] = [...(body?.contents ?? []), body?.systemInstruction ?? {}];
  const characters = contents.flatMap(({ parts = [] }) => parts.map((part) => part.text?.length ?? 0));
  return Math.max(1, Math.ceil(characters.reduce((sum, length) => sum + length, 0) / charactersPerToken));
}
