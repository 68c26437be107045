import { isPictureModel, isRestSpeechModel } from '../../facts/models.js';
import { mediaKinds } from '../../media/media-types.js';
import { errorAt, type ReportProblem } from '../../toml/problem.js';
import {
  describePath,
  formatTableHeader,
  isTable,
  type Path,
  quote,
  type TomlTable,
  type TomlValue,
} from '../../toml/toml.js';
import { isRustNarrativeAct } from '../check/rust-original.js';
import type { Act, Input, Narrative } from '../narrative.js';
import { findNamedMedia, type MediaByReference, readMediaInput } from './named-media.js';
import { type ActSettings, readActSettings } from './read-act-settings.js';
import { readExpectations } from './read-expectations.js';
import { type MediaReadOptions, pickOnlyKey } from './read-media.js';
import { readReplyFormat } from './read-reply-format.js';
import { readTextFile } from './read-text-file.js';

/** A text that may contain placeholders, and its key path in the narrative. */
export interface TemplateText {
  text: string;
  keyPath: Path;
  /** The acts that use the text. */
  actNames: readonly string[];
  /**
   * `text` if the text itself is used, in the request or to check the reply. `media` if the text is the file name or
   * the URL of media.
   */
  usedAs: 'text' | 'media';
  /** The text file with the text, as messages name it. Absent if the text is in the narrative file. */
  file?: string;
}

/** Options for reading acts. */
export interface ActReadOptions extends MediaReadOptions {
  /** The settings of the narrative, which an act can override. */
  defaults: ActSettings;
  /** The entries of `[media]`, by `media.<name>`. */
  mediaByReference: MediaByReference;
  /** Reads the narrative that `narrative:<name>` refers to. Problems of the reference are reported. */
  readNested: (name: string, keyPath: Path, report: ReportProblem) => Narrative | undefined;
  /** Receives every text that may contain placeholders. */
  onText: (templateText: TemplateText) => void;
}

/**
 * Reads an act, which is a string, an array or a table. Invalid parts are reported; an act with such a part never runs.
 * Deferred tasks add the media, the text files and the schema. Until its task has run, an input with media or a text
 * file is an empty text. If it is invalid, it stays an empty text.
 */
export function readAct(name: string, value: TomlValue, options: ActReadOptions): Act {
  const { defaults, report, onText } = options;
  const keyPath = ['acts', name];
  if (name.trim() === '') report(errorAt('empty-name', keyPath, 'an act has an empty name', { target: 'key' }));
  const ownSettings = isTable(value) ? readActSettings(value, keyPath, report) : undefined;
  if (ownSettings?.system !== undefined)
    onText({ text: ownSettings.system, keyPath: [...keyPath, 'system'], actNames: [name], usedAs: 'text' });
  // An act that is a table has its own copy of the parameters, because the reply format is added to them below.
  const parameters = ownSettings ? { ...defaults.parameters, ...ownSettings.parameters } : defaults.parameters;
  // An empty list of tools means no tools. It is deleted, because for the reply cache a request with the list and one
  // without it would differ.
  if (parameters.tools?.length === 0) delete parameters.tools;
  const act: Act = { name, parameters, inputs: readInputs(value, keyPath, options) };
  if (isTable(value) && (value.format !== undefined || value.schema !== undefined)) {
    options.defer(async () => void Object.assign(parameters, await readReplyFormat(value, keyPath, options, report)));
    if (value.format === 'json') reportJsonMedia(ownSettings?.model ?? defaults.model, keyPath, report);
  }
  if (isTable(value) && value.expect !== undefined) {
    const onExpectedText = (text: string, textPath: Path) =>
      onText({ text, keyPath: textPath, actNames: [name], usedAs: 'text' });
    const { fillsPlaceholders } = options;
    const expect = readExpectations(value, keyPath, { fillsPlaceholders, report, onText: onExpectedText });
    if (expect.length > 0) act.expect = expect;
  }
  const { model, system, fallback, context, serviceTiers } = ownSettings ? { ...defaults, ...ownSettings } : defaults;
  if (model !== undefined) act.model = model;
  // An empty text means that the act has no system text, even if the narrative has one.
  if (system !== undefined && system.trim() !== '') act.system = system;
  if (fallback) act.fallback = fallback;
  if (context) act.context = context;
  if (serviceTiers) act.serviceTiers = serviceTiers;
  return act;
}

/** Reports the `format = "json"` of an act whose model replies with pictures or speech. */
function reportJsonMedia(model: string | undefined, keyPath: Path, report: ReportProblem): void {
  if (model === undefined || !(isPictureModel(model) || isRestSpeechModel(model))) return;
  const formatPath = [...keyPath, 'format'];
  const media = isPictureModel(model) ? 'pictures' : 'speech';
  const message = `${describePath(formatPath)} is "json", but ${model} replies with ${media}; remove "format", or use another model`;
  report(errorAt('media-json', formatPath, message));
}

