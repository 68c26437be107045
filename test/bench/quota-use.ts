import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardFor } from '../../src/quota/limiter/schedule.js';
import { startGeminiServer } from '../helpers/gemini-server.js';
import { enforceQuota } from '../helpers/quota-enforcer.js';
import { shareOfQuota } from '../helpers/quota-share.js';
import { type Assignment, bundled, setToWork } from './crew.js';
import type { Say } from './say.js';

const windowMs = 1500;
/** Requests that a window takes: so few that one process after another's reply can make them in a window. */
const perWindow = 6;
const windows = 10;
const crews = [1, 4, 16];
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
export async function quotaUse(say: Say): Promise<void> {
  const ours = await bundled('quota-worker');
  const theirs = 'test/bench/peers/sdk-loop.mjs';
  for (const unit of ['requests', 'tokens'] as const) {
    const rounds = crews.flatMap((processes) => kinds.map((kind) => ({ processes, kind, unit })));
    // The peers' rounds run side by side: they mostly sleep, and promise nothing that a busy machine could spoil.
    const peers = await Promise.all(rounds.map((round) => play({ ...round, script: theirs })));
    // So do ours where few processes wake at once.
    const few = rounds.filter(({ processes }) => processes < 16).map((round) => play({ ...round, script: ours }));
    const mine = await Promise.all(few);
    for (const round of rounds.slice(mine.length)) mine.push(await play({ ...round, script: ours }));
    for (const [index, round] of rounds.entries()) {
      say(...row(round, mine[index] as Outcome, peers[index] as Outcome));
    }
  }
}

function row({ processes, kind, unit }: Omit<Round, 'script'>, mine: Outcome, peer: Outcome): string[] {
  const crew = processes === 1 ? '1 process' : `${processes} processes`;
  const what = `use of a quota of ${unit}, ${crew}, ${kind} window, against the SDK's own retries`;
  return [what, told(mine), told(peer), (mine.share / peer.share).toFixed(2), '97% or more, 0 refused'];
}

async function play({ script, processes, kind, unit }: Round): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-quota-'));
  const server = await startGeminiServer();
  const limit = unit === 'requests' ? { rpm: perWindow } : { tpm: (perWindow * prompt.length) / charactersPerToken };
  const log = enforceQuota(server, { windowMs, kind, latencyMs: [20, 300], charactersPerToken, ...limit });
  const crew = Array.from({ length: processes }, (_, index): Assignment => {
    const requests = Math.floor((perWindow * windows + index) / processes);
    return { folder, baseUrl: server.url, requests, prompt, windowMs, ...limit };
  });
  const said = await setToWork<{ replies: number }>(script, crew);
  await server.close();
  rmSync(folder, { recursive: true });
  const accepted = log.accepted(model);
  return {
    share: shareOfQuota(accepted, perWindow, windowMs + guardFor(windowMs, 1)),
    refusals: log.refused(model).length,
    replies: said.reduce((sum, { replies }) => sum + replies, 0),
    wallMs: (accepted.at(-1)?.at ?? 0) - (accepted[0]?.at ?? 0),
  };
}

function told({ share, refusals, replies, wallMs }: Outcome): string {
  const lost = perWindow * windows - replies;
  const parts = [`${(share * 100).toFixed(1)}%`, `${refusals} refused`, `${(wallMs / 1000).toFixed(1)} s`];
  return [...parts, ...(lost > 0 ? [`${lost} of ${replies + lost} lost`] : [])].join(', ');
}
