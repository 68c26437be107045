import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { invalidKeyError, unknownModelError } from './gemini-errors.js';
import { createFakeFilesApi, type FakeFilesApi } from './gemini-files.js';
import { type ListedModel, realisticModels } from './gemini-models.js';
import { type ScriptedReply, textReply } from './gemini-replies.js';
import { closedByServer, sendScriptedReply } from './gemini-send-reply.js';
import { attachLiveServer, type LiveServer } from './live-server.js';

/**
 * Gemini's REST service, played on loopback. It knows nothing of vitest: tests, the bench and a shell session use it.
 *
 *     const server = await startGeminiServer();
 *     server.reply(text(['Hel', 'lo']), overloaded());     // for the next two requests, in order
 *     … point a client at server.url, look at server.requests …
 *     await server.close();
 *
 * What it speaks, all of it below `server.url` and with the key in the header `x-goog-api-key`:
 *
 * - `POST /v1beta/models/M:generateContent`: `{contents: [{role, parts}], systemInstruction?, generationConfig?}` in, one
 *   `GenerateContentResponse` out: `{candidates: [{content: {role: "model", parts: [{text}]}, finishReason}],
 *   usageMetadata, modelVersion}`.
 * - `POST /v1beta/models/M:streamGenerateContent?alt=sse`: the same in; out comes `text/event-stream`, an event
 *   `data: {GenerateContentResponse}` and a blank line for each chunk, with CRLF as Google sends it. Every chunk brings
 *   new parts; the last has the finishReason and the usage. There is no closing event: the body just ends.
 * - `POST /v1beta/models/M:countTokens`: `{totalTokens}`, a token per four characters of the request.
 * - `GET /v1beta/models?pageSize=50&pageToken=T`: `{models: [{name: "models/M", supportedGenerationMethods}],
 *   nextPageToken?}`; 50 to a page unless told. `GET /v1beta/models/M`: that model.
 * - A model that isn't listed, or can't be asked by that method: 404 in Google's words, before any script is used.
 * - A refusal: `{error: {code, message, status, details?}}` with the code as its HTTP status.
 *
 * A reply comes from the queue of scripts (`reply`), else from the standing one (`replyAlways`), else it is
 * `Reply <n> of <model> to "<the last text>"`, n being the number of the user's turns: the same for the same request.
 * One script serves unary and streamed requests alike, with the same text, usage and finish reason.
 */
export interface GeminiServer {
  /** The base URL, such as `http://127.0.0.1:40123`. */
  url: string;
  port: number;
  /** Every request so far, in the order of arrival, but those for files. */
  requests: ReceivedRequest[];
  /** The Files API: see gemini-files.ts. */
  files: FakeFilesApi;
  /** The requests that ask for a reply: generateContent and streamGenerateContent. */
  readonly generateRequests: ReceivedRequest[];
  /** How many connections were ever opened. */
  readonly connectionCount: number;
  /** Queues scripts: each answers one request for a reply. */
  queueReplies(...scripts: (ScriptedReply | ReplyFactory)[]): void;
  /** Answers requests for a reply when the queue is empty. */
  setDefaultReply(script: ScriptedReply | ReplyFactory): void;
  /** Queues scripts for requests of the list of models. */
  queueListReplies(...scripts: ScriptedReply[]): void;
  /** The Live service at the same address. */
  live: LiveServer;
  /** Resolves as soon as so many requests have arrived in all, to the last of them. */
  waitForRequests(count: number): Promise<ReceivedRequest>;
  /** Ends the server and destroys every connection. */
  close(): Promise<void>;
}

/** Decides the answer by the request. */
export type ReplyFactory = (request: ReceivedRequest) => ScriptedReply;

/** A request as it arrived. */
export interface ReceivedRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON, or undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was sent.
  body: any;
  /** Without `models/`; empty where the path names none. */
  model: string;
  /** `generateContent`, `streamGenerateContent`, `countTokens`, `list` or `get`. */
  action: string;
  streaming: boolean;
  /** When it had arrived whole, in milliseconds since the epoch. */
  receivedAtMs: number;
  /** Resolves when the client closes the connection before the answer is whole, to the time; else never. */
  closedEarly: Promise<number>;
  /** The same as a plain value: undefined as long as that has not happened. */
  closedEarlyAtMs: number | undefined;
}

export interface GeminiServerOptions {
  /** The models there are; `any` takes every name, and lists the realistic ones. */
  models?: readonly ListedModel[] | 'any';
  /** The only key that is good. Without it every key is. */
  apiKey?: string;
  /** 0, a free one, unless told. */
  port?: number;
}

