import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeGuardMs } from '../../src/quota/limiter/schedule.js';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { computeQuotaUse, enforceQuota } from '../helpers/quota-enforcer.js';
import type { PrintRow } from './print-row.js';
import { bundleScript, type QuotaTask, runWorkers } from './workers.js';

const windowMs = 1500;
/** Requests that a window takes: so few that one process after another's reply can make them in a window. */
const requestsPerWindow = 6;
const windowCount = 10;
const processCounts = [1, 4, 16];
const kinds = ['sliding', 'fixed'] as const;
const model = 'gemini-flash-lite-latest';
/** In every request: 320 characters, 64 tokens by the server's count and 80 by our first estimate. */
const prompt = 'Say it. '.repeat(40);
const charactersPerToken = 5;

type Unit = 'requests' | 'tokens';
interface Round {
  script: string;
  processes: number;
  kind: (typeof kinds)[number];
  unit: Unit;
}
interface Outcome {
  share: number;
  refusals: number;
  replies: number;
  wallMs: number;
}

/**
 * Rows on how much of a quota is used, and how often the server had to refuse, by processes that share it: ten windows'
 * worth of requests, each process one after the other.
 *
 * 100% of the quota is used where each request came as soon after the one a window's worth before it as a window with its
 * guard allows (`shareOfQuota` says how that is computed). The peer is measured by the same length, though it has no guard.
 */
export async function benchQuota(printRow: PrintRow): Promise<void> {
  const ourScript = await bundleScript('quota-worker');
  const peerScript = 'test/bench/peers/sdk-loop.mjs';
  for (const unit of ['requests', 'tokens'] as const) {
    const rounds = processCounts.flatMap((processes) => kinds.map((kind) => ({ processes, kind, unit })));
    // The peers' rounds run side by side: they mostly sleep, and promise nothing that a busy machine could spoil.
    const peerOutcomes = await Promise.all(rounds.map((round) => runRound({ ...round, script: peerScript })));
    // So do ours where few processes wake at once.
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

function formatRow({ processes, kind, unit }: Omit<Round, 'script'>, ours: Outcome, peer: Outcome): string[] {
  const processLabel = processes === 1 ? '1 process' : `${processes} processes`;
  const label = `use of a quota of ${unit}, ${processLabel}, ${kind} window, against the SDK's own retries`;
  return [
    label,
    formatOutcome(ours),
    formatOutcome(peer),
    (ours.share / peer.share).toFixed(2),
    '97% or more, 0 refused',
  ];
}

async function runRound({ script, processes, kind, unit }: Round): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-quota-'));
  const server = await startGeminiServer();
  const limit =
    unit === 'requests'
      ? { rpm: requestsPerWindow }
      : { tpm: (requestsPerWindow * prompt.length) / charactersPerToken };
  const log = enforceQuota(server, { windowMs, kind, latencyMs: [20, 300], charactersPerToken, ...limit });
  const tasks = Array.from({ length: processes }, (_, index): QuotaTask => {
    const requests = Math.floor((requestsPerWindow * windowCount + index) / processes);
    return { folder, baseUrl: server.url, requests, prompt, windowMs, ...limit };
  });
  const results = await runWorkers<{ replies: number }>(script, tasks);
  await server.close();
  rmSync(folder, { recursive: true });
  const accepted = log.accepted(model);
  return {
    share: computeQuotaUse(accepted, requestsPerWindow, windowMs + computeGuardMs(windowMs, 1)),
    refusals: log.rejected(model).length,
    replies: results.reduce((sum, { replies }) => sum + replies, 0),
    wallMs: (accepted.at(-1)?.at ?? 0) - (accepted[0]?.at ?? 0),
  };
}

function formatOutcome({ share, refusals, replies, wallMs }: Outcome): string {
  const missing = requestsPerWindow * windowCount - replies;
  const parts = [`${(share * 100).toFixed(1)}%`, `${refusals} refused`, `${(wallMs / 1000).toFixed(1)} s`];
  return [...parts, ...(missing > 0 ? [`${missing} of ${replies + missing} lost`] : [])].join(', ');
}
