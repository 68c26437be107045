import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { keyInvalid, modelUnknown } from './gemini-errors.js';
import { createFilesStage, type FilesStage } from './gemini-files.js';
import { type ListedModel, realisticModels } from './gemini-models.js';
import { endedByUs, play } from './gemini-playing.js';
import { type Script, text } from './gemini-replies.js';
import { type LiveServer, serveLive } from './live-server.js';

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
  requests: RecordedRequest[];
  /** The Files API: see gemini-files.ts. */
  files: FilesStage;
  /** The requests that ask for a reply: generateContent and streamGenerateContent. */
  readonly calls: RecordedRequest[];
  /** How many connections were ever opened. */
  readonly connections: number;
  /** Queues scripts: each answers one request for a reply. */
  reply(...scripts: (Script | Scripting)[]): void;
  /** Answers requests for a reply when the queue is empty. */
  replyAlways(script: Script | Scripting): void;
  /** Queues scripts for requests of the list of models. */
  replyToList(...scripts: Script[]): void;
  /** The Live service at the same address. */
  live: LiveServer;
  /** Resolves as soon as so many requests have arrived in all, to the last of them. */
  received(count: number): Promise<RecordedRequest>;
  /** Ends the server and destroys every connection. */
  close(): Promise<void>;
}

/** Decides the answer by the request. */
export type Scripting = (request: RecordedRequest) => Script;

/** A request as it arrived. */
export interface RecordedRequest {
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
  at: number;
  /** Resolves when the client closes the connection before the answer is whole, to the time; else never. */
  closedEarly: Promise<number>;
  /** The same as a plain value: undefined as long as that has not happened. */
  closedEarlyAt: number | undefined;
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
  const queue: (Script | Scripting)[] = [];
  const listQueue: Script[] = [];
  const requests: RecordedRequest[] = [];
  const arrivals = new Set<() => void>();
  const files = createFilesStage();
  let standing: Script | Scripting = echo;

  const chooseScript = (request: RecordedRequest): Script => {
    if (options.apiKey !== undefined && request.headers['x-goog-api-key'] !== options.apiKey) return keyInvalid();
    const models = options.models === undefined || options.models === 'any' ? realisticModels : options.models;
    if (request.action === 'list') return listQueue.shift() ?? listPage(request, models);
    if (options.models !== 'any' && !canServe(request, models)) return modelUnknown(request.model, request.action);
    if (request.action === 'get') return { body: models.find(({ name }) => name === `models/${request.model}`) ?? {} };
    if (request.action === 'countTokens')
      return { body: { totalTokens: tokensOf(JSON.stringify(request.body ?? '')) } };
    const script = queue.shift() ?? standing;
    return typeof script === 'function' ? script(request) : script;
  };

  const { server, sockets, opened } = listeningServer(async (incoming, response) => {
    if (files.handles(incoming.url)) return files.answer(incoming, response);
    const request = await record(incoming, response);
    requests.push(request);
    for (const arrived of arrivals) arrived();
    await play(chooseScript(request), request, response);
  });
  const live = serveLive(server, { knows: (model) => canTalk(model, options.models), apiKey: options.apiKey });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    files: files.stage,
    get calls() {
      return requests.filter(({ action }) => action.toLowerCase().endsWith('generatecontent'));
    },
    get connections() {
      return opened();
    },
    live,
    reply: (...scripts) => void queue.push(...scripts),
    replyAlways: (script) => {
      standing = script;
    },
    replyToList: (...scripts) => void listQueue.push(...scripts),
    received: (count) =>
      new Promise((resolve) => {
        const arrived = () => {
          const request = requests[count - 1];
          if (!request) return;
          arrivals.delete(arrived);
          resolve(request);
        };
        arrivals.add(arrived);
        arrived();
      }),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function listeningServer(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
  const sockets = new Set<Socket>();
  let opened = 0;
  const server = createServer({ noDelay: true }, (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      // A bug of a script must not look like a slow service.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`gemini-server: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    });
  });
  server.on('connection', (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return { server, sockets, opened: () => opened };
}

async function record(incoming: IncomingMessage, response: ServerResponse): Promise<RecordedRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  const sent = Buffer.concat(pieces).toString();
  const path = incoming.url ?? '/';
  const [, model = '', method] = /^\/v1beta\/models\/([^:?]+)(?::(\w+))?/.exec(path) ?? [];
  const request: RecordedRequest = {
    method: incoming.method ?? '',
    path,
    headers: incoming.headers,
    body: sent === '' ? undefined : JSON.parse(sent),
    model: decodeURIComponent(model),
    action: method ?? (model === '' ? 'list' : 'get'),
    streaming: method === 'streamGenerateContent',
    at: Date.now(),
    closedEarly: new Promise((resolve) => {
      response.on('close', () => {
        if (response.writableFinished || endedByUs.has(response)) return;
        request.closedEarlyAt = Date.now();
        resolve(request.closedEarlyAt);
      });
    }),
    closedEarlyAt: undefined,
  };
  return request;
}

/** The reply where nothing was scripted, in pieces of a word each. */
function echo({ body, model }: RecordedRequest): Script {
  const contents: { role?: string; parts?: { text?: string }[] }[] = body?.contents ?? [];
  const asked = contents.filter(({ role }) => role !== 'model').length;
  const last = contents.at(-1)?.parts?.findLast((part) => part.text !== undefined)?.text ?? '';
  const promptTokens = tokensOf(JSON.stringify(contents));
  const pieces = `Reply ${asked} of ${model} to "${last.slice(0, 60)}"`.match(/\s*\S+/g) ?? [];
  const usage = {
    promptTokenCount: promptTokens,
    candidatesTokenCount: pieces.length,
    totalTokenCount: promptTokens + pieces.length,
  };
  return text(pieces, { usage });
}

function tokensOf(characters: string): number {
  return Math.ceil(characters.length / 4);
}

function canTalk(model: string, models: GeminiServerOptions['models'] = realisticModels): boolean {
  if (models === 'any') return true;
  const listed = models.find(({ name }) => name === `models/${model}`);
  return listed?.supportedGenerationMethods.includes('bidiGenerateContent') ?? false;
}

function canServe({ action, model }: RecordedRequest, models: readonly ListedModel[]): boolean {
  const method = action === 'streamGenerateContent' ? 'generateContent' : action;
  const listed = models.find(({ name }) => name === `models/${model}`);
  return listed !== undefined && (action === 'get' || listed.supportedGenerationMethods.includes(method));
}

function listPage({ path }: RecordedRequest, models: readonly ListedModel[]): Script {
  const query = new URL(path, 'http://localhost').searchParams;
  const size = Math.min(Number(query.get('pageSize') ?? 50), 1000);
  const start = Number(query.get('pageToken') ?? 0);
  const more = start + size < models.length;
  return { body: { models: models.slice(start, start + size), ...(more && { nextPageToken: String(start + size) }) } };
}
