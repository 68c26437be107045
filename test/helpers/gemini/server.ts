import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createCondition } from '../condition.js';
import { invalidKeyError, unknownModelError } from './errors.js';
import { createFakeFilesApi, type FakeFilesApi } from './files.js';
import { attachLiveServer, type LiveServer } from './live-server.js';
import { type ListedModel, realisticModels } from './models.js';
import { type ScriptedReply, textReply } from './replies.js';
import { closedByServer, type ReceivedRequest, sendScriptedReply } from './send-reply.js';

/**
 * A fake of Gemini's REST API on loopback, independent of vitest: tests, benchmarks and shell sessions use it.
 *
 *     const server = await startGeminiServer();
 *     server.queueReplies(textReply(['Hel', 'lo']), overloadedError());     // for the next two requests, in order
 *     … point a client at server.url, look at server.requests …
 *     await server.close();
 *
 * Its endpoints below `server.url`, with the key in the header `x-goog-api-key`:
 *
 * - `POST /v1beta/models/M:generateContent` takes `{contents: [{role, parts}], systemInstruction?, generationConfig?}` and
 *   returns a `GenerateContentResponse`: `{candidates: [{content: {role: "model", parts: [{text}]}, finishReason}],
 *   usageMetadata, modelVersion}`.
 * - `POST /v1beta/models/M:streamGenerateContent?alt=sse` takes the same and returns `text/event-stream`: for each chunk an
 *   event `data: {GenerateContentResponse}` and a blank line, with CRLF as Google sends it. Every chunk has new parts; the
 *   last one has the finishReason and the usage. There is no closing event.
 * - `POST /v1beta/models/M:countTokens` returns `{totalTokens}`: one token per four characters of the request.
 * - `GET /v1beta/models?pageSize=50&pageToken=T` returns `{models: [{name: "models/M", supportedGenerationMethods}],
 *   nextPageToken?}` with 50 models per page by default. `GET /v1beta/models/M` returns one model.
 * - A model that is not listed, or does not support the method, gets Google's 404. The queue of replies stays as it is.
 * - An error is `{error: {code, message, status, details?}}` with the code as its HTTP status.
 *
 * A reply comes from the queue of scripts (`queueReplies`), else from the default (`setDefaultReply`), else it is
 * `Reply <n> of <model> to "<the last text>"`, where n is the number of user turns. Equal requests get equal replies.
 * A script serves requests with and without streaming, with the same text, usage and finish reason.
 */
export interface GeminiServer {
  /** The base URL, for example `http://127.0.0.1:40123`. */
  url: string;
  port: number;
  /** All requests so far except those for files, in order of arrival. */
  requests: ReceivedRequest[];
  /** The Files API (files.ts). */
  files: FakeFilesApi;
  /** The requests to generateContent and streamGenerateContent. */
  readonly generateRequests: ReceivedRequest[];
  /** The number of connections opened so far. */
  readonly connectionCount: number;
  /** Queues scripts, each for one generate request. */
  queueReplies(...scripts: (ScriptedReply | ReplyFactory)[]): void;
  /** Sets the reply that a generate request gets if the queue is empty. */
  setDefaultReply(script: ScriptedReply | ReplyFactory): void;
  /** Queues scripts for requests for the list of models. */
  queueListReplies(...scripts: ScriptedReply[]): void;
  /** The Live API at the same address. */
  live: LiveServer;
  /** Resolves when `count` requests have arrived since the start. The result is request number `count`. */
  waitForRequests(count: number): Promise<ReceivedRequest>;
  /** Stops the server and destroys all connections. */
  close(): Promise<void>;
}

/** Creates a reply from the request. */
export type ReplyFactory = (request: ReceivedRequest) => ScriptedReply;

export interface GeminiServerOptions {
  /**
   * The available models. Default: `realisticModels`. With `any`, every name is accepted, but only `realisticModels`
   * are listed.
   */
  models?: readonly ListedModel[] | 'any';
  /** The only valid key. By default every key is valid. */
  apiKey?: string;
  /** Default 0: a free port. */
  port?: number;
}

/** Starts the server on 127.0.0.1. */
export async function startGeminiServer(options: GeminiServerOptions = {}): Promise<GeminiServer> {
  const queue: (ScriptedReply | ReplyFactory)[] = [];
  const listQueue: ScriptedReply[] = [];
  const requests: ReceivedRequest[] = [];
  const arrivals = createCondition();
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
    arrivals.notify();
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
    files: files.api,
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
    async waitForRequests(count) {
      await arrivals.waitUntil(() => requests.length >= count);
      return requests[count - 1] as ReceivedRequest;
    },
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
      // Reply with the stack, so that a bug in a script does not look like a slow service.
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
  const [, model = '', modelAction] = /^\/v1beta\/models\/([^:?]+)(?::(\w+))?/.exec(path) ?? [];
  const request: ReceivedRequest = {
    method: incoming.method ?? '',
    path,
    headers: incoming.headers,
    body: bodyText === '' ? undefined : JSON.parse(bodyText),
    model: decodeURIComponent(model),
    action: modelAction ?? (model === '' ? 'list' : 'get'),
    streaming: modelAction === 'streamGenerateContent',
    receivedAtMs: Date.now(),
    whenClosedEarly: new Promise((resolve) => {
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

/** Creates the reply to a request for which no script is queued, in pieces of one word. */
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

function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
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
