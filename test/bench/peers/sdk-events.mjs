// The peer of many small events: a `for await` loop over the SDK's stream. Prints JSON with the wall time and the CPU
// time from the call to the last event, and the length of the text.
import { GoogleGenAI } from '@google/genai';

const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL } });
const request = { model: 'gemini-flash-lite-latest', contents: 'Question 1' };
const startedAt = performance.now();
const before = process.cpuUsage();
let text = '';
for await (const chunk of await ai.models.generateContentStream(request)) text += chunk.text ?? '';
const { user, system } = process.cpuUsage(before);
const wallMs = performance.now() - startedAt;
process.stdout.write(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000, length: text.length }));
