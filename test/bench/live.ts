import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GenerateRequest, Turn } from '../../src/driver/request.js';
import { createConnection } from '../../src/gemini/connection.js';
import { createLiveDriver } from '../../src/gemini/live/driver.js';
import { bytesPerPiece, createTurnEnd, serverContent, spokenReply } from '../helpers/gemini/live-replies.js';
import { createChunk, formatSseEvent, packetReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { formatMs, type MeasuredProgram, printRow, quantile, runNode, type TimedCommand } from './measure.js';

const model = 'gemini-3.8-live';
const rounds = 15;
const acts = 10;

/** Measures Live against a bare WebSocket reader, SSE against bare fetch, and one session against one per act. */
export async function benchLive(program: MeasuredProgram): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-live-'));
  const writeNarrative = (modelName: string) => {
    const file = join(folder, `${modelName}.toml`);
    const text = `[narrative]\nname = "one"\nmodel = "${modelName}"\n[toc]\norder = ["a"]\n[acts]\na = "Question 1"\n`;
    writeFileSync(file, text);
    return file;
  };
  const getPeerPath = (name: string) => `test/bench/peers/${name}.mjs`;
  const commandsByApi = {
    Live: [writeNarrative(model), getPeerPath('ws-stream')],
    SSE: [writeNarrative('gemini-flash-lite-latest'), getPeerPath('fetch-stream')],
  };
  for (const [api, [file = '', peerScript = '']] of Object.entries(commandsByApi)) {
    const server = await startGeminiServer();
    // The events of this reply end with LF, not CRLF, because the bare reader expects LF.
    server.setDefaultReply(
      packetReply(formatSseEvent(createChunk('Hello')), formatSseEvent(createChunk(' you', 'STOP'))),
    );
    const env = program.createEnvironment(server.url);
    const first = await measureFirstTokens(
      { args: [program.bin, 'run', file, '--stream'], env },
      { args: [peerScript], env },
    );
    const ratio = (first.ours / first.peer).toFixed(2);
    const label = `time from the start of the process to the first token over ${api}, against a bare reader`;
    printRow(label, formatMs(first.ours), formatMs(first.peer), ratio, '');
    await server.close();
  }
  await benchLiveTokenDelays(program, commandsByApi.Live);
  await benchSessions();
  rmSync(folder, { recursive: true });
}

/** Measures the time from the start of a program to its first output: medians of alternating pairs. */
async function measureFirstTokens(ours: TimedCommand, peer: TimedCommand): Promise<{ ours: number; peer: number }> {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [side, timed] of [
      ['ours', ours],
      ['peer', peer],
    ] as const) {
      const startedAt = performance.now();
      let first = Number.NaN;
      await runNode(timed, () => {
        if (Number.isNaN(first)) first = performance.now() - startedAt;
      });
      // The first round fills the caches of the file system and is not counted.
      if (round > 0) times[side].push(first);
    }
  }
  return { ours: quantile(times.ours, 0.5), peer: quantile(times.peer, 0.5) };
}

/**
 * Measures how long a token takes from the server to standard output. Each token contains the time it was sent. Takes
 * the minimum of three rounds, because other load can only increase a delay.
 */
async function benchLiveTokenDelays(
  { bin, createEnvironment }: MeasuredProgram,
  [file = '', peerScript = '']: string[],
): Promise<void> {
  const best = { ours: Number.POSITIVE_INFINITY, peer: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 3; round += 1) {
    for (const [side, args] of [
      ['ours', [bin, 'run', file, '--stream']],
      ['peer', [peerScript]],
    ] as const) {
      best[side] = Math.min(
        best[side],
        await measureLiveTokenDelay((url) => ({ args: [...args], env: createEnvironment(url) })),
      );
    }
  }
  const added = `+${formatMs(best.ours - best.peer)}`;
  const label = 'delay of a token over Live, p50, against a bare reader';
  printRow(label, formatMs(best.ours), formatMs(best.peer), added, 'under +1 ms');
}

async function measureLiveTokenDelay(createClient: (baseUrl: string) => TimedCommand): Promise<number> {
  const server = await startGeminiServer();
  const sound = {
    inlineData: { mimeType: 'audio/pcm;rate=24000', data: Buffer.alloc(bytesPerPiece).toString('base64') },
  };
  // `toJSON` is called when the server sends the token, so that the text is the time of sending.
  const createToken = () => ({
    toJSON: () =>
      serverContent({ outputTranscription: { text: `${performance.now()} ` }, modelTurn: { parts: [sound] } }),
  });
  server.live.queueReplies({ frames: [...Array.from({ length: 300 }, createToken), ...createTurnEnd()], delayMs: 5 });
  const delays: number[] = [];
  await runNode(createClient(server.url), (text) => {
    const now = performance.now();
    for (const sentAt of text.trim().split(/\s+/)) if (sentAt !== '') delays.push(now - Number(sentAt));
  });
  await server.close();
  return quantile(delays.slice(20), 0.5);
}

/**
 * Measures ten acts of a conversation in one session, and in ten sessions, each of which gets the conversation so far.
 */
async function benchSessions(): Promise<void> {
  const wallTimesMs = { single: [] as number[], perAct: [] as number[] };
  const bytes = { single: 0, perAct: 0 };
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of ['single', 'perAct'] as const) {
      const result = await runTenActs(kind === 'perAct');
      bytes[kind] = result.bytes;
      if (round > 0) wallTimesMs[kind].push(result.wallMs);
    }
  }
  const [single, perAct] = [quantile(wallTimesMs.single, 0.5), quantile(wallTimesMs.perAct, 0.5)];
  const label = `${acts} acts in one session against ${acts} sessions, time`;
  printRow(label, formatMs(single), formatMs(perAct), (single / perAct).toFixed(2), '');
  const share = (bytes.single / bytes.perAct).toFixed(2);
  printRow(
    `${acts} acts in one session against ${acts} sessions, bytes sent`,
    `${bytes.single}`,
    `${bytes.perAct}`,
    share,
    '',
  );
}

async function runTenActs(sessionPerAct: boolean): Promise<{ wallMs: number; bytes: number }> {
  const server = await startGeminiServer();
  const driver = createLiveDriver(createConnection({ apiKey: 'key', baseUrl: server.url }), {});
  const words = Array.from({ length: 150 }, (_, index) => `word${index} `);
  server.live.queueReplies(...Array.from({ length: acts }, () => spokenReply(words)));
  const turns: Turn[] = [];
  const startedAt = performance.now();
  for (let act = 0; act < acts; act += 1) {
    turns.push({ role: 'user', parts: [{ type: 'text', text: `Question ${act} `.repeat(20) }] });
    const request: GenerateRequest = { model, turns: [...turns], parameters: {} };
    turns.push((await driver.generate(request)).turn);
    if (sessionPerAct) await driver.close?.();
  }
  const wallMs = performance.now() - startedAt;
  await driver.close?.();
  const bytes = server.live.sessions.reduce((sum, session) => sum + session.bytes, 0);
  await server.close();
  return { wallMs, bytes };
}
