import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createCondition } from '../condition.js';
import { createErrorBody } from './errors.js';
import type { Gate } from './replies.js';

/**
 * A fake of the Files API, part of the Gemini server on loopback. Its endpoints:
 *
 * - `POST /upload/v1beta/files` with the headers `X-Goog-Upload-Protocol: resumable`, `X-Goog-Upload-Command: start`,
 *   `X-Goog-Upload-Header-Content-Length` and `X-Goog-Upload-Header-Content-Type`, and with a body
 *   `{file: {name?, mimeType}}`, returns the header `X-Goog-Upload-URL` and no body.
 * - `POST` to that URL with the headers `X-Goog-Upload-Offset` and `X-Goog-Upload-Command: upload`, and with bytes of the
 *   file as the body, returns the header `X-Goog-Upload-Status: active`. With `X-Goog-Upload-Command: upload, finalize`
 *   it returns `X-Goog-Upload-Status: final` and a body `{file: {name, uri, mimeType, sizeBytes, state}}`.
 * - `GET /v1beta/files/F` returns the file; its state is PROCESSING before request number `processedAtPoll`, then
 *   ACTIVE or FAILED.
 * - `DELETE /v1beta/files/F` returns `{}`. A file that does not exist gets Google's 403.
 */
export interface FakeFilesApi {
  /** All requests so far, in order of arrival. */
  requests: FileRequest[];
  /** The stored files by name. */
  files: Map<string, StoredFile>;
  /** The commands of the requests in order: `start`, `upload`, `get`, `delete`. */
  readonly commands: string[];
  /** Resolves when `count` requests with a command have arrived; 1 by default. */
  waitForCommands(command: string, count?: number): Promise<void>;
  /** Sets how files behave from now on. */
  configure(options: FilesOptions): void;
}

export interface FilesOptions {
  /** The number of the `get` request that first returns the file as ready. Default 0: ready after the upload. */
  processedAtPoll?: number;
  /** Makes processing fail with this message. */
  processingError?: string;
  /** Replaces the replies to a command. The new reply has `body`, or by default an error of Google's format. */
  replaceReplyTo?: { command: string; status: number; message?: string; body?: string };
  /** The body of the reply to the last piece of a file. Default: the stored file. */
  finalBody?: object;
  /** The command whose requests get a reply that is not from the Files API: the text `hello`. */
  malformedReplyTo?: string;
  /** Each reply to a request with the command waits until the gate allows it. */
  holdReplyTo?: { command: string; gate: Gate };
}

export interface FileRequest {
  command: string;
  /** The name of the file. Empty for the command `start`. */
  name: string;
  headers: IncomingHttpHeaders;
  bytes: number;
}

export interface StoredFile {
  name: string;
  uri: string;
  mimeType: string;
  sizeBytes: string;
  state: string;
  sha256: string;
  error?: { message: string };
}

