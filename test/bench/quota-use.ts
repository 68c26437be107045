import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeMarginMs } from '../../src/quota/limiter/schedule.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { computeQuotaUse, enforceQuota } from '../helpers/quota-enforcer.js';
import { printRow } from './measure.js';
import { bundleScript, type QuotaTask, runWorkers } from './workers.js';

const windowMs = 1500;
/** Requests per window: few enough that one process, which sends one request after another, can use them all. */
const requestsPerWindow = 6;
const windowCount = 10;
const processCounts = [1, 4, 16];
const serverWindows = ['sliding', 'fixed'] as const;
const model = 'gemini-flash-lite-latest';
/** The prompt of every request: 320 characters, which the server counts as 64 tokens and we first estimate as 80. */
const prompt = 'Say it. '.repeat(40);
const charactersPerToken = 5;

type Unit = 'requests' | 'tokens';
interface Round {
  script: string;
  processes: number;
  serverWindow: (typeof serverWindows)[number];
  unit: Unit;
}
interface Outcome {
  /** The share of the quota that was used: 1 is all of it. */
  share: number;
  rejections: number;
  replies: number;
  wallMs: number;
}

/**
 * Measures how much of a quota several processes use, and how often the server rejects a request. Together they send as
 * many requests as ten windows allow. Each process sends its requests one after another.
 *
 * A window allows n requests (`requestsPerWindow`). The use is 100% if request k + n comes exactly one window plus the
 * limiter's safety margin (`computeMarginMs`) after request k, for every k. The peer is measured in the same way. It
 * leaves no margin, so its use could be above 100%.
 */
export async function benchQuota(): Promise<void> {
  const ourScript = await bundleScript('quota-worker');
  const peerScript = 'test/bench/peers/sdk-loop.mjs';
  for (const unit of ['requests', 'tokens'] as const) {
    const rounds = processCounts.flatMap((processes) =>
      serverWindows.map((serverWindow) => ({ processes, serverWindow, unit })),
    );
    // The peers run in parallel: they mostly sleep, so they do not slow each other down.
    const peerOutcomes = await Promise.all(rounds.map((round) => runRound({ ...round, script: peerScript })));
    // Our rounds with few processes run in parallel, too. The rounds with 16 processes, the last in `rounds`, run one
    // after another, so that they do not slow each other down.
    const parallelRounds = rounds
      .filter(({ processes }) => processes < 16)
      .map((round) => runRound({ ...round, script: ourScript }));
    const ourOutcomes = await Promise.all(parallelRounds);
    for (const round of rounds.slice(ourOutcomes.length))
      ourOutcomes.push(await runRound({ ...round, script: ourScript }));
    for (const [index, round] of rounds.entries()) {
      printRow(...formatRow(round, ourOutcomes[index] as Outcome, peerOutcomes[index] as Outcome));
    }
  }
}

function formatRow({ processes, serverWindow, unit }: Omit<Round, 'script'>, ours: Outcome, peer: Outcome): string[] {
  const processLabel = processes === 1 ? '1 process' : `${processes} processes`;
  const label = `use of a quota of ${unit}, ${processLabel}, ${serverWindow} window, against the SDK's own retries`;
  return [
    label,
    formatOutcome(ours),
    formatOutcome(peer),
    (ours.share / peer.share).toFixed(2),
    '97% or more, 0 rejected',
  ];
}

async function runRound({ script, processes, serverWindow, unit }: Round): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-quota-'));
  const server = await startGeminiServer();
  const limit =
    unit === 'requests'
      ? { rpm: requestsPerWindow }
      : { tpm: (requestsPerWindow * prompt.length) / charactersPerToken };
  const log = enforceQuota(server, {
    windowMs,
    window: serverWindow,
    latencyMs: [20, 300],
    charactersPerToken,
    ...limit,
  });
  const tasks = Array.from({ length: processes }, (_, index): QuotaTask => {
    const requests = Math.floor((requestsPerWindow * windowCount + index) / processes);
    return { folder, baseUrl: server.url, requests, prompt, windowMs, ...limit };
  });
  const results = await runWorkers<{ replies: number }>(script, tasks);
  await server.close();
  rmSync(folder, { recursive: true });
  const accepted = log.accepted(model);
  return {
    share: computeQuotaUse(accepted, requestsPerWindow, windowMs + computeMarginMs(windowMs, 1)),
    rejections: log.rejected(model).length,
    replies: results.reduce((sum, { replies }) => sum + replies, 0),
    wallMs: (accepted.at(-1)?.at ?? 0) - (accepted[0]?.at ?? 0),
  };
}

function formatOutcome({ share, rejections, replies, wallMs }: Outcome): string {
  const missing = requestsPerWindow * windowCount - replies;
  const parts = [`${(share * 100).toFixed(1)}%`, `${rejections} rejected`, `${(wallMs / 1000).toFixed(1)} s`];
  return [...parts, ...(missing > 0 ? [`${missing} of ${replies + missing} lost`] : [])].join(', ');
}
