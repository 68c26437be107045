// Many small events through our driver, from the bundled library. Says what it took, as peers/sdk-events.mjs does.
import { createGeminiDriver } from '../../dist/index.js';

const driver = createGeminiDriver({ apiKey: 'key', baseUrl: process.env.GOOGLE_GEMINI_BASE_URL });
const turns = [{ role: 'user', parts: [{ type: 'text', text: 'Question 1' }] }];
// As the peer's client is there before its clock runs.
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