/** Creates the fake API. The server passes to `handle` each request for whose path `handles` returns true. */
export function createFakeFilesApi() {
  const requests: FileRequest[] = [];
  const files = new Map<string, StoredFile>();
  const uploads = new Map<string, { name: string; mimeType: string; size: number; pieces: Buffer[] }>();
  const arrivals = createCondition();
  const pollCounts = new Map<string, number>();
  let options: FilesOptions = {};

  const respondTo = (request: FileRequest, incoming: IncomingMessage, body: Buffer, response: ServerResponse) => {
    const { host = '' } = incoming.headers;
    const url = new URL(incoming.url ?? '/', `http://${host}`);
    const { replaceReplyTo, malformedReplyTo } = options;
    if (malformedReplyTo === request.command) return sendResponse(response, 200, 'hello');
    if (replaceReplyTo?.command === request.command)
      return sendResponse(
        response,
        replaceReplyTo.status,
        replaceReplyTo.body ?? createErrorBody(replaceReplyTo.status, replaceReplyTo.message ?? ''),
      );
    if (request.command === 'start') {
      const { file } = JSON.parse(body.toString());
      const id = String(uploads.size + 1);
      const size = Number(incoming.headers['x-goog-upload-header-content-length']);
      uploads.set(id, { name: file.name ?? `files/made-${id}`, mimeType: file.mimeType, size, pieces: [] });
      response.setHeader(
        'x-goog-upload-url',
        `${url.origin}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`,
      );
      response.setHeader('x-goog-upload-status', 'active');
      return sendResponse(response, 200, '');
    }
    if (request.command === 'upload') return receivePiece(url, incoming, body, response, request);
    const stored = files.get(request.name);
    if (!stored) {
      const message = `You do not have permission to access the File ${request.name.slice(6)} or it may not exist.`;
      return sendResponse(response, 403, createErrorBody(403, message));
    }
    if (request.command === 'delete') {
      files.delete(request.name);
      return sendResponse(response, 200, {});
    }
    const count = (pollCounts.get(request.name) ?? 0) + 1;
    pollCounts.set(request.name, count);
    if (count >= (options.processedAtPoll ?? 0)) finishProcessing(stored);
    return sendResponse(response, 200, stored);
  };

  const finishProcessing = (stored: StoredFile) => {
    stored.state = options.processingError === undefined ? 'ACTIVE' : 'FAILED';
    if (options.processingError !== undefined) stored.error = { message: options.processingError };
  };

  const receivePiece = (
    url: URL,
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    request: FileRequest,
  ) => {
    const upload = uploads.get(url.searchParams.get('upload_id') ?? '');
    const receivedBytes = upload?.pieces.reduce((sum, piece) => sum + piece.length, 0) ?? 0;
    if (!upload || Number(incoming.headers['x-goog-upload-offset']) !== receivedBytes) {
      return sendResponse(response, 400, createErrorBody(400, 'The offset does not match what was received.'));
    }
    upload.pieces.push(body);
    request.name = upload.name;
    const isLast = String(incoming.headers['x-goog-upload-command']).includes('finalize');
    response.setHeader('x-goog-upload-status', isLast ? 'final' : 'active');
    if (!isLast) return sendResponse(response, 200, '');
    const bytes = Buffer.concat(upload.pieces);
    if (bytes.length !== upload.size) return sendResponse(response, 400, createErrorBody(400, 'Upload size mismatch.'));
    const stored: StoredFile = {
      ...{ name: upload.name, uri: `${url.origin}/v1beta/${upload.name}`, mimeType: upload.mimeType },
      ...{ sizeBytes: String(bytes.length), state: 'PROCESSING' },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    if ((options.processedAtPoll ?? 0) === 0) finishProcessing(stored);
    files.set(stored.name, stored);
    return sendResponse(response, 200, options.finalBody ?? { file: stored });
  };

  const api: FakeFilesApi = {
    requests,
    files,
    get commands() {
      return requests.map(({ command }) => command);
    },
    waitForCommands: (command, count = 1) =>
      arrivals.waitUntil(() => requests.filter((request) => request.command === command).length >= count),
    configure: (next) => {
      options = next;
    },
  };
  return {
    api,
    handles: (path = '') => /^\/(upload\/)?v1beta\/files\b/.test(path),
    async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const command = getCommand(incoming);
      const name = /v1beta\/(files\/[^?]+)/.exec(incoming.url ?? '')?.[1] ?? '';
      const request = { command, name, headers: incoming.headers, bytes: body.length };
      requests.push(request);
      arrivals.notify();
      if (options.holdReplyTo?.command === command) await options.holdReplyTo.gate.wait();
      if (!response.destroyed) respondTo(request, incoming, body, response);
    },
  };
}

function getCommand({ method, headers }: IncomingMessage): string {
  const command = String(headers['x-goog-upload-command'] ?? '');
  if (command !== '') return command.startsWith('upload') ? 'upload' : command;
  return method === 'DELETE' ? 'delete' : 'get';
}

function sendResponse(response: ServerResponse, status: number, body: object | string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
