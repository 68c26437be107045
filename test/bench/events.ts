import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createChunk, formatSseEvent } from '../helpers/gemini/replies.js';
import { printRow, quantile, runNode } from './measure.js';

const eventCount = 50_000;
// Few rounds, because each takes seconds.
const rounds = 3;

interface Measurement {
  wallMs: number;
  cpuMs: number;
  /** The length of the received text. */
  length: number;
}

/** Measures a stream of many small events in our driver and in the SDK, each in a separate process. */
export async function benchEvents(): Promise<void> {
  const server = await serveEvents();
  const measurements = { ours: [] as Measurement[], peer: [] as Measurement[] };
  const programs = { ours: 'test/bench/driver-events.mjs', peer: 'test/bench/peers/sdk-events.mjs' };
  for (let round = 0; round <= rounds; round += 1) {
    for (const side of round % 2 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
      let stdout = '';
      const env = { GOOGLE_GEMINI_BASE_URL: server.url };
      await runNode({ args: [programs[side]], env }, (text) => {
        stdout += text;
      });
      const measurement: Measurement = JSON.parse(stdout);
      if (measurement.length !== server.length)
        throw new Error(`${side} read ${measurement.length} of ${server.length} characters`);
      // The first round fills the caches of the file system and is not counted.
      if (round > 0) measurements[side].push(measurement);
    }
  }
  server.close();
  const label = `${eventCount.toLocaleString('en')} small events, against a for await loop over the SDK's stream`;
  for (const [name, field] of [['', 'wallMs'] as const, [', CPU time', 'cpuMs'] as const]) {
    const [ours, peer] = [median(measurements.ours, field), median(measurements.peer, field)];
    printRow(`${label}${name}`, formatSpeed(ours), formatSpeed(peer), (ours / peer).toFixed(2), '1.10 or less');
  }
}

function median(measurements: Measurement[], field: 'wallMs' | 'cpuMs'): number {
  return quantile(
    measurements.map((measurement) => measurement[field]),
    0.5,
  );
}

function formatSpeed(durationMs: number): string {
  return `${durationMs.toFixed(0)} ms (${((eventCount / durationMs) * 1000).toFixed(0)}/s)`;
}

/** Serves the events to any request, as fast as they are read. */
async function serveEvents(): Promise<{ url: string; length: number; close(): void }> {
  const pieces = Array.from({ length: eventCount }, (_, index) => `word${index} `);
  const body = Buffer.from(
    pieces
      .map((piece, index) => formatSseEvent(createChunk(piece, index === eventCount - 1 ? 'STOP' : undefined), '\r\n'))
      .join(''),
  );
  const server = createServer({ noDelay: true }, (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, length: pieces.join('').length, close: () => server.close() };
}
