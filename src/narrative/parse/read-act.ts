import type { MediaKind } from '../../driver/request.js';
import { fault } from '../../toml/fault.js';
import { isTable, type Path, type TomlTable, type TomlValue, valueWords } from '../../toml/toml.js';
import type { Act, Input } from '../narrative.js';
import type { InnerNarratives } from './inner-narratives.js';
import { mediumNamed, type NamedMedia, readMediaInput } from './named-media.js';
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

/**
 * Reads one act, in any of its three forms. What is wrong with it is reported, and missing in what comes back; so are its
 * media and its schema, which are added later: where there are none to add, an empty text keeps their place.
 */
export function readAct(name: string, value: TomlValue, reading: ActReading): Act {
  const { defaults, report, onText } = reading;
  const path = ['acts', name];
  if (name.trim() === '') report(fault('empty-name', path, 'an act has an empty name', { target: 'key' }));
  const own = isTable(value) ? readSettings(value, path, report) : undefined;
  if (own?.system !== undefined) onText({ text: own.system, path: [...path, 'system'], users: [name], sent: 'text' });
  // A copy where there is a table: what it says of the reply is added below.
  const parameters = own ? { ...defaults.parameters, ...own.parameters } : defaults.parameters;
  const act: Act = { name, parameters, inputs: readInputs(value, path, reading) };
  if (isTable(value) && saysReply(value)) {
    reading.later(
      async () => void Object.assign(parameters, await readReplyFormat({ ...reading, table: value, path })),
    );
  }
  const model = own?.model ?? defaults.model;
  const system = own?.system ?? defaults.system;
  const fallback = own?.fallback ?? defaults.fallback;
  const context = own?.context ?? defaults.context;
  if (model !== undefined) act.model = model;
  // An empty one says that the act wants none, whatever the narrative has.
  if (system !== undefined && system.trim() !== '') act.system = system;
  if (fallback) act.fallback = fallback;
  if (context) act.context = context;
  return act;
}

function readInputs(act: TomlValue, path: Path, reading: ActReading): Input[] {
  const inputs: Input[] = [];
  if (typeof act === 'string') addString(inputs, act, path, reading);
  const isArray = Array.isArray(act);
  const list = isArray ? act : isTable(act) ? act.input : undefined;
  if (!Array.isArray(list)) return inputs;
  const at = isArray ? path : [...path, 'input'];
  if (list.length === 0) reading.report(fault('empty-prompt', at, `${valueWords(at)} is empty`));
  list.forEach((input, position) => {
    if (isArray && typeof input === 'string') addString(inputs, input, [...at, position], reading);
    if (!isArray && isTable(input)) addInput(inputs, input, [...at, position], reading);
  });
  return inputs;
}

function addInput(inputs: Input[], table: TomlTable, path: Path, reading: ActReading): void {
  const { type, content } = table;
  if (type === 'text') {
    if (typeof content === 'string') addText(inputs, content, [...path, 'content'], reading);
    return;
  }
  const kind = mediaKinds.find((known) => known === type);
  if (kind) addLater(inputs, () => readMediaInput({ table, path, kind, ...reading }), reading);
}

const mediaKinds: readonly MediaKind[] = ['image', 'audio', 'video', 'document'];

/** A string is a text, unless it is `media.<name>` or `narrative:<name>`. */
function addString(inputs: Input[], text: string, path: Path, reading: ActReading): void {
  const { media, inner, report } = reading;
  if (media.has(text) || isWord(text, 'media.')) {
    addLater(inputs, async () => mediumNamed(text, path, media, report), reading);
  } else if (isWord(text, 'narrative:')) {
    const narrative = inner.read(text.slice('narrative:'.length), path, report);
    if (narrative) inputs.push({ type: 'narrative', narrative });
  } else addText(inputs, text, path, reading);
}

/** With a space in it, it is a sentence that happens to begin so. */
function isWord(text: string, start: string): boolean {
  return text.startsWith(start) && !/\s/.test(text);
}

function addText(inputs: Input[], text: string, path: Path, { report, onText }: ActReading): void {
  if (text.trim() === '') report(fault('empty-prompt', path, `${valueWords(path)} is empty`));
  onText({ text, path, users: [String(path[1])], sent: 'text' });
  inputs.push({ type: 'text', content: text });
}

/** Keeps a place for an input. Where it can't be read, which is an error, that stays a text without words. */
function addLater(inputs: Input[], read: () => Promise<Input | undefined>, { later }: ActReading): void {
  const position = inputs.push({ type: 'text', content: '' }) - 1;
  later(async () => {
    const input = await read();
    if (input) inputs[position] = input;
  });
}
