import type { MediaKind } from '../driver/request.js';
import { fault } from '../toml/fault.js';
import { isTable, type Path, type TomlTable, type TomlValue, valueWords } from '../toml/toml.js';
import type { InnerNarratives } from './inner-narratives.js';
import { mediumNamed, type NamedMedia, readMediaInput } from './named-media.js';
import type { Act, Input } from './narrative.js';
import type { MediaReading } from './read-media.js';
import { readReplyFormat, saysReply } from './read-reply-format.js';
import { readSettings, type Settings } from './read-settings.js';

/** A text in which names are filled, and where it stands. */
export interface TextPlace {
  text: string;
  path: Path;
  /** The acts that it is sent with. */
  users: readonly string[];
  /** What is sent: the text itself, or the medium that it names. */
  sent: 'text' | 'medium';
}

/** What acts are read with. */
export interface ActReading extends MediaReading {
  /** The settings of the narrative, for acts that have none of their own. */
  defaults: Settings;
  media: NamedMedia;
  inner: InnerNarratives;
  /** Hears of every text that a model shall read. */
  onText: (place: TextPlace) => void;
}

/** Reads one act, in any of its three forms. What is wrong with it is reported, and missing in what comes back. */
export async function readAct(name: string, value: TomlValue, reading: ActReading): Promise<Act> {
  const { defaults, report, onText } = reading;
  const path = ['acts', name];
  if (name.trim() === '') report(fault('empty-name', path, 'an act has an empty name', { target: 'key' }));
  const own = isTable(value) ? readSettings(value, path, report) : { parameters: {} };
  if (own.system !== undefined) onText({ text: own.system, path: [...path, 'system'], users: [name], sent: 'text' });
  const replyFormat =
    isTable(value) && saysReply(value) ? await readReplyFormat({ ...reading, table: value, path }) : {};
  const { model, system, fallback, context } = { ...defaults, ...own };
  const parameters = { ...defaults.parameters, ...own.parameters, ...replyFormat };
  const act: Act = { name, parameters, inputs: await readInputs(value, path, reading) };
  if (model !== undefined) act.model = model;
  // An empty one says that the act wants none, whatever the narrative has.
  if (system !== undefined && system.trim() !== '') act.system = system;
  if (fallback) act.fallback = fallback;
  if (context) act.context = context;
  return act;
}

async function readInputs(act: TomlValue, path: Path, reading: ActReading): Promise<Input[]> {
  if (typeof act === 'string') return compact([await readString(act, path, reading)]);
  if (!Array.isArray(act) && !(isTable(act) && Array.isArray(act.input))) return [];
  const [list, at] = Array.isArray(act) ? [act, path] : [act.input as TomlValue[], [...path, 'input']];
  if (list.length === 0) reading.report(fault('empty-prompt', at, `${valueWords(at)} is empty`));
  const inputs: (Input | undefined)[] = [];
  // One after the other: a narrative with thousands of pictures must not open them all at once.
  for (const [position, input] of list.entries()) {
    const inputPath = [...at, position];
    if (Array.isArray(act)) {
      if (typeof input === 'string') inputs.push(await readString(input, inputPath, reading));
    } else if (isTable(input)) inputs.push(await readInput(input, inputPath, reading));
  }
  return compact(inputs);
}

/** What is there at once, or has to be read first. Most inputs are texts, and a folder of narratives has thousands. */
type Read<Result> = Result | undefined | Promise<Result | undefined>;

function readInput(table: TomlTable, path: Path, reading: ActReading): Read<Input> {
  const kind = mediaKinds.find((known) => known === table.type);
  if (kind) return readMediaInput({ table, path, kind, ...reading });
  if (table.type !== 'text' || typeof table.content !== 'string') return undefined;
  return readText(table.content, [...path, 'content'], reading);
}

const mediaKinds: readonly MediaKind[] = ['image', 'audio', 'video', 'document'];

/** A string is a text, unless it is `media.<name>` or `narrative:<name>`. */
function readString(text: string, path: Path, reading: ActReading): Read<Input> {
  const { media, inner, report } = reading;
  if (media.has(text)) return media.get(text);
  // With a space in it, it is a sentence that happens to begin so.
  if (/^media\.\S*$/.test(text)) return mediumNamed(text, path, media, report);
  const [, name] = /^narrative:(\S+)$/.exec(text) ?? [];
  if (name === undefined) return readText(text, path, reading);
  return inner.read(name, path, report).then((narrative) => narrative && { type: 'narrative', narrative });
}

function readText(text: string, path: Path, { report, onText }: ActReading): Input {
  if (text.trim() === '') report(fault('empty-prompt', path, `${valueWords(path)} is empty`));
  onText({ text, path, users: [String(path[1])], sent: 'text' });
  return { type: 'text', content: text };
}

function compact(inputs: readonly (Input | undefined)[]): Input[] {
  return inputs.filter((input) => input !== undefined);
}
