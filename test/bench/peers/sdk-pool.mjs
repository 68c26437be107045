// The peer of rows: a pool of four workers, each of which sends one request at a time through the SDK.
import { readFileSync } from 'node:fs';
import { GoogleGenAI } from '@google/genai';
import { parse } from 'csv-parse/sync';

const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL } });
const rows = parse(readFileSync(process.argv[2]), { columns: true });
const queue = rows.entries();
const replies = [];
const worker = async () => {
  for (const [index, { text }] of queue) {
    const reply = await ai.models.generateContent({ model: 'gemini-flash-lite-latest', contents: `Answer: ${text}` });
    replies[index] = reply.text;
  }
};
await Promise.all(Array.from({ length: 4 }, worker));
process.stdout.write(`${replies.join('\n\n')}\n`);
