import { knownModels, liveNames } from '../../facts.js';
import type { CatalogueEntry } from './model-info.js';

/** What a model can do for a narrative, whose replies are text. */
export interface ModelAbilities {
  /** Answers `generateContent` in text, streamed or not. */
  generates: boolean;
  /** Speaks the Live API (`bidiGenerateContent`). */
  live: boolean;
  /** Absent where nobody has said. */
  countsTokens?: boolean;
  /** The most tokens of a prompt, where that is known. */
  inputTokens?: number;
  /** The most tokens of a reply, where that is known. */
  outputTokens?: number;
}

/**
 * What a model can do, by the best that is known of it: the service's list, else the table of facts, else its name.
 * @param entries the service's list, where there is one
 */
export function abilitiesOf(model: string, entries: readonly CatalogueEntry[] = []): ModelAbilities {
  const entry = entries.find(({ name }) => name === model);
  return entry ? abilitiesOfEntry(entry) : (abilitiesInTable(model) ?? abilitiesByName(model));
}

/** What an entry of the service's list says. A model that speaks its replies is listed like one that writes them. */
export function abilitiesOfEntry({ name, methods, inputTokens, outputTokens }: CatalogueEntry): ModelAbilities {
  return {
    generates: methods.includes('generateContent') && !hasNoText(name),
    live: methods.includes('bidiGenerateContent'),
    countsTokens: methods.includes('countTokens'),
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
  };
}

/** The models of a list that can have a part in a narrative, over REST or Live. */
export function namesOfTalkers(entries: readonly CatalogueEntry[]): string[] {
  const talks = ({ generates, live }: ModelAbilities) => generates || live;
  return entries.filter((entry) => talks(abilitiesOfEntry(entry))).map(({ name }) => name);
}

/** What the table of facts says of a model; undefined where it does not have it. */
export function abilitiesInTable(model: string): ModelAbilities | undefined {
  const speaks = knownModels.get(model)?.speaks;
  return speaks && { generates: speaks !== 'live', live: speaks !== 'generate' };
}

/** By the names that models have; a name that says nothing is one that generates, as most do. */
export function abilitiesByName(model: string): ModelAbilities {
  if (hasNoText(model)) return { generates: false, live: false };
  const live = liveNames.test(model);
  return { generates: !live, live };
}

/** Whether a model speaks the Live API and nothing else, as far as the table and its name tell. */
export function isLiveOnly(model: string): boolean {
  const { generates, live } = abilitiesOf(model);
  return live && !generates;
}

/** Whether a model gives no replies that a narrative could use: it makes vectors, pictures or films. */
export function givesNoReplies(model: string): boolean {
  const { generates, live } = abilitiesOf(model);
  return !live && !generates;
}

/** Models whose answers are vectors, pictures, films, music or speech alone. */
function hasNoText(model: string): boolean {
  return /embedding|^imagen|^veo|^lyria|-tts(-|$)/.test(model);
}
