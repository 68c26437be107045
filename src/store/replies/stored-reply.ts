import type { ModelTurn } from '../../driver/request.js';
import type { GenerateResponse, Usage } from '../../driver/response.js';
import type { StoredReply } from './reply-cache.js';

/**
 * How a reply is written down. Most are text and no more, which is in them three times: as the text, as the turn's and as
 * its native part. It is written once, for a reply of ten megabytes written three times took a run to 320 MB (2026-11).
 */
interface SerializedReply extends Omit<StoredReply, 'turn'> {
  /** Without `text` where it is the reply's. */
  turn: Omit<ModelTurn, 'text'> & { text?: string };
  /** True where the native parts are one with the text alone; they are left out then. */
  isTextAlone?: true;
}

/** The reply as JSON to be kept. */
export function serializeReply({ audio, reused: _, costUsd: __, turn, ...reply }: GenerateResponse): string {
  const { text, native, ...rest } = turn;
  const isTextAlone = isTextPartOnly(text, native);
  const serialized: SerializedReply = {
    ...reply,
    turn: { ...rest, ...(text !== reply.text && { text }), ...(native !== undefined && !isTextAlone && { native }) },
    ...(isTextAlone && { isTextAlone }),
    ...(audio && { wasSpoken: true }),
  };
  return JSON.stringify(serialized);
}

/** The reply that was kept; undefined for what is none, of whatever program. Throws where it is no JSON. */
export function parseStoredReply(json: string): StoredReply | undefined {
  const { isTextAlone, turn, ...reply } = JSON.parse(json) as Partial<SerializedReply> & { usage?: Partial<Usage> };
  if (typeof reply.text !== 'string' || !isRecord(turn) || reply.usage === undefined) return undefined;
  const { text = reply.text } = turn;
  return { ...reply, turn: { ...turn, text, ...(isTextAlone && { native: [{ text }] }) } } as StoredReply;
}

function isTextPartOnly(text: string, native: unknown): native is [{ text: string }] {
  if (!Array.isArray(native) || native.length !== 1) return false;
  const [part] = native;
  return Object.keys(part ?? {}).join() === 'text' && part.text === text;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
