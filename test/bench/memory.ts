import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChunk, formatSseEvent, packetReply, type ScriptedReply } from '../helpers/gemini/replies.js';
import { startGeminiServer } from '../helpers/gemini/server.js';
import { type MeasuredProgram, printRow, quantile, runNode } from './measure.js';

const rounds = 5;
const replyBytes = 10_000_000;
const megabyte = 1_000_000;

/** Measures the peak memory of a streamed reply of 10 MB against that of a reply of one word. */
export async function benchMemory(program: MeasuredProgram): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-bench-memory-'));
  for (const [name, longReply] of Object.entries({
    'events of 100 characters': createLongReply(100),
    'events of 10,000 characters': createLongReply(10_000),
  })) {
    const peaks = { long: [] as number[], oneWord: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      for (const [kind, reply] of [
        ['long', longReply] as const,
        ['oneWord', packetReply(formatSseEvent(createChunk('x', 'STOP')))] as const,
      ]) {
        const peak = await measurePeakBytes(reply, folder, program);
        // The first round may still compile the program and is not counted.
        if (round > 0) peaks[kind].push(peak);
      }
    }
    const [long, oneWord] = [quantile(peaks.long, 0.5), quantile(peaks.oneWord, 0.5)];
    const difference = `+${formatMegabytes(long - oneWord)}`;
    printRow(
      `peak memory of a streamed reply of 10 MB, ${name}, above a reply of one word`,
      formatMegabytes(long),
      formatMegabytes(oneWord),
      difference,
      'under +60 MB',
    );
  }
  rmSync(folder, { recursive: true });
}

async function measurePeakBytes(
  reply: ScriptedReply,
  folder: string,
  { bin, createEnvironment }: MeasuredProgram,
): Promise<number> {
  const server = await startGeminiServer();
  server.queueReplies(reply);
  const narrative = join(folder, 'one.toml');
  writeFileSync(narrative, '[narrative]\nname = "one"\n[toc]\norder = ["a"]\n[acts]\na = "Question 1"\n');
  const PEAK_FILE = join(folder, 'peak');
  const args = ['--require', './test/bench/note-peak.cjs', bin, 'run', narrative, '--stream'];
  await runNode({ args, env: { ...createEnvironment(server.url), PEAK_FILE } });
  await server.close();
  return Number(readFileSync(PEAK_FILE, 'utf8'));
}

/** Creates a reply of 10 MB. @param pieceLength the number of characters of each event */
function createLongReply(pieceLength: number): ScriptedReply {
  const piece = 'word '.repeat(pieceLength / 5);
  const eventCount = replyBytes / pieceLength;
  const event = formatSseEvent(createChunk(piece), '\r\n');
  // The server pauses after each packet. With large packets, of 100,000 characters of text each, the pauses are few.
  const eventsPerPacket = Math.max(1, Math.floor(100_000 / pieceLength));
  const fullPackets = Array.from({ length: eventCount / eventsPerPacket }, () => event.repeat(eventsPerPacket));
  return packetReply(...fullPackets, formatSseEvent(createChunk('end', 'STOP'), '\r\n'));
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(0)} MB`;
}
