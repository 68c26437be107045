import { type Fault, fault } from '../toml/fault.js';
import { isTable, type Path, quoted, type TomlTable, type TomlValue, valueWords } from '../toml/toml.js';
import { checkText } from './check-text.js';
import type { Act, Input } from './narrative.js';
import { notYet } from './not-yet.js';
import { type NamedMedia, readMedia } from './read-media.js';
import { readReplyFormat, saysReply } from './read-reply-format.js';
import { readSettings, type Settings } from './read-settings.js';

/** What acts are read with. */
export interface ActContext {
  /** The settings of the narrative, for acts that have none of their own. */
  defaults: Settings;
  media: NamedMedia;
  /** The folder that relative paths start from. */
  folder: string;
  report: (fault: Fault) => void;
}

/** Reads one act, in any of its three forms. What is wrong with it is reported, and missing in what comes back. */
export async function readAct(name: string, value: TomlValue, context: ActContext): Promise<Act> {
  const { defaults, report } = context;
  const path = ['acts', name];
  if (name.trim() === '') report(fault('empty-name', path, 'an act has an empty name', { target: 'key' }));
  const own = isTable(value) ? readSettings(value, path, report) : {};
  const replyFormat =
    isTable(value) && saysReply(value) ? await readReplyFormat({ ...context, table: value, path }) : {};
  const { model, system, fallback, ...parameters } = { ...defaults, ...own };
  return {
    name,
    ...(model !== undefined && { model }),
    // An empty one says that the act wants none, whatever the narrative has.
    ...(system !== undefined && system.trim() !== '' && { system }),
    parameters: { ...parameters, ...replyFormat },
    ...(fallback && { fallback }),
    inputs: await readInputs(value, path, context),
  };
}

async function readInputs(act: TomlValue, path: Path, context: ActContext): Promise<Input[]> {
  if (typeof act === 'string') return compact([readString(act, path, context)]);
  if (Array.isArray(act)) {
    if (act.length === 0) context.report(fault('empty-prompt', path, `${valueWords(path)} is empty`));
    const strings = act.map((element, at) =>
      typeof element === 'string' ? readString(element, [...path, at], context) : undefined,
    );
    return compact(strings);
  }
  if (!isTable(act) || !Array.isArray(act.input)) return [];
  if (act.input.length === 0) {
    context.report(fault('empty-prompt', [...path, 'input'], `${valueWords([...path, 'input'])} is empty`));
  }
  const inputs: (Input | undefined)[] = [];
  // One after the other: a narrative with thousands of pictures must not open them all at once.
  for (const [at, input] of act.input.entries()) {
    if (isTable(input)) inputs.push(await readInput(input, [...path, 'input', at], context));
  }
  return compact(inputs);
}

async function readInput(table: TomlTable, path: Path, context: ActContext): Promise<Input | undefined> {
  if (table.type === 'image') return readMedia({ table, path, folder: context.folder, report: context.report });
  if (table.type !== 'text' || typeof table.content !== 'string') return undefined;
  checkText(table.content, [...path, 'content'], context.report);
  return { type: 'text', content: table.content };
}

/** A string is a text, unless it is `media.<name>`. */
function readString(text: string, path: Path, { media, report }: ActContext): Input | undefined {
  if (media.has(text)) return media.get(text);
  // With a space in it, it is a sentence that happens to begin so.
  if (/^media\.\S*$/.test(text)) {
    const message = `${quoted(text)} is none of the media that [media] defines`;
    report(fault('unknown-media', path, message, { misnamed: { name: text, known: media.keys() } }));
    return undefined;
  }
  if (/^narrative:\S+$/.test(text)) report(notYet(path, 'acts that play another narrative'));
  checkText(text, path, report);
  return { type: 'text', content: text };
}

function compact(inputs: readonly (Input | undefined)[]): Input[] {
  return inputs.filter((input) => input !== undefined);
}
