// The peer of quota use: a loop around the SDK with the SDK's own retries.
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
    // All attempts were rejected: this reply is lost, and the loop continues.
  }
}
process.stdout.write(`${JSON.stringify({ replies })}\n`);
