import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { formatMs, printHeading, printRow } from '../bench/measure.js';
import { root, startProcess } from '../helpers/boticelli.js';
import { createChunk, formatSseEvent } from '../helpers/gemini/replies.js';

/** The result of a long narrative that was run in one process. */
export interface ActsResult {
  status: string;
  error?: object;
  /** The number of different replies. */
  replies: number;
  /** Equal sections of the run in order: the time of each, and the heap after it. */
  measuredSections: { wallMs: number; cpuMs: number; heapBytes: number }[];
  /** The maximum number of listeners on the abort signal at the end of an act. */
  maxListeners: number;
  /** `open`: what the process had open at its end. `listeners`: the number of listeners left on its abort signal. */
  left: { open: string[]; listeners: number };
  /** The number of connections to the server that were opened. */
  connections: number;
  /** The number of connections that are still open after the end of the process. */
  stillOpen: number;
}

/**
 * Runs acts with `context = "previous"` in a new process. Cuts the run into `measuredSectionCount` equal sections, and
 * measures each section.
 */
export async function runActs(options: {
  acts: number;
  streaming: boolean;
  measuredSectionCount: number;
}): Promise<ActsResult> {
  const server = await startReplyServer();
  const workerOptions = JSON.stringify({ ...options, library: join(root, 'dist/index.js'), baseUrl: server.url });
  const args = ['--expose-gc', join(root, 'test/soak/acts-worker.mjs'), workerOptions];
  const { code, stdout, stderr } = await startProcess(process.execPath, args).result;
  const { connections, stillOpen } = await server.close();
  if (code !== 0) throw new Error(`the acts ended with ${code}: ${stderr}`);
  // A warning of Node, for example of too many listeners, is an error.
  if (stderr !== '') throw new Error(`the acts wrote to standard error: ${stderr}`);
  return { ...JSON.parse(stdout), connections, stillOpen };
}

/** The size of an act's report with a reply of one line. A heap that grows by no more than this per act does not leak. */
const maxBytesPerAct = 1000;

/** `npm run soak -- acts`: resolves to true if memory does not leak and nothing is left open. */
export async function soakActs(): Promise<boolean> {
  const [acts, measuredSectionCount] = [2000, 20];
  const actsPerSection = acts / measuredSectionCount;
  printHeading(
    ...['acts', 'mode', 'CPU time per act, at the start', 'at the end', 'ratio', 'heap growth per act, first half'],
    ...['second half', 'final heap', 'connections', 'problems'],
  );
  let passed = true;
  for (const streaming of [false, true]) {
    const result = await runActs({ acts, streaming, measuredSectionCount });
    const { cpu, heap } = measureGrowth(result, acts);
    const problems = findProblems(result, acts);
    passed &&= problems.length === 0 && heap.later <= Math.max(heap.earlier * 1.1, maxBytesPerAct);
    printRow(
      ...[acts, streaming ? 'streamed' : 'not streamed'],
      ...[formatMs(cpu.first / actsPerSection), formatMs(cpu.last / actsPerSection), cpu.ratio.toFixed(2)],
      ...[`${heap.earlier.toFixed(0)} bytes`, `${heap.later.toFixed(0)} bytes`, formatMegabytes(heap.last)],
      ...[result.connections, problems.join('; ') || 'none'],
    );
  }
  return passed;
}

/**
 * Compares the end of a run with its beginning. The first measured section is left out, because it includes loading and
 * compiling. `first` is the median time of the next three sections, and `last` is the median time of the last three
 * sections, because other load affects single sections. Both are times of a whole section, not of an act. For the heap,
 * the growth per act in the second half is compared with the growth per act in the first half.
 */
export function measureGrowth({ measuredSections }: ActsResult, acts: number) {
  const compare = (field: 'wallMs' | 'cpuMs') => {
    const median = (window: ActsResult['measuredSections']) =>
      window.map((section) => section[field]).sort((a, b) => a - b)[1] ?? Number.NaN;
    const [first, last] = [median(measuredSections.slice(1, 4)), median(measuredSections.slice(-3))];
    return { first, last, ratio: last / first };
  };
  const getHeapBytes = (index: number) => measuredSections[index]?.heapBytes ?? Number.NaN;
  const [half, end] = [Math.floor(measuredSections.length / 2), measuredSections.length - 1];
  const getGrowthPerAct = (from: number, to: number) =>
    (getHeapBytes(to) - getHeapBytes(from)) / ((to - from) * (acts / measuredSections.length));
  const heap = { earlier: getGrowthPerAct(1, half), later: getGrowthPerAct(half, end), last: getHeapBytes(end) };
  return { cpu: compare('cpuMs'), wall: compare('wallMs'), heap };
}

/** Returns what is wrong with a result, except for time and memory. */
export function findProblems(
  { status, replies, maxListeners, left, stillOpen, error }: ActsResult,
  acts: number,
): string[] {
  return [
    ...(status === 'completed' ? [] : [`the run has the status ${status}: ${JSON.stringify(error)}`]),
    ...(replies === acts ? [] : [`${replies} different replies of ${acts}`]),
    ...(left.open.length === 0 ? [] : [`left open: ${left.open}`]),
    ...(left.listeners === 0 ? [] : [`${left.listeners} listeners left on the signal`]),
    ...(maxListeners < 5 ? [] : [`${maxListeners} listeners at once on the signal`]),
    ...(stillOpen === 0 ? [] : [`${stillOpen} connections still open`]),
  ];
}

/** Starts a server that stores no requests, so that it does not affect the measurement. */
async function startReplyServer() {
  const sockets = new Set<Socket>();
  let connections = 0;
  let count = 0;
  const server = createServer({ noDelay: true }, (request, response) => {
    request.resume().on('end', () => {
      // The worker requests this after its last act. The server then closes the idle connections, before the worker
      // lists what it has left open.
      if (request.url === '/close-connections') return closeConnections(response);
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
      // The process has closed its sockets, but the server may not have noticed yet.
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

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
