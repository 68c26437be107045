// The peer of one act: a minimal script with the SDK, unbundled.
import { GoogleGenAI } from '@google/genai';

const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL } });
const reply = await ai.models.generateContent({ model: 'gemini-flash-lite-latest', contents: 'Question 1' });
console.log(reply.text);
