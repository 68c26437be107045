// The peer of the quota's use: what a person writes who wants many replies, a loop around the SDK with its own retries.
import { createInterface } from 'node:readline';
import { GoogleGenAI } from '@google/genai';

const { baseUrl, requests, prompt } = JSON.parse(process.argv[2]);
const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl, retryOptions: {} } });

process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) break;

let replies = 0;
for (let count = 0; count < requests; count += 1) {
  try {
    await ai.models.generateContent({ model: 'gemini-flash-lite-latest', contents: prompt });
    replies += 1;
  } catch {
    // All attempts were refused: this reply is lost, the loop goes on.
  }
}
process.stdout.write(`${JSON.stringify({ replies })}\n`);
