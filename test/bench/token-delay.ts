import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { quantile, runNode, type TimedCommand } from './measure.js';

const tokenCount = 300;
const tokenIntervalMs = 5;

/**
 * Measures how long a streamed token takes from the server's socket to standard output, in milliseconds. Each token
 * contains the time it was sent. This process is the server and also reads the client's standard output, so both times
 * are from the same clock.
 */
export async function measureTokenDelays(
  createClient: (baseUrl: string) => TimedCommand,
): Promise<{ p50: number; p99: number }> {
  const server = createServer({ noDelay: true }, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      const isLast = sent === tokenCount;
      const text = `${performance.now()} `;
      const candidate = { content: { role: 'model', parts: [{ text }] }, ...(isLast && { finishReason: 'STOP' }) };
      response.write(`data: ${JSON.stringify({ candidates: [candidate] })}\n\n`);
      if (!isLast) return;
      clearInterval(timer);
      response.end();
    }, tokenIntervalMs);
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const delays: number[] = [];
  await runNode(createClient(`http://127.0.0.1:${port}`), (text) => {
    const now = performance.now();
    for (const sentAt of text.trim().split(/\s+/)) if (sentAt !== '') delays.push(now - Number(sentAt));
  });
  server.close();
  server.closeAllConnections();
  // The first tokens are left out: the program is still warming up.
  const steadyDelays = delays.slice(20);
  return { p50: quantile(steadyDelays, 0.5), p99: quantile(steadyDelays, 0.99) };
}
