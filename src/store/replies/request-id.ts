import { createHash } from 'node:crypto';
import type { CallContext } from '../../driver/driver.js';
import type { ReplyMedia } from '../../driver/reply-media.js';
import type { GenerateRequest, GenerationParameters, MediaContent, Part, Turn } from '../../driver/request.js';

/**
 * Identifies a request within a run of the narrative. With `--each` or `--matrix`, the narrative runs once for each row
 * and combination, and each of these runs counts its requests separately.
 */
export interface RequestId {
  /** The result of `requestKey`; for a hop of a long reply, the result of `createHopKey`. */
  key: string;
  /**
   * The number of equal requests before this one in the run. A narrative of several rounds, for example, may send
   * the same request in every round. A request that is sent again, for example after a failure, keeps its number.
   */
  occurrence: number;
  /**
   * The id of the row for which the request is sent; absent without `--each` and `--matrix`. A row keeps its id
   * when the command runs again, so that the later command finds its replies. With `--matrix`, a row has one id for
   * each combination. Recordings store the id under this name.
   */
  instance?: string;
}

/**
 * The parts of a request that distinguish it from others, as plain data in a fixed order, with hashes or URLs instead
 * of media. Two requests with equal descriptions count as the same request, so a reply to one is a reply to the other.
 */
export interface RequestDescription {
  /** The requested model. */
  model: string;
  system?: string;
  parameters: GenerationParameters;
  turns: TurnDescription[];
  /** The token of the last finished hop, if the request continues a long reply. */
  continuationToken?: string;
}

/** One turn of a described request. */
export interface TurnDescription {
  role: Turn['role'];
  parts: PartDescription[];
}

/**
 * A text or a media part. Media have the SHA-256 of their bytes in hexadecimal. Media given by a URL have the URL
 * instead, because describing a request must not fetch it.
 */
export type PartDescription =
  | { text: string }
  | { mimeType?: string; sha256: string; mediaResolution?: string }
  | { mimeType?: string; url: string; mediaResolution?: string };

/**
 * Describes a request. An earlier reply is described by its text and media only: thought signatures are left out,
 * because they differ each time. So an act's request stays the same if the act before it is repeated and gets the same
 * reply. The model that gave the earlier reply is left out too. So are the service's address and the API key.
 */
export function describeRequest(request: GenerateRequest): RequestDescription {
  const { model, system, parameters, turns, finishedHops } = request;
  const continuationToken = finishedHops?.at(-1)?.token;
  return {
    model,
    ...(system !== undefined && { system }),
    parameters: sortParameters(parameters),
    turns: turns.map(describeTurn),
    ...(continuationToken !== undefined && { continuationToken }),
  };
}

/** Hashes a description: SHA-256 in hexadecimal. */
export function requestKey(description: RequestDescription): string {
  return createHash('sha256').update(JSON.stringify(description)).digest('hex');
}

/** Creates the key of a hop from the key of the whole request and the description of the hop. */
export function createHopKey(key: string, description: RequestDescription): string {
  return `${key}/${requestKey(description)}`;
}

/** Returns two bounds: the key of every hop of a request is greater than the first and less than the second. */
export function getHopKeyBounds(key: string): [string, string] {
  // `0` is the character after `/`: the range holds all keys that begin with `<key>/`.
  return [`${key}/`, `${key}0`];
}

/** Formats an id as one string, for use as the key of a map. */
export function formatRequestId({ key, occurrence, instance: rowId }: RequestId): string {
  return rowId === undefined ? `${key} ${occurrence}` : `${key} ${occurrence} ${rowId}`;
}

/** A request of a run with its id. */
export interface IdentifiedRequest {
  id: RequestId;
  description: RequestDescription;
  /**
   * Call this when the reply has arrived. If the request was sent without an executor (the `CallContext` has no
   * `position`), the next equal request then gets the next number. For a request of an executor, this does nothing.
   */
  advanceNumber: () => void;
}

/** The requests of a run that have the same key. Requests that an executor sends for an act have a `position`. */
interface EqualRequests {
  /** How many requests without a `position` have been answered. */
  answered: number;
  /** The numbers of the requests with a `position`, by the index of the act. */
  occurrences: Map<number, number>;
}

