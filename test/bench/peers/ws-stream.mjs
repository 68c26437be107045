// The peer of a Live session: a bare reader that sends one turn, prints its transcript, and checks nothing.
import { WebSocket } from 'ws';

const base = process.env.GOOGLE_GEMINI_BASE_URL.replace('http', 'ws');
const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=key';
const socket = new WebSocket(base + path, { perMessageDeflate: false });
const send = (message) => socket.send(JSON.stringify(message));
socket.on('open', () => {
  const generationConfig = { responseModalities: ['AUDIO'] };
  send({ setup: { model: 'models/gemini-3.8-live', generationConfig, outputAudioTranscription: {} } });
});
socket.on('message', (data) => {
  const { setupComplete, serverContent } = JSON.parse(data);
  const turns = [{ role: 'user', parts: [{ text: 'Question 1' }] }];
  if (setupComplete) send({ clientContent: { turns, turnComplete: true } });
  if (serverContent?.outputTranscription) process.stdout.write(serverContent.outputTranscription.text);
  if (serverContent?.turnComplete) socket.close();
});
