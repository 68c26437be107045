// Reads many small events with the driver of the bundled library. Prints JSON with the fields of peers/sdk-events.mjs.
import { createGeminiDriver } from '../../dist/index.js';

const driver = createGeminiDriver({ apiKey: 'key', baseUrl: process.env.GOOGLE_GEMINI_BASE_URL });
const turns = [{ role: 'user', parts: [{ type: 'text', text: 'Question 1' }] }];
// The client is created before the measurement, as in the peer.
await driver.prepare();
const startedAt = performance.now();
const before = process.cpuUsage();
let text = '';
for await (const chunk of driver.generateStream({ model: 'gemini-flash-lite-latest', turns, parameters: {} })) {
  text += chunk.text;
}
const { user, system } = process.cpuUsage(before);
const wallMs = performance.now() - startedAt;
process.stdout.write(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000, length: text.length }));
await driver.close?.();