/** Starts the server on 127.0.0.1. */
export async function startGeminiServer(options: GeminiServerOptions = {}): Promise<GeminiServer> {
  const queue: (ScriptedReply | ReplyFactory)[] = [];
  const listQueue: ScriptedReply[] = [];
  const requests: ReceivedRequest[] = [];
  const arrivalListeners = new Set<() => void>();
  const files = createFakeFilesApi();
  let defaultReply: ScriptedReply | ReplyFactory = createEchoReply;

  const chooseScript = (request: ReceivedRequest): ScriptedReply => {
    if (options.apiKey !== undefined && request.headers['x-goog-api-key'] !== options.apiKey) return invalidKeyError();
    const models = options.models === undefined || options.models === 'any' ? realisticModels : options.models;
    if (request.action === 'list') return listQueue.shift() ?? createListPage(request, models);
    if (options.models !== 'any' && !canServe(request, models)) return unknownModelError(request.model, request.action);
    if (request.action === 'get') return { body: models.find(({ name }) => name === `models/${request.model}`) ?? {} };
    if (request.action === 'countTokens')
      return { body: { totalTokens: countTokens(JSON.stringify(request.body ?? '')) } };
    const script = queue.shift() ?? defaultReply;
    return typeof script === 'function' ? script(request) : script;
  };

  const { server, sockets, countConnections } = createHttpServer(async (incoming, response) => {
    if (files.handles(incoming.url)) return files.handle(incoming, response);
    const request = await readRequest(incoming, response);
    requests.push(request);
    for (const check of arrivalListeners) check();
    await sendScriptedReply(chooseScript(request), request, response);
  });
  const live = attachLiveServer(server, {
    hasModel: (model) => supportsLive(model, options.models),
    apiKey: options.apiKey,
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    files: files.stage,
    get generateRequests() {
      return requests.filter(({ action }) => action.toLowerCase().endsWith('generatecontent'));
    },
    get connectionCount() {
      return countConnections();
    },
    live,
    queueReplies: (...scripts) => void queue.push(...scripts),
    setDefaultReply: (script) => {
      defaultReply = script;
    },
    queueListReplies: (...scripts) => void listQueue.push(...scripts),
    waitForRequests: (count) =>
      new Promise((resolve) => {
        const check = () => {
          const request = requests[count - 1];
          if (!request) return;
          arrivalListeners.delete(check);
          resolve(request);
        };
        arrivalListeners.add(check);
        check();
      }),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function createHttpServer(handleRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer({ noDelay: true }, (request, response) => {
    handleRequest(request, response).catch((thrown: unknown) => {
      // A bug of a script must not look like a slow service.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`gemini-server: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    });
  });
  server.on('connection', (socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return { server, sockets, countConnections: () => connectionCount };
}

async function readRequest(incoming: IncomingMessage, response: ServerResponse): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const bodyText = Buffer.concat(chunks).toString();
  const path = incoming.url ?? '/';
  const [, model = '', method] = /^\/v1beta\/models\/([^:?]+)(?::(\w+))?/.exec(path) ?? [];
  const request: ReceivedRequest = {
    method: incoming.method ?? '',
    path,
    headers: incoming.headers,
    body: bodyText === '' ? undefined : JSON.parse(bodyText),
    model: decodeURIComponent(model),
    action: method ?? (model === '' ? 'list' : 'get'),
    streaming: method === 'streamGenerateContent',
    receivedAtMs: Date.now(),
    closedEarly: new Promise((resolve) => {
      response.on('close', () => {
        if (response.writableFinished || closedByServer.has(response)) return;
        request.closedEarlyAtMs = Date.now();
        resolve(request.closedEarlyAtMs);
      });
    }),
    closedEarlyAtMs: undefined,
  };
  return request;
}

/** The reply where nothing was scripted, in pieces of a word each. */
function createEchoReply({ body, model }: ReceivedRequest): ScriptedReply {
  const contents: { role?: string; parts?: { text?: string }[] }[] = body?.contents ?? [];
  const turnCount = contents.filter(({ role }) => role !== 'model').length;
  const last = contents.at(-1)?.parts?.findLast((part) => part.text !== undefined)?.text ?? '';
  const promptTokens = countTokens(JSON.stringify(contents));
  const pieces = `Reply ${turnCount} of ${model} to "${last.slice(0, 60)}"`.match(/\s*\S+/g) ?? [];
  const usage = {
    promptTokenCount: promptTokens,
    candidatesTokenCount: pieces.length,
    totalTokenCount: promptTokens + pieces.length,
  };
  return textReply(pieces, { usage });
}

function countTokens(characters: string): number {
  return Math.ceil(characters.length / 4);
}

function supportsLive(model: string, models: GeminiServerOptions['models'] = realisticModels): boolean {
  if (models === 'any') return true;
  const listed = models.find(({ name }) => name === `models/${model}`);
  return listed?.supportedGenerationMethods.includes('bidiGenerateContent') ?? false;
}

function canServe({ action, model }: ReceivedRequest, models: readonly ListedModel[]): boolean {
  const method = action === 'streamGenerateContent' ? 'generateContent' : action;
  const listed = models.find(({ name }) => name === `models/${model}`);
  return listed !== undefined && (action === 'get' || listed.supportedGenerationMethods.includes(method));
}

function createListPage({ path }: ReceivedRequest, models: readonly ListedModel[]): ScriptedReply {
  const query = new URL(path, 'http://localhost').searchParams;
  const size = Math.min(Number(query.get('pageSize') ?? 50), 1000);
  const start = Number(query.get('pageToken') ?? 0);
  const hasMore = start + size < models.length;
  return {
    body: { models: models.slice(start, start + size), ...(hasMore && { nextPageToken: String(start + size) }) },
  };
}
