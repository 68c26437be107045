import type { RecordedAct } from '../../store/runs/recorded-run.js';
import { formatFallback, formatRetry, formatWait } from '../../terminal/progress/format-events.js';
import { isRecord, toRecords } from '../../util/json.js';
import { isSafeLink } from '../markdown.js';
import { isAmount, type Tokens, toAmount, toText, toTexts, toTokens } from './stored-values.js';
import { type ReportTiming, type TimingContext, toReportTiming } from './timing.js';

/** An act, as the page shows it. */
export interface ReportAct {
  /** The id of its element: `r1-a2`. */
  anchor: string;
  /** Its name. From the second act of the same name on, a number follows: `draft (2)`. */
  title: string;
  timing: ReportTiming;
  /** Waits, retries, fallbacks and notes, as sentences. */
  notes: readonly string[];
  /** The last model that the request fell back to. */
  fallbackModel?: string;
  /** Absent if the act failed. */
  reply?: ReportReply;
  prompt?: ReportPrompt;
}

/** A reply. */
export interface ReportReply {
  text: string;
  model: string;
  requestedModel: string;
  finishReason: string;
  /** The service tier that served it, such as `flex`; empty if it is not known. */
  serviceTier: string;
  attempts: number;
  isReused: boolean;
  tokens: Tokens;
  costUsd?: number;
  /** The speech of a Live model; `text` is its transcript. `file` is empty if the speech was not saved. */
  liveSpeech?: { durationMs: number; file: string };
  /** The pictures and sounds of the reply, without `liveSpeech`. */
  media: readonly ReportMedia[];
  sources: readonly { title: string; address: string }[];
  searches: readonly string[];
  code: readonly { language: string; code: string; output?: string }[];
}

/** A picture or sound. `file` is empty if it was not saved. `data` is base64; absent if only the size is known. */
export interface ReportMedia {
  mimeType: string;
  byteLength: number;
  file: string;
  data?: string;
}

/** A prompt. Prompts are stored only with `prompts = true` under `[store]`. */
export interface ReportPrompt {
  system?: string;
  parameters: readonly [name: string, value: string][];
  /** Texts, and a line for each medium. */
  parts: readonly { text: string; isMedia: boolean }[];
}

interface ActContext extends TimingContext {
  anchor: string;
  /** 1 for the first act of this name, 2 for the second. */
  occurrence: number;
}

/** Converts an act of the history. What is not valid is left out. */
export function toReportAct(stored: RecordedAct, { anchor, occurrence, ...context }: ActContext): ReportAct {
  const raw = stored as unknown as Record<string, unknown>;
  const name = toText(raw.act) || 'act without a name';
  const prompt = toPrompt(raw.prompt);
  const events = toRecords(raw.events);
  const fallback = events.findLast(({ type, to }) => type === 'act-fallback' && typeof to === 'string');
  return {
    ...{ anchor, title: occurrence > 1 ? `${name} (${occurrence})` : name, timing: toReportTiming(raw, context) },
    notes: events.flatMap(describeEvent),
    ...(fallback && { fallbackModel: toText(fallback.to) }),
    ...(isRecord(raw.end) && { reply: toReply(raw.end) }),
    ...(prompt && { prompt }),
  };
}

function toReply(end: Record<string, unknown>): ReportReply {
  const { audio, costUsd } = end;
  const media = toRecords(end.media).map(toMedia);
  const sources = toRecords(end.sources).map(({ title, uri }) => ({ title: toText(title), address: toText(uri) }));
  return {
    ...{ text: toText(end.text), model: toText(end.model), requestedModel: toText(end.requestedModel) },
    ...{
      serviceTier: toText(end.serviceTier),
      finishReason: toText(end.finishReason),
      attempts: toAmount(end.attempts),
      isReused: end.reused === true,
    },
    ...{ tokens: toTokens(end.usage), media, searches: toTexts(end.searches) },
    ...(isAmount(costUsd) && { costUsd }),
    ...(isRecord(audio) && { liveSpeech: { durationMs: toAmount(audio.durationMs), file: toText(audio.file) } }),
    sources: sources.filter(({ address }) => isSafeLink(address)),
    code: toRecords(end.code).map(({ language, code, output }) => ({
      ...{ language: toText(language), code: toText(code) },
      ...(typeof output === 'string' && { output }),
    })),
  };
}

function toMedia({ mimeType, byteLength, file, data }: Record<string, unknown>): ReportMedia {
  const isBase64 = typeof data === 'string' && data !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(data);
  return {
    ...{ mimeType: toText(mimeType), byteLength: toAmount(byteLength), file: toText(file) },
    ...(isBase64 && { data }),
  };
}

function toPrompt(value: unknown): ReportPrompt | undefined {
  if (!isRecord(value)) return undefined;
  const parameters = isRecord(value.parameters) ? Object.entries(value.parameters) : [];
  return {
    ...(typeof value.system === 'string' && { system: value.system }),
    parameters: parameters.map(([name, setting]) => [name, toText(setting) || JSON.stringify(setting)]),
    parts: toRecords(value.parts).map((part) =>
      part.type === 'text' ? { text: toText(part.text), isMedia: false } : { text: describeMedia(part), isMedia: true },
    ),
  };
}

/** Describes a medium of a prompt in a line: `photo.png, image/png, 120,000 bytes`. */
function describeMedia({ name, mimeType, byteLength }: Record<string, unknown>): string {
  const size = isAmount(byteLength) ? `${byteLength.toLocaleString('en-US')} bytes` : '';
  return [toText(name), toText(mimeType), size].filter((part) => part !== '').join(', ');
}

/**
 * Describes an event in a sentence, as `runs show` does. Returns nothing for an event that lacks a field. Returns
 * nothing for the wait before a retry either, because the sentence of the retry names this wait.
 */
function describeEvent(raw: Record<string, unknown>): string[] {
  // Each case checks the fields that its formatter reads.
  const event = raw as never;
  switch (raw.type) {
    case 'act-wait':
      return isAmount(raw.waitMs) && raw.reason !== 'backoff' ? [`waited ${formatWait(event)}`] : [];
    case 'act-retry':
      return isRecord(raw.error) && isAmount(raw.delayMs) ? [formatRetry(event)] : [];
    case 'act-fallback':
      return typeof raw.to === 'string' ? [formatFallback(event)] : [];
    case 'act-note':
      return typeof raw.message === 'string' ? [raw.message] : [];
    default:
      return [];
  }
}
