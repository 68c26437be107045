import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { errorBody } from './gemini-errors.js';
import type { Gate } from './gemini-gate.js';

/**
 * The Files API of the Gemini server on loopback. It speaks:
 *
 * - `POST /upload/v1beta/files`, `X-Goog-Upload-Protocol: resumable`, `-Command: start`, `-Header-Content-Length` and
 *   `-Header-Content-Type`, a body `{file: {name?, mimeType}}`: answered with a `X-Goog-Upload-URL` and no body.
 * - `POST` to that URL, `X-Goog-Upload-Offset` and `-Command: upload` or `upload, finalize`, the bytes as its body: answered
 *   with `X-Goog-Upload-Status: active`, or `final` and `{file: {name, uri, mimeType, sizeBytes, state}}`.
 * - `GET /v1beta/files/F`: the file; its state is PROCESSING as often as `processing` says, then ACTIVE or FAILED.
 * - `DELETE /v1beta/files/F`: `{}`. What is not there: 403 in Google's words.
 */
export interface FilesStage {
  /** Every request so far, in the order of arrival. */
  requests: FileRequest[];
  /** What is there now, by name. */
  files: Map<string, StoredFile>;
  /** What the requests were, in order: `start`, `upload`, `get`, `delete`. */
  readonly commands: string[];
  /** Resolves as soon as so many requests of a kind have arrived. */
  received(command: string, count?: number): Promise<void>;
  /** How files behave from now on. */
  behave(behaviour: FilesBehaviour): void;
}

export interface FilesBehaviour {
  /** How many times a file is asked for until it is done with; 0 unless told. */
  processing?: number;
  /** Why it can't be processed. */
  failure?: string;
  /** Answers requests of a kind with an error. */
  refuse?: { command: string; status: number; message: string };
  /** Answers requests of a kind with nothing that the protocol knows. */
  nonsense?: string;
  /** Asked before a request of a kind is answered. */
  gate?: { command: string; gate: Gate };
}

export interface FileRequest {
  command: string;
  /** The file's name where the path or the answer names one. */
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

/** Makes the stage; the server hands it the requests that are its own. */
export function createFilesStage() {
  const requests: FileRequest[] = [];
  const files = new Map<string, StoredFile>();
  const begun = new Map<string, { name: string; mimeType: string; size: number; pieces: Buffer[] }>();
  const arrivals = new Set<() => void>();
  const asked = new Map<string, number>();
  let behaviour: FilesBehaviour = {};

  const answerFor = (request: FileRequest, incoming: IncomingMessage, body: Buffer, response: ServerResponse) => {
    const { host = '' } = incoming.headers;
    const url = new URL(incoming.url ?? '/', `http://${host}`);
    const { refuse, nonsense } = behaviour;
    if (nonsense === request.command) return send(response, 200, 'hello');
    if (refuse?.command === request.command)
      return send(response, refuse.status, errorBody(refuse.status, refuse.message));
    if (request.command === 'start') {
      const { file } = JSON.parse(body.toString());
      const id = String(begun.size + 1);
      const size = Number(incoming.headers['x-goog-upload-header-content-length']);
      begun.set(id, { name: file.name ?? `files/made-${id}`, mimeType: file.mimeType, size, pieces: [] });
      response.setHeader(
        'x-goog-upload-url',
        `${url.origin}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`,
      );
      response.setHeader('x-goog-upload-status', 'active');
      return send(response, 200, '');
    }
    if (request.command === 'upload') return takePiece(url, incoming, body, response, request);
    const stored = files.get(request.name);
    if (!stored) {
      const message = `You do not have permission to access the File ${request.name.slice(6)} or it may not exist.`;
      return send(response, 403, errorBody(403, message));
    }
    if (request.command === 'delete') {
      files.delete(request.name);
      return send(response, 200, {});
    }
    const count = (asked.get(request.name) ?? 0) + 1;
    asked.set(request.name, count);
    if (count >= (behaviour.processing ?? 0)) finish(stored);
    return send(response, 200, stored);
  };

  const finish = (stored: StoredFile) => {
    stored.state = behaviour.failure === undefined ? 'ACTIVE' : 'FAILED';
    if (behaviour.failure !== undefined) stored.error = { message: behaviour.failure };
  };

  const takePiece = (
    url: URL,
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    request: FileRequest,
  ) => {
    const upload = begun.get(url.searchParams.get('upload_id') ?? '');
    const have = upload?.pieces.reduce((sum, piece) => sum + piece.length, 0) ?? 0;
    if (!upload || Number(incoming.headers['x-goog-upload-offset']) !== have) {
      return send(response, 400, errorBody(400, 'The offset does not match what was received.'));
    }
    upload.pieces.push(body);
    request.name = upload.name;
    const isLast = String(incoming.headers['x-goog-upload-command']).includes('finalize');
    response.setHeader('x-goog-upload-status', isLast ? 'final' : 'active');
    if (!isLast) return send(response, 200, '');
    const bytes = Buffer.concat(upload.pieces);
    if (bytes.length !== upload.size) return send(response, 400, errorBody(400, 'Upload size mismatch.'));
    const stored: StoredFile = {
      ...{ name: upload.name, uri: `${url.origin}/v1beta/${upload.name}`, mimeType: upload.mimeType },
      ...{ sizeBytes: String(bytes.length), state: 'PROCESSING' },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    if ((behaviour.processing ?? 0) === 0) finish(stored);
    files.set(stored.name, stored);
    return send(response, 200, { file: stored });
  };

  const stage: FilesStage = {
    requests,
    files,
    get commands() {
      return requests.map(({ command }) => command);
    },
    received: (command, count = 1) =>
      new Promise((resolve) => {
        const arrived = () => {
          if (requests.filter((request) => request.command === command).length < count) return;
          arrivals.delete(arrived);
          resolve();
        };
        arrivals.add(arrived);
        arrived();
      }),
    behave: (next) => {
      behaviour = next;
    },
  };
  return {
    stage,
    handles: (path = '') => /^\/(upload\/)?v1beta\/files\b/.test(path),
    async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece);
      const body = Buffer.concat(pieces);
      const command = commandOf(incoming);
      const name = /v1beta\/(files\/[^?]+)/.exec(incoming.url ?? '')?.[1] ?? '';
      const request = { command, name, headers: incoming.headers, bytes: body.length };
      requests.push(request);
      for (const arrived of arrivals) arrived();
      if (behaviour.gate?.command === command) await behaviour.gate.gate.pass();
      if (!response.destroyed) answerFor(request, incoming, body, response);
    },
  };
}

function commandOf({ method, headers }: IncomingMessage): string {
  const command = String(headers['x-goog-upload-command'] ?? '');
  if (command !== '') return command.startsWith('upload') ? 'upload' : command;
  return method === 'DELETE' ? 'delete' : 'get';
}

function send(response: ServerResponse, status: number, body: object | string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