/**
 * Creates a function that numbers the equal requests of a run in the order in which the function is called.
 *
 * A request of an executor has a `position`: its run, and the index of its act. If such a request is sent again, for
 * example as a single call after a failed stream, its `position` is the same, so the request keeps its number.
 *
 * A request from a program that calls the driver without an executor has no `position`. The next equal request gets the
 * next number only after the reply to this request has arrived, so a repeated request keeps its number.
 */
export function createRequestNumbering(): (
  request: GenerateRequest,
  context: Pick<CallContext, 'rowIdentity' | 'position'>,
) => IdentifiedRequest {
  /** Stands for the run of all requests that name neither a run nor a row. */
  const unnamedRun = {};
  // In a WeakMap, the counts of a finished run are garbage-collected with the object that stands for the run. So a
  // million rows, each with a run of its own, need little memory.
  const requestsByRun = new WeakMap<object, Map<string, EqualRequests>>();
  return (request, { rowIdentity, position }) => {
    const description = describeRequest(request);
    const key = requestKey(description);
    const run = position?.run ?? rowIdentity ?? unnamedRun;
    const requests = requestsByRun.get(run) ?? new Map<string, EqualRequests>();
    requestsByRun.set(run, requests);
    const equal = requests.get(key) ?? { answered: 0, occurrences: new Map() };
    requests.set(key, equal);
    const next = position ? equal.occurrences.size : equal.answered;
    const occurrence = (position && equal.occurrences.get(position.index)) ?? next;
    if (position) equal.occurrences.set(position.index, occurrence);
    const advanceNumber = () => {
      if (!position) equal.answered = occurrence + 1;
    };
    return { id: { key, occurrence, ...(rowIdentity && { instance: rowIdentity.id }) }, description, advanceNumber };
  };
}

/**
 * Returns the key under which a reply is stored. For a row, it begins with the key of the request and `#`, so that
 * the bounds of `getRowKeyBounds` enclose the replies that all rows got to this request.
 */
export function getStoredKey({ key, instance: rowId }: RequestId): string {
  return rowId === undefined ? key : `${key}#${rowId}`;
}

/** Returns two bounds: the stored key of a request for any row is greater than the first and less than the second. */
export function getRowKeyBounds(key: string): [string, string] {
  // `$` is the character after `#`: the range holds all keys that begin with `<key>#`.
  return [`${key}#`, `${key}$`];
}

function describeTurn(turn: Turn): TurnDescription {
  if (turn.role === 'model')
    return { role: 'model', parts: [{ text: turn.text }, ...(turn.media ?? []).map(describeMedia)] };
  return { role: 'user', parts: turn.parts.map(describePart) };
}

/** Describes a picture or a sound of a reply. */
export function describeMedia(media: ReplyMedia): PartDescription {
  return { mimeType: media.mimeType, sha256: hashContent(media, media.base64) };
}

function describePart(part: Part): PartDescription {
  if (part.type === 'text') return { text: part.text };
  const { content, mediaResolution } = part;
  const mimeType = part.mimeType === undefined ? {} : { mimeType: part.mimeType };
  const resolution = mediaResolution && { mediaResolution };
  switch (content.from) {
    case 'bytes':
      return { ...mimeType, sha256: hashContent(content, content.base64), ...resolution };
    case 'file':
      // A file has the same description as its bytes, because its location does not change the request.
      return { ...mimeType, sha256: content.sha256, ...resolution };
    case 'url-to-fetch':
      return { ...mimeType, url: content.url, ...resolution };
    case 'url-for-service':
      return { ...mimeType, url: content.uri, ...resolution };
  }
}

/** Caches hashes, because each media part is sent again with every later act, and hashing a video takes a while. */
const hashes = new WeakMap<MediaContent | ReplyMedia, string>();

function hashContent(content: MediaContent | ReplyMedia, base64: string): string {
  const cached = hashes.get(content);
  if (cached !== undefined) return cached;
  const hash = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
  hashes.set(content, hash);
  return hash;
}

/**
 * Sorts the parameters, because their order in a file has no meaning. The properties of a schema keep their order,
 * because models write the fields of their JSON in that order.
 */
function sortParameters(parameters: GenerationParameters): GenerationParameters {
  const { safety } = parameters;
  return sortKeys({ ...parameters, ...(safety && { safety: sortKeys(safety) }) });
}

function sortKeys<Fields extends object>(fields: Fields): Fields {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1))) as Fields;
}
