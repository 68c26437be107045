import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { resolve } from 'node:path';
import { createChunk, formatSseEvent } from '../helpers/gemini-replies.js';
import { printRow } from './shell-loops.js';

/** What became of a long narrative that was played in one process. */
export interface ActsResult {
  status: string;
  error?: object;
  /** How many different replies came. */
  replies: number;
  /** Equal stretches of acts, in their order: what each took, and what the heap held after it. */
  samples: { wallMs: number; cpuMs: number; heapBytes: number }[];
  /** What the process had open at its end, and the listeners on its signal: the most there were, and those left. */
  left: { open: string[]; listeners: number; abort: number };
  /** The connections that the server saw in all, and those open when the process had ended. */
  connections: number;
  stillOpen: number;
}

/** Plays so many acts, each with the one before it, in a process of their own, measured in so many stretches. */
export async function runActs(options: { acts: number; streaming: boolean; samples: number }): Promise<ActsResult> {
  const server = await startReplyServer();
  const library = resolve('dist/index.js');
  const workerOptions = JSON.stringify({ ...options, library, baseUrl: server.url });
  const child = spawn(process.execPath, ['--expose-gc', resolve('test/soak/acts-worker.mjs'), workerOptions], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const code = await new Promise((done) => child.on('close', done));
  const { connections, stillOpen } = await server.close();
  if (code !== 0) throw new Error(`the acts ended with ${code}: ${output.stderr}`);
  // A warning of Node's, of too many listeners say, is a finding.
  if (output.stderr !== '') throw new Error(`the acts were not quiet: ${output.stderr}`);
  return { ...JSON.parse(output.stdout), connections, stillOpen };
}

/** What the report keeps of an act: its end, with a reply of a line. A run that grows by no more than that is flat. */
const maxBytesPerAct = 1000;

/** `npm run soak -- acts`: resolves to whether memory stays flat and nothing is left open. */
export async function soakActs(): Promise<boolean> {
  const acts = 2000;
  printRow(
    'acts',
    'how',
    'CPU an act, first hundred',
    'last',
    'ratio',
    'heap grows by an act, first half',
    'second',
    'to',
    'connections',
    'left',
  );
  printRow(...Array.from({ length: 10 }, () => '---'));
  let passed = true;
  for (const streaming of [false, true]) {
    const result = await runActs({ acts, streaming, samples: 20 });
    const { cpu, heap } = measureGrowth(result, acts);
    const problems = findProblems(result, acts);
    passed &&= problems.length === 0 && heap.later <= Math.max(heap.earlier * 1.1, maxBytesPerAct);
    printRow(
      ...[String(acts), streaming ? 'streamed' : 'whole'],
      ...[formatMs(cpu.first / 100), formatMs(cpu.last / 100), cpu.ratio.toFixed(2)],
      ...[`${heap.earlier.toFixed(0)} bytes`, `${heap.later.toFixed(0)} bytes`, formatMegabytes(heap.last)],
      ...[String(result.connections), problems.join('; ') || 'nothing'],
    );
  }
  return passed;
}

/**
 * The last stretches against the first ones. The very first of all is left out: it compiles, and loads the client. Of the
 * times the median of three stretches counts, for one may have had the machine to itself and another not; of the heap, by
 * how many bytes it grew with each act.
 */
export function measureGrowth({ samples }: ActsResult, acts: number) {
  const compare = (field: 'wallMs' | 'cpuMs') => {
    const median = (window: ActsResult['samples']) =>
      window.map((sample) => sample[field]).sort((a, b) => a - b)[1] ?? Number.NaN;
    const [first, last] = [median(samples.slice(1, 4)), median(samples.slice(-3))];
    return { first, last, ratio: last / first };
  };
  const getHeapBytes = (index: number) => samples[index]?.heapBytes ?? Number.NaN;
  const [half, end] = [Math.floor(samples.length / 2), samples.length - 1];
  const getGrowthPerAct = (from: number, to: number) =>
    (getHeapBytes(to) - getHeapBytes(from)) / ((to - from) * (acts / samples.length));
  const heap = { earlier: getGrowthPerAct(1, half), later: getGrowthPerAct(half, end), last: getHeapBytes(end) };
  return { cpu: compare('cpuMs'), wall: compare('wallMs'), heap };
}

/** What is not as it is promised, but for time and memory; empty where all is well. */
export function findProblems({ status, replies, left, stillOpen, error }: ActsResult, acts: number): string[] {
  return [
    ...(status === 'completed' ? [] : [`it ${status}: ${JSON.stringify(error)}`]),
    ...(replies === acts ? [] : [`${replies} different replies of ${acts}`]),
    ...(left.open.length === 0 ? [] : [`left open: ${left.open}`]),
    ...(left.abort === 0 ? [] : [`${left.abort} listeners left on the signal`]),
    ...(left.listeners < 5 ? [] : [`${left.listeners} listeners at once on the signal`]),
    ...(stillOpen === 0 ? [] : [`${stillOpen} connections still open`]),
  ];
}

/** A service that keeps nothing of what it was asked, so that it takes no part in what is measured. */
async function startReplyServer() {
  const sockets = new Set<Socket>();
  let connections = 0;
  let count = 0;
  const server = createServer({ noDelay: true }, (request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/end') return closeConnections(response);
      count += 1;
      sendReply(response, count, request.url?.includes('streamGenerateContent') ?? false);
    });
  });
  const closeConnections = (response: ServerResponse) => {
    response.setHeader('connection', 'close').end();
    for (const socket of sockets) if (socket !== response.socket) socket.end();
  };
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise((done) => server.close(done));
      // A process that has ended has closed its sockets; the news of it may still be on its way.
      await new Promise((done) => setTimeout(done, 50));
      const stillOpen = sockets.size;
      for (const socket of sockets) socket.destroy();
      await closed;
      return { connections, stillOpen };
    },
  };
}

function sendReply(response: ServerResponse, count: number, streaming: boolean): void {
  const words = `Reply number ${count}, in a few words as they come.`.match(/\s*\S+/g) ?? [];
  response.setHeader('content-type', streaming ? 'text/event-stream' : 'application/json');
  if (!streaming) response.end(JSON.stringify(createChunk(words.join(''), 'STOP')));
  else {
    for (const [index, word] of words.entries()) {
      response.write(formatSseEvent(createChunk(word, index === words.length - 1 ? 'STOP' : undefined), '\r\n'));
    }
    response.end();
  }
}

function formatMs(durationMs: number): string {
  return `${durationMs.toFixed(2)} ms`;
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
