import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { quantile, runNode, type TimedCommand } from './measure.js';

const tokenCount = 300;
const tokenIntervalMs = 5;

/**
 * How long a streamed token takes from the server's socket to the reader of standard output, in milliseconds. Each
 * token is the moment at which it was sent; server and reader share this process and so its clock.
 */
export async function measureTokenDelays(
  client: (baseUrl: string) => TimedCommand,
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
  await runNode(client(`http://127.0.0.1:${port}`), (text) => {
    const now = performance.now();
    for (const sentAt of text.trim().split(/\s+/)) if (sentAt !== '') delays.push(now - Number(sentAt));
  });
  server.close();
  server.closeAllConnections();
  // The first tokens meet a program that is still warming up: they are the first token's delay, not a token's.
  const steadyDelays = delays.slice(20);
  return { p50: quantile(steadyDelays, 0.5), p99: quantile(steadyDelays, 0.99) };
}
