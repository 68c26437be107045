import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createLiveSocket } from '../../../src/gemini/live/socket.js';

/** A text frame with an empty object, as bytes. */
const emptyFrame = Buffer.from([0x81, 2, 0x7b, 0x7d]);

/** Sends many messages at once, and returns how many of them a client handles before each pause for timers. */
async function countMessagesPerPause(messageCount: number): Promise<number[]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  server.on('connection', (_, request) => request.socket.write(Buffer.concat(Array(messageCount).fill(emptyFrame))));
  const unexpected = () => expect.unreachable();
  const socket = createLiveSocket({
    ...{ agent: undefined, announcesHistoryInSetup: false },
    ...{ classifyConnectError: unexpected, createTooLargeError: unexpected, classifyErrorResponse: unexpected },
  });
  let received = 0;
  const onmessage = () => {
    received += 1;
  };
  const { port } = server.address() as AddressInfo;
  socket.factory.create(`ws://127.0.0.1:${port}`, {}, { onopen: () => {}, onmessage }).connect();
  const counts: number[] = [];
  for (let receivedBefore = 0; received < messageCount; receivedBefore = received) {
    await setImmediate();
    counts.push(received - receivedBefore);
  }
  socket.terminate();
  return counts;
}

test('lets signals and timers run between many small messages', async () => {
  // Node reads packets of 64 kB, which have 16,000 such messages, and handles each packet without a pause.
  expect(Math.max(...(await countMessagesPerPause(200_000)))).toBeLessThan(20_000);
});
