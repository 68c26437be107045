/**
 * A reason that the text of a rejection names. The first four reasons last until the user acts or a new month begins,
 * `spend-rate` ends within minutes, and `day` at midnight Pacific time. All reasons except `day` concern all models of
 * a project.
 */
export type QuotaReason = 'credits' | 'project-cap' | 'account-cap' | 'billing-off' | 'spend-rate' | 'day';

/**
 * The texts of Google's rejections, as public bug reports of 2026 quote them (read 2026-11-30). These rejections have
 * no details, so only the text says the reason:
 *
 * - "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects …" (429, and
 *   since September 2026 with status 402: discuss.ai.google.dev/t/183654)
 * - "Your project has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/spend …" (429)
 * - "Your billing account has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/billing …"
 *   (429)
 * - "This API method requires billing to be enabled. Please enable billing on project #…" (403)
 * - "You exceeded your spend-based rate limit. Your spending rate has exceeded the allowed limit …" (429)
 * - "Quota exceeded for quota metric '…' and limit 'GenerateRequestsPerDay…' of service '…'" (429,
 *   google-gemini/gemini-cli#10925)
 *
 * "Please check your plan and billing details" names no reason: it is also in the text of a per-minute limit. After
 * "Quota exceeded for", a line names only the limit that was exceeded, so a daily limit in it was exceeded. Any other
 * text that names both a limit per minute and a daily limit is not taken for daily, because a wrong guess would block
 * the model until midnight.
 */
const patterns: readonly [QuotaReason, RegExp][] = [
  ['spend-rate', /spend-based|spending rate/i],
  ['account-cap', /billing account\b.*\bspend(ing)? (cap|limit)/is],
  ['project-cap', /\bspend(ing)? (cap|limit)/i],
  ['credits', /\bcredits?\b.{0,30}\b(depleted|exhausted|used up)|\binsufficient (credits|balance|funds)/i],
  ['billing-off', /\bbilling\b.{0,40}\b(disabled|not enabled|turned off|closed|suspended)|\brequires billing/i],
  ['day', /\bquota exceeded for .*per.?day/i],
  [
    'day',
    /^(?!.*per.?min)(.*\b(quota|limit|exhausted|exceeded)\b.*(per.?day|daily)|.*(per.?day|daily).*\b(quota|limit))/is,
  ],
];

/** Returns the reason that the text of a rejection names, if any. */
export function findQuotaReason(text: string): QuotaReason | undefined {
  return patterns.find(([, pattern]) => pattern.test(text))?.[0];
}

/** A limit that the text of a rejection states. */
export interface TextLimit {
  /** As in `quotaMetric`. */
  metric: string;
  limit: number;
  model?: string;
}

/**
 * Parses the lines `* Quota exceeded for metric: generativelanguage.googleapis.com/…, limit: 0, model: gemini-x`. Only
 * these lines show a limit of 0: in the details, proto3 omits a `quotaValue` of 0, but an absent value is not always 0.
 */
export function parseLimitsInText(text: string): TextLimit[] {
  const lines = text.matchAll(/quota exceeded for metric: ([^\s,]+), limit: (\d+)(?:, model: ([\w.-]*\w))?/gi);
  return [...lines]
    .filter(([, , limit]) => Number.isSafeInteger(Number(limit)))
    .map(([, metric = '', limit, model]) => ({
      metric,
      limit: Number(limit),
      ...(model !== undefined && { model }),
    }));
}
