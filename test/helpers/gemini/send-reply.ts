import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { mergeChunks, type ScriptedReply, type WireReply } from './replies.js';

/** A request received by the server. */
export interface ReceivedRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON, if any. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read any part of it.
  body: any;
  /** Without `models/`; empty if the path has no model. */
  model: string;
  /** `generateContent`, `streamGenerateContent`, `countTokens`, `list` or `get`. */
  action: string;
  streaming: boolean;
  /** When its body was complete, in milliseconds since the epoch. */
  receivedAtMs: number;
  /** Resolves to the time at which the client closes the connection before the reply is complete; else never. */
  whenClosedEarly: Promise<number>;
  /** The time to which `whenClosedEarly` resolves; undefined until it resolves. */
  closedEarlyAtMs: number | undefined;
}

/**
 * The responses whose connection the server destroyed because a script says so. Their `whenClosedEarly` never resolves,
 * because it reports only connections that the client closes.
 */
export const closedByServer = new WeakSet<ServerResponse>();

/** Sends the reply of a script. */
export async function sendScriptedReply(
  script: ScriptedReply,
  request: ReceivedRequest,
  response: ServerResponse,
): Promise<void> {
  if (script.headersDelayMs) await delay(script.headersDelayMs);
  if (script.end === 'stall-before-headers') return;
  if (script.end === 'destroy-before-headers') return destroy(response);
  const { contentType, pieces } = buildBody(script, request);
  response.writeHead(script.status ?? 200, { 'content-type': contentType, ...script.headers });
  response.flushHeaders();
  for (const [index, piece] of pieces.entries()) {
    if (script.delayMs && index > 0) await delay(script.delayMs);
    if (script.gate) await script.gate.wait();
    if (response.destroyed) return;
    if (!response.write(piece)) await waitForDrain(response);
    // Without a pause the kernel may join packets.
    if (script.packets) await delay(3);
  }
  if (script.end === 'stall') return;
  // Written data must be sent before the connection is destroyed.
  if (script.end === 'destroy' || script.end === 'reset') await delay(10);
  if (script.end === 'destroy') return destroy(response);
  if (script.end === 'reset') {
    closedByServer.add(response);
    response.socket?.resetAndDestroy();
    return;
  }
  response.end();
}

function waitForDrain(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const proceed = () => {
      response.off('drain', proceed).off('close', proceed);
      resolve();
    };
    response.on('drain', proceed).on('close', proceed);
  });
}

function destroy(response: ServerResponse): void {
  closedByServer.add(response);
  response.socket?.destroy();
}

function buildBody(
  script: ScriptedReply,
  request: ReceivedRequest,
): { contentType: string; pieces: (string | Uint8Array)[] } {
  const json = 'application/json; charset=UTF-8';
  if (script.packets)
    return { contentType: request.streaming ? 'text/event-stream' : json, pieces: [...script.packets] };
  if (typeof script.body === 'string') return { contentType: 'text/plain', pieces: [script.body] };
  if (script.body) return { contentType: json, pieces: [JSON.stringify(script.body, null, 2)] };
  const chunks: WireReply[] = (script.chunks ?? []).map((chunk) => ({ modelVersion: request.model, ...chunk }));
  if (!request.streaming) return { contentType: json, pieces: [JSON.stringify(mergeChunks(chunks), null, 2)] };
  return { contentType: 'text/event-stream', pieces: chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`) };
}
