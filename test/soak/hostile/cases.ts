import fc from 'fast-check';
import { answerMutations, type Json, mutateAnswer } from '../../helpers/mutate-answer.js';
import { sampleAnswers } from '../fuzz-answers.js';
import { sampleTurns } from '../fuzz-live-messages.js';

/**
 * What the program requests. `json` is a reply in JSON that follows a schema. `createArguments` in check-case.ts has a
 * command line for each kind.
 */
export const requestKinds = ['text', 'text-stream', 'json', 'live', 'list', 'download', 'upload'] as const;
export type RequestKind = (typeof requestKinds)[number];

/** How an answer is sent. */
export type Delivery =
  | 'whole'
  /** One byte at a time, too slowly for the time limit. */
  | 'drip'
  /** Half of it; then the connection is closed, reset, or left open. */
  | 'half-close'
  | 'half-reset'
  | 'half-hang'
  /** Nothing of it: the connection is closed, or left open. */
  | 'close'
  | 'hang'
  /** `101 Switching Protocols`, to a protocol that the program has not asked for. */
  | 'bogus-upgrade'
  /** Not HTTP. */
  | 'garbage';

/** One answer of a hostile server. It is plain data, so that a failing case prints in full. */
export interface HostileAnswer {
  kind: RequestKind;
  delivery: Delivery;
  status: number;
  headers: Record<string, string>;
  body: string;
}

const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const file = { name: 'files/x', uri: 'http://127.0.0.1/v1beta/files/x', mimeType: 'image/png', state: 'ACTIVE' };
const violations = [{ quotaId: 'RequestsPerDay', quotaMetric: 'm', quotaValue: '20', quotaDimensions: { model: 'x' } }];
const googleError = {
  error: {
    ...{ code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded. Please retry in 38.9s.' },
    details: [
      { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '38s' },
    ],
  },
};
const model = { name: 'models/m', supportedGenerationMethods: ['generateContent'], inputTokenLimit: 8, version: '1' };
const list = { models: [model, { ...model, name: 'models/n' }], nextPageToken: 'next' };

/**
 * The answers that are mutated, most of them correct. An answer that is an array is a stream of events or of Live
 * messages.
 */
const answersByKind: Readonly<Record<RequestKind, readonly Json[]>> = {
  text: sampleAnswers,
  'text-stream': sampleAnswers.map((answer) => [answer]),
  json: sampleAnswers,
  live: sampleTurns,
  list: [list],
  download: ['not a picture', googleError],
  upload: [{ file }, file],
};

/** Bodies that no mutation makes: large, deep, or slow to search with a careless regular expression. */
const extremes: readonly string[] = [
  ...['', 'null', '[]', '0', '"x"', '<html><title>Log in</title>', '\0\0', '{"candidates":', '<title'.repeat(200_000)],
  ...[deep, `{"error": ${deep}}`, `{"candidates": [{"content": {"parts": [{"x": ${deep}}]}, "finishReason": "STOP"}]}`],
  ...[`{"models": ${deep}}`, `{"file": ${deep}}`, `{"usageMetadata": {"promptTokenCount": ${'9'.repeat(400)}}}`],
  JSON.stringify({ error: { code: 503, status: 'UNAVAILABLE', message: 'quota daily '.repeat(100_000) } }),
  JSON.stringify({ candidates: [{ content: { parts: Array(300_000).fill({ text: '' }) }, finishReason: 'STOP' }] }),
  JSON.stringify({ candidates: [{ content: { parts: [{ text: 'x'.repeat(3_000_000) }] }, finishReason: 'STOP' }] }),
  JSON.stringify({ models: Array.from({ length: 12_000 }, (_, index) => ({ ...model, name: `models/m${index}` })) }),
];

const oddHeaders: readonly Record<string, string>[] = [
  ...[{ 'retry-after': '9'.repeat(300) }, { 'retry-after': '-1' }, { 'retry-after': 'soon' }, { 'retry-after': '1e9' }],
  ...[{ 'content-encoding': 'gzip' }, { 'content-encoding': 'br' }, { 'content-encoding': 'x' }],
  ...[{ location: 'file:///etc/passwd' }, { location: '/loop' }, { 'x-goog-upload-status': 'final' }],
  ...[{ 'x-goog-upload-url': 'x' }, { 'content-length': '999999999' }, { 'content-type': 'text/html' }],
];

const deliveries: fc.Arbitrary<Delivery> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('whole' as const) },
  { weight: 4, arbitrary: fc.constantFrom('half-close', 'half-reset', 'close', 'bogus-upgrade', 'garbage') },
  // Each of these takes the whole time limit.
  { weight: 1, arbitrary: fc.constantFrom('drip', 'half-hang', 'hang') },
);

const createBodies = (kind: RequestKind): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        // The answers of the kind are listed twice, so that they are chosen more often than the error.
        .tuple(fc.constantFrom(...answersByKind[kind], ...answersByKind[kind], googleError), answerMutations)
        .map(([answer, mutations]) => JSON.stringify(mutateAnswer(answer, mutations))),
    },
    { weight: 1, arbitrary: fc.constantFrom(...extremes) },
  );

export const hostileAnswers: fc.Arbitrary<HostileAnswer> = fc
  .oneof(
    { weight: 12, arbitrary: fc.constantFrom(...requestKinds.filter((kind) => kind !== 'upload')) },
    // An upload is rare, because it reads and sends 16 MB.
    { weight: 1, arbitrary: fc.constant('upload' as const) },
  )
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      delivery: deliveries,
      status: fc.oneof(
        { weight: 3, arbitrary: fc.constant(200) },
        { weight: 2, arbitrary: fc.constantFrom(204, 302, 307, 400, 401, 403, 404, 413, 429, 500, 503, 599, 999) },
      ),
      headers: fc.oneof(
        { weight: 4, arbitrary: fc.constant({} as Record<string, string>) },
        { weight: 1, arbitrary: fc.constantFrom(...oddHeaders) },
      ),
      body: createBodies(kind),
    }),
  );
