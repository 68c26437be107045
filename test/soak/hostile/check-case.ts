import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, buildNarrative, type ProcessResult, root, startProcess } from '../../helpers/boticelli.js';
import { mediaBytes } from '../../helpers/media-bytes.js';
import { runMain } from '../../helpers/run-main.js';
import type { HostileAnswer, RequestKind } from './cases.js';
import { type HostileServer, startHostileServer } from './server.js';

/** The time limit of each request. */
const timeoutMs = 1000;
/** The time that the program may take in addition to the time limit of its request. */
const graceMs = 2000;

/** The time limit of the request for the list of models. No flag changes it. */
const listTimeoutMs = 30_000;

const maxPeakBytes = 600_000_000;

/** Runs the program against a hostile server, and checks how it ends. */
export interface HostileRunner {
  /**
   * Returns what is wrong, or undefined.
   * @param options.usesBin whether to start the real bin instead of running `main` in this process
   */
  findProblem(answer: HostileAnswer, options: { usesBin: boolean }): Promise<string | undefined>;
  /** How often each exit code occurred, since the last call. */
  takeExitCodes(): string;
  close(): Promise<void>;
}

/** Creates a runner with its own server and folder. */
export async function createHostileRunner(): Promise<HostileRunner> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-hostile-'));
  const server = await startHostileServer();
  writeNarratives(folder, server.url);
  await loadModules(server, folder);
  let caseCount = 0;
  const exitCodes = new Map<number | null, number>();
  return {
    async findProblem(answer, { usesBin }) {
      // Not tested, because the request for the list would take its whole time limit of half a minute.
      if (answer.kind === 'list' && /drip|hang/.test(answer.delivery)) return undefined;
      server.setAnswer(answer);
      caseCount += 1;
      const stateFolder = join(folder, `state-${caseCount}`);
      mkdirSync(stateFolder);
      const startedAt = performance.now();
      const run = usesBin ? runBin : runMainWithHangTimeout;
      const result = await run(
        createArguments(answer.kind, folder),
        createEnvironment(server, folder, stateFolder),
        folder,
      );
      rmSync(stateFolder, { recursive: true, force: true });
      exitCodes.set(result.code, (exitCodes.get(result.code) ?? 0) + 1);
      return describeProblem(answer, result, performance.now() - startedAt);
    },
    takeExitCodes() {
      const counts = [...exitCodes].sort(([left], [right]) => Number(left) - Number(right));
      exitCodes.clear();
      return counts.map(([code, count]) => `${code}: ${count}`).join(', ');
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let modulesLoaded: Promise<unknown> | undefined;

/** Runs the program once, so that the time of a case does not include loading the modules. */
function loadModules(server: HostileServer, folder: string): Promise<unknown> {
  const body = '{"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}';
  server.setAnswer({ kind: 'text', delivery: 'whole', status: 200, headers: {}, body });
  modulesLoaded ??= runMain(createArguments('text', folder), {
    env: createEnvironment(server, folder, join(folder, 'state')),
    cwd: folder,
  });
  return modulesLoaded;
}

function writeNarratives(folder: string, url: string): void {
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
  write('text.toml', buildNarrative(1));
  write('live.toml', buildNarrative(1, 'model = "gemini-3.8-live"'));
  const act = (head: string, input: string) =>
    `[narrative]\nname = "x"\n[acts.a]\n${head}\n[[acts.a.input]]\ntype = "text"\ncontent = "x"\n${input}[toc]\norder = ["a"]\n`;
  write('json.toml', act('format = "json"\nschema = { type = "string", pattern = "^a+$" }', ''));
  write('download.toml', act('', `[[acts.a.input]]\ntype = "image"\nurl = "${url}/pic.png"\n`));
  write('upload.toml', act('', '[[acts.a.input]]\ntype = "image"\nfile = "large.png"\n'));
  write('large.png', Buffer.concat([mediaBytes.png, Buffer.alloc(16_000_000)]));
}

function createArguments(kind: RequestKind, folder: string): string[] {
  if (kind === 'list') return ['models', '--refresh', '--format', 'json'];
  const narrative = kind === 'text-stream' ? 'text' : kind;
  const limits = ['--retries', '0', '--timeout', `${timeoutMs}ms`, '--idle-timeout', `${timeoutMs}ms`];
  const output = kind === 'text-stream' ? ['--stream', '-o', 'ndjson'] : ['-o', 'json'];
  return ['run', join(folder, `${narrative}.toml`), ...limits, ...output];
}

function createEnvironment(server: HostileServer, home: string, stateFolder: string): Record<string, string> {
  return {
    ...{ HOME: home, XDG_CONFIG_HOME: home, BOTICELLI_STATE_DIR: stateFolder, GEMINI_TIER: 'tier_1' },
    ...{ GEMINI_API_KEY: 'key-of-the-soak', GOOGLE_GEMINI_BASE_URL: server.url },
  };
}

interface MeasuredResult extends ProcessResult {
  /** The peak memory, if a process was started. */
  peakBytes?: number;
}

async function runBin(args: string[], env: Record<string, string>, cwd: string): Promise<MeasuredResult> {
  const PEAK_FILE = join(cwd, 'peak');
  const notePeak = join(root, 'test/bench/note-peak.cjs');
  const { result } = startProcess(process.execPath, ['--require', notePeak, bin, ...args], {
    cwd,
    env: { ...env, PEAK_FILE },
  });
  return { ...(await result), peakBytes: Number(readFileSync(PEAK_FILE, 'utf8')) };
}

/** Runs `main` in this process. A run that hangs has no exit code. */
async function runMainWithHangTimeout(
  args: string[],
  env: Record<string, string>,
  cwd: string,
): Promise<MeasuredResult> {
  const hung: MeasuredResult = { stdout: '', stderr: '', code: null, signal: null };
  const hang = new Promise<MeasuredResult>((resolve) => setTimeout(resolve, listTimeoutMs + 5000, hung).unref());
  return Promise.race([runMain(args, { env, cwd }), hang]);
}

function describeProblem(
  { kind }: HostileAnswer,
  { code, stdout, stderr, peakBytes = 0 }: MeasuredResult,
  durationMs: number,
): string | undefined {
  // 66 means that an input is missing. Only a download can have that result. The other kinds read files that this test
  // has written, so for them the test itself would be broken.
  if (code === 66 && kind !== 'download') return `exit code 66: ${stderr.slice(-1500)}`;
  if (code === null) return 'it does not end';
  if (code === 1) return `exit code 1: ${stderr.slice(-1500)}`;
  if (code === 0 && !hasResult(kind, stdout)) return `exit code 0 without a reply: ${stdout.slice(0, 500)}`;
  if (/\bat .*\(.*:\d+:\d+\)/.test(stderr)) return `a stack: ${stderr.slice(-1500)}`;
  const limitMs = (kind === 'list' ? listTimeoutMs : timeoutMs) + graceMs;
  if (durationMs > limitMs * slowdown) return `it took ${Math.round(durationMs)} ms`;
  return peakBytes > maxPeakBytes ? `its peak memory was ${Math.round(peakBytes / 1_000_000)} MB` : undefined;
}

/** Multiplies the time limits, for a machine with other load. */
const slowdown = Number(process.env.SOAK_SLOWDOWN ?? 1);

function hasResult(kind: RequestKind, stdout: string): boolean {
  if (kind === 'list') return stdout.trim() !== '';
  const lines = kind === 'text-stream' ? stdout.trim().split('\n') : [stdout];
  const documents = lines.map((line) => JSON.parse(line));
  const ends = kind === 'text-stream' ? documents.filter(({ type }) => type === 'act-end') : documents[0].acts;
  return ends.length === 1 && hasReply(ends[0]) && documents.at(-1).status === 'completed';
}

function hasReply({ text, media = [] }: { text: string; media?: { byteLength: number }[] }): boolean {
  return text.trim() !== '' || media.some(({ byteLength }) => byteLength > 0);
}
