import { createHash } from 'node:crypto';
import type { GenerateRequest, GenerationParameters, MediaContent, Part, Turn } from '../../driver/request.js';

/**
 * A request as it is told apart from others: plain data in a fixed order, media as hashes of their bytes. Two requests
 * with the same description are the same request, and an answer to one is an answer to the other.
 */
export interface RequestDescription {
  /** The model asked for. */
  model: string;
  system?: string;
  parameters: GenerationParameters;
  turns: TurnDescription[];
}

/** One turn of it. */
export interface TurnDescription {
  role: Turn['role'];
  parts: PartDescription[];
}

/** A text, or a medium: the SHA-256 of its bytes in hexadecimal, or its address, which is not fetched for this. */
export type PartDescription =
  | { text: string }
  | { mimeType?: string; sha256: string }
  | { mimeType?: string; url: string };

/**
 * Describes a request. An earlier reply counts by its text alone: what the provider sent along with it (thought signatures)
 * differs with every asking, is kept with the answer it belongs to, and says nothing that the text does not. So an act
 * whose predecessor was asked again, and said the same, is still the same request. For the same reason it does not count
 * which model gave a reply, nor where the service is and whose key is used.
 */
export async function describeRequest({
  model,
  system,
  parameters,
  turns,
}: GenerateRequest): Promise<RequestDescription> {
  return {
    model,
    ...(system !== undefined && { system }),
    parameters: sortParameters(parameters),
    turns: await Promise.all(turns.map(describeTurn)),
  };
}

/** The key of a request: a SHA-256 in hexadecimal. */
export function requestKey(description: RequestDescription): string {
  return createHash('sha256').update(JSON.stringify(description)).digest('hex');
}

async function describeTurn(turn: Turn): Promise<TurnDescription> {
  if (turn.role === 'model') return { role: 'model', parts: [{ text: turn.text }] };
  return { role: 'user', parts: await Promise.all(turn.parts.map(describePart)) };
}

async function describePart(part: Part): Promise<PartDescription> {
  if (part.type === 'text') return { text: part.text };
  const mimeType = part.mimeType === undefined ? {} : { mimeType: part.mimeType };
  const { content } = part;
  switch (content.from) {
    case 'bytes':
      return { ...mimeType, sha256: hashContent(content, content.base64) };
    case 'file':
      // The same as that of bytes: where a medium lies, and how large it is, says nothing of what is asked.
      return { ...mimeType, sha256: content.sha256 };
    case 'address':
      return { ...mimeType, url: content.url };
    case 'reference':
      return { ...mimeType, url: content.uri };
  }
}

/** A medium comes again with every act after its own, and a film takes a while to hash. */
const hashes = new WeakMap<MediaContent, string>();

function hashContent(content: MediaContent, base64: string): string {
  const cached = hashes.get(content);
  if (cached !== undefined) return cached;
  const hash = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
  hashes.set(content, hash);
  return hash;
}

/**
 * The order in which settings stand in a file means nothing. That of a schema's properties does: models write the
 * fields of their JSON in it.
 */
function sortParameters(parameters: GenerationParameters): GenerationParameters {
  const { safety } = parameters;
  return sortKeys({ ...parameters, ...(safety && { safety: sortKeys(safety) }) });
}

function sortKeys<Fields extends object>(fields: Fields): Fields {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1))) as Fields;
}
