// One process that plays a narrative of many acts, each seeing the one before it, through the library's real driver and
// executor. Run with --expose-gc. Told in its first argument: {library, baseUrl, acts, streaming, samples}. Says at its end
// a line of JSON: {status, error, samples: [{wallMs, cpuMs, heapBytes}], left}: what each of so many equal stretches of acts
// took, what the heap held after it, and what is left open when the driver is closed and its server gone.
import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const { library, baseUrl, acts, streaming, samples: wanted } = JSON.parse(process.argv[2]);
const { createGeminiDriver, NarrativeExecutor } = await import(library);

const driver = createGeminiDriver({ apiKey: 'key', baseUrl });
const controller = new AbortController();
const samples = [];
const stretch = Math.floor(acts / wanted);
let mark;
let played = 0;
let listeners = 0;

const begin = () => {
  global.gc();
  mark = { at: performance.now(), cpu: process.cpuUsage() };
};
const endStretch = () => {
  const { user, system } = process.cpuUsage(mark.cpu);
  const wallMs = performance.now() - mark.at;
  global.gc();
  samples.push({ wallMs, cpuMs: (user + system) / 1000, heapBytes: process.memoryUsage().heapUsed });
  begin();
};
const onEvent = ({ type }) => {
  if (type !== 'act-end') return;
  played += 1;
  listeners = Math.max(listeners, getEventListeners(controller.signal, 'abort').length);
  if (played % stretch === 0) endStretch();
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
begin();
const { status, error, acts: ends } = await executor.execute(narrative, { stream: streaming });
await driver.close?.();
// Tells the server to end the connections that are kept for the next request; two turns later nothing may be left.
await fetchEnd();
await delay(100);
// Pipes are this process's own standard streams.
const open = process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|FileHandle)$/.test(name));
const replies = new Set(ends.map(({ text }) => text)).size;
const left = { open, listeners, abort: getEventListeners(controller.signal, 'abort').length };
process.stdout.write(`${JSON.stringify({ status, error, replies, samples, left })}\n`);

async function fetchEnd() {
  const { get } = await import('node:http');
  await new Promise((resolve) => {
    get(`${baseUrl}/end`, { agent: false }, (answer) => answer.resume().on('close', resolve)).on('error', resolve);
  });
}
