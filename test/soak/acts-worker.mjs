// Runs a narrative of many acts with `context = "previous"` through the library's real driver and executor. Run it with
// --expose-gc. Its first argument is {library, baseUrl, acts, streaming, measuredSectionCount}. The worker cuts the run
// into `measuredSectionCount` equal sections, and measures each section. It prints a line of JSON, which `ActsResult`
// in acts.ts describes: {status, error, replies, measuredSections: [{wallMs, cpuMs, heapBytes}], maxListeners, left}.
// `left` is what is still open after the driver is closed and the server has closed its idle connections.
import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const { library, baseUrl, acts, streaming, measuredSectionCount } = JSON.parse(process.argv[2]);
const { createGeminiDriver, NarrativeExecutor } = await import(library);

const driver = createGeminiDriver({ apiKey: 'key', baseUrl });
const controller = new AbortController();
const measuredSections = [];
const actsPerSection = Math.floor(acts / measuredSectionCount);
let sectionStart;
let finished = 0;
let maxListeners = 0;

const beginSection = () => {
  global.gc();
  sectionStart = { at: performance.now(), cpu: process.cpuUsage() };
};
const endSection = () => {
  const { user, system } = process.cpuUsage(sectionStart.cpu);
  const wallMs = performance.now() - sectionStart.at;
  global.gc();
  measuredSections.push({ wallMs, cpuMs: (user + system) / 1000, heapBytes: process.memoryUsage().heapUsed });
  beginSection();
};
const onEvent = ({ type }) => {
  if (type !== 'act-end') return;
  finished += 1;
  maxListeners = Math.max(maxListeners, getEventListeners(controller.signal, 'abort').length);
  if (finished % actsPerSection === 0) endSection();
};
const narrative = {
  name: 'long',
  acts: Array.from({ length: acts }, (_, index) => ({
    name: `act_${index}`,
    inputs: [{ type: 'text', content: `Question ${index}` }],
    context: 'previous',
    parameters: {},
  })),
};
const executor = new NarrativeExecutor({ driver, onEvent, signal: controller.signal });
beginSection();
const { status, error, acts: ends } = await executor.execute(narrative, { stream: streaming });
await driver.close?.();
// After the server has closed the idle connections, nothing may be open.
await closeIdleConnections();
await delay(100);
// Pipes, terminals and files are the standard streams of this process, which may stay open.
const open = process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|FileHandle)$/.test(name));
const replies = new Set(ends.map(({ text }) => text)).size;
const left = { open, listeners: getEventListeners(controller.signal, 'abort').length };
process.stdout.write(`${JSON.stringify({ status, error, replies, measuredSections, maxListeners, left })}\n`);

/** Asks the server to close its idle connections. */
async function closeIdleConnections() {
  const { get } = await import('node:http');
  await new Promise((resolve) => {
    get(`${baseUrl}/close-connections`, { agent: false }, (response) => response.resume().on('close', resolve)).on(
      'error',
      resolve,
    );
  });
}
