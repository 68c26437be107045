import { dayQuotaUsed, minuteQuotaUsed, quotaRefused } from './gemini-errors.js';
import { type Script, text } from './gemini-replies.js';
import type { GeminiServer, RecordedRequest } from './gemini-server.js';
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
export interface Decision {
  model: string;
  /** When it had arrived, in milliseconds since the epoch. */
  at: number;
  promptTokens: number;
  /** The limit that it would have gone beyond; absent where it got its reply. */
  refusedBy?: 'rpm' | 'tpm' | 'rpd';
}

/** The server's own book. */
export interface QuotaLog {
  /** Every request, in the order of arrival. */
  decisions: readonly Decision[];
  /** Those that got a reply; of one model where it is named. */
  accepted(model?: string): Decision[];
  /** Those that got a 429. */
  refused(model?: string): Decision[];
  /** The most requests that ever fell into one window, as the rules count windows. */
  fullestWindow(model?: string): number;
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
  const rulesOf = (model: string): Ruling => ({ phaseMs, ...rules, ...overrides[model] });
  const decisions: Decision[] = [];
  const ofModel = (model?: string) => decisions.filter((each) => model === undefined || each.model === model);
  const accepted = (model?: string) => ofModel(model).filter(({ refusedBy }) => refusedBy === undefined);

  server.replyAlways((request) => {
    const ruling = rulesOf(request.model);
    const decision = decide(request, accepted(request.model), ruling);
    decisions.push(decision);
    const [least, most] = ruling.latencyMs ?? [0, 0];
    const headersDelayMs = Math.round(least + random() * (most - least));
    return { ...answer(decision, accepted(request.model), ruling), headersDelayMs };
  });
  return {
    decisions,
    accepted,
    refused: (model) => ofModel(model).filter(({ refusedBy }) => refusedBy !== undefined),
    fullestWindow: (model) =>
      accepted(model).reduce((most, { model, at }, index, all) => {
        const sofar = all.slice(0, index + 1).filter((each) => each.model === model);
        return Math.max(most, sofar.length - sofar.findIndex((each) => each.at > windowStart(at, rulesOf(model))));
      }, 0),
  };
}

type Ruling = QuotaRules & { phaseMs: number };

/** A request is in the window of another if it came after this moment. */
function windowStart(at: number, { kind, windowMs, phaseMs }: Ruling): number {
  if (kind === 'sliding') return at - windowMs;
  return Math.floor((at - phaseMs) / windowMs) * windowMs + phaseMs - 1;
}

function decide(request: RecordedRequest, accepted: readonly Decision[], ruling: Ruling): Decision {
  const { model, at } = request;
  const promptTokens = promptTokensOf(request, ruling.charactersPerToken);
  const { rpm = Number.POSITIVE_INFINITY, tpm = Number.POSITIVE_INFINITY, rpd = Number.POSITIVE_INFINITY } = ruling;
  const inWindow = accepted.filter((each) => each.at > windowStart(at, ruling));
  const tokens = inWindow.reduce((sum, each) => sum + each.promptTokens, 0);
  const decision = { model, at, promptTokens };
  if (accepted.length >= rpd) return { ...decision, refusedBy: 'rpd' };
  if (inWindow.length >= rpm) return { ...decision, refusedBy: 'rpm' };
  // As Google does, a request larger than all the tokens of a window is let through into an empty one.
  if (tokens > 0 && tokens + promptTokens > tpm) return { ...decision, refusedBy: 'tpm' };
  return decision;
}

function answer({ model, at, promptTokens, refusedBy }: Decision, accepted: Decision[], ruling: Ruling): Script {
  if (refusedBy === undefined) return reply(model, accepted.length, promptTokens);
  if (refusedBy === 'rpd') return dayQuotaUsed(model, { limit: String(ruling.rpd) });
  const retryDelay = `${untilFree(at, accepted, ruling) / 1000}s`;
  if (refusedBy === 'rpm') return minuteQuotaUsed(model, { limit: String(ruling.rpm), retryDelay });
  const quotaId = 'GenerateContentInputTokensPerModelPerMinute-FreeTier';
  const quotaMetric = 'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count';
  return quotaRefused([{ quotaId, quotaMetric, quotaValue: String(ruling.tpm), model }], retryDelay);
}

/** How long until the oldest request leaves the window, or the window ends. */
function untilFree(at: number, accepted: readonly Decision[], ruling: Ruling): number {
  const start = windowStart(at, ruling);
  if (ruling.kind === 'fixed') return start + 1 + ruling.windowMs - at;
  const oldest = accepted.find((each) => each.at > start);
  return (oldest?.at ?? at) + ruling.windowMs - at;
}

function reply(model: string, count: number, promptTokens: number): Script {
  return text(`Reply ${count} of ${model}`, {
    usage: { promptTokenCount: promptTokens, candidatesTokenCount: 4, totalTokenCount: promptTokens + 4 },
  });
}

/** The server's own count: of the words alone, whatever the client thinks of them. */
function promptTokensOf({ body }: RecordedRequest, charactersPerToken = 4): number {
  const contents: { parts?: { text?: string }[] }[] = [...(body?.contents ?? []), body?.systemInstruction ?? {}];
  const characters = contents.flatMap(({ parts = [] }) => parts.map((part) => part.text?.length ?? 0));
  return Math.max(1, Math.ceil(characters.reduce((sum, length) => sum + length, 0) / charactersPerToken));
}