function readInputs(act: TomlValue, keyPath: Path, options: ActReadOptions): Input[] {
  const inputs: Input[] = [];
  if (typeof act === 'string') addString(inputs, act, keyPath, options);
  if (isTable(act)) addPrompt(inputs, act, keyPath, options);
  const isArray = Array.isArray(act);
  const list = isArray ? act : isTable(act) ? act.input : undefined;
  if (!Array.isArray(list)) return inputs;
  const inputsPath = isArray ? keyPath : [...keyPath, 'input'];
  if (list.length === 0) options.report(errorAt('empty-prompt', inputsPath, `${describePath(inputsPath)} is empty`));
  list.forEach((input, index) => {
    if (isArray && typeof input === 'string') addString(inputs, input, [...inputsPath, index], options);
    if (!isArray && isTable(input)) addInput(inputs, input, [...inputsPath, index], options);
  });
  return inputs;
}

/** Adds the media and the prompt of an act. Reports an act that has one of them and also the key `input`. */
function addPrompt(inputs: Input[], table: TomlTable, keyPath: Path, options: ActReadOptions): void {
  const { prompt, media: references, input } = table;
  const { mediaByReference, report } = options;
  if (prompt === undefined && references === undefined) {
    // For the key "narrative" of the original Rust version, `checkShape` reports what to write instead.
    if (input !== undefined || isRustNarrativeAct(table)) return;
    const message = `${formatTableHeader(keyPath)} has none of "prompt", "media", "input"`;
    report(errorAt('missing-key', keyPath, message, { target: 'key' }));
    return;
  }
  if (input !== undefined) {
    const key = prompt === undefined ? 'media' : 'prompt';
    const message = `${formatTableHeader(keyPath)} has both ${quote(key)} and "input"; move the ${key} into an input`;
    report(errorAt('conflicting-keys', [...keyPath, key], message, { target: 'key' }));
  }
  if (Array.isArray(references)) {
    const mediaPath = [...keyPath, 'media'];
    if (references.length === 0) report(errorAt('empty-prompt', mediaPath, `${describePath(mediaPath)} is empty`));
    references.forEach((reference, index) => {
      if (typeof reference !== 'string') return;
      const referencePath = [...mediaPath, index];
      addDeferred(inputs, async () => findNamedMedia(reference, referencePath, mediaByReference, report), options);
    });
  }
  if (typeof prompt === 'string') addText(inputs, prompt, [...keyPath, 'prompt'], options);
}

function addInput(inputs: Input[], table: TomlTable, keyPath: Path, options: ActReadOptions): void {
  const { type, content, file } = table;
  if (type === 'text') {
    if (pickOnlyKey(['content', 'file'], { table, keyPath, ...options }) === undefined) return;
    if (typeof content === 'string') addText(inputs, content, [...keyPath, 'content'], options);
    if (typeof file === 'string') addTextFile(inputs, file, [...keyPath, 'file'], options);
    return;
  }
  const kind = mediaKinds.find((known) => known === type);
  if (kind) addDeferred(inputs, () => readMediaInput({ table, keyPath, kind, ...options }), options);
}

/**
 * Adds a string of an act. Without spaces, `media.<name>` refers to media, and `narrative:<name>` to a narrative. The
 * names of media may contain spaces: with spaces, `media.<name>` refers to media only if `[media]` has an entry of that
 * name. Any other string is a text.
 */
function addString(inputs: Input[], text: string, keyPath: Path, options: ActReadOptions): void {
  const { mediaByReference, readNested, report } = options;
  if (mediaByReference.has(text) || isReference(text, 'media.')) {
    addDeferred(inputs, async () => findNamedMedia(text, keyPath, mediaByReference, report), options);
  } else if (isReference(text, 'narrative:')) {
    const narrative = readNested(text.slice('narrative:'.length), keyPath, report);
    if (narrative) inputs.push({ type: 'narrative', narrative });
  } else addText(inputs, text, keyPath, options);
}

/** Whether a string is a reference. A string with whitespace is a sentence that happens to begin with the prefix. */
function isReference(text: string, prefix: string): boolean {
  return text.startsWith(prefix) && !/\s/.test(text);
}

function addText(inputs: Input[], text: string, keyPath: Path, { report, onText }: ActReadOptions): void {
  if (text.trim() === '') report(errorAt('empty-prompt', keyPath, `${describePath(keyPath)} is empty`));
  onText({ text, keyPath, actNames: [String(keyPath[1])], usedAs: 'text' });
  inputs.push({ type: 'text', content: text });
}

/** Adds the text of a file. Placeholders in it are filled, as in the text of the narrative itself. */
function addTextFile(inputs: Input[], file: string, keyPath: Path, options: ActReadOptions): void {
  addDeferred(
    inputs,
    async () => {
      const result = readTextFile(file, keyPath, options);
      if (!result.ok) return void options.report(result.problem);
      const { text, label } = result;
      options.onText({ text, keyPath, actNames: [String(keyPath[1])], usedAs: 'text', file: label });
      return { type: 'text', content: text };
    },
    options,
  );
}

/**
 * Adds an empty text, which a deferred task replaces with the input. If the input can't be read, an error is reported.
 */
function addDeferred(inputs: Input[], readInput: () => Promise<Input | undefined>, { defer }: ActReadOptions): void {
  const position = inputs.push({ type: 'text', content: '' }) - 1;
  defer(async () => {
    const input = await readInput();
    if (input) inputs[position] = input;
  });
}
