import { type Fault, type Report, warning } from '../../toml/fault.js';
import { type Path, quoted, valueWords } from '../../toml/toml.js';
import { nearestName } from '../../util/nearest-name.js';
import type { WrittenAct } from '../parse/written-acts.js';

/** Prompts that were meant for a reference: "medai.logo", "media/logo", "narative:review". */
export function adviseOnReferences(acts: readonly WrittenAct[], media: readonly string[], report: Report): void {
  for (const { texts } of acts) {
    for (const { text, path } of texts) {
      if (isSpacedReference(text))
        report(misspelt(text, path, ': a narrative that is played has no space in its name'));
      const meant = meantBy(text, media);
      // As the content of an input even a reference without mistake is a text.
      const isContent = path.length > 3;
      if (meant === undefined || (meant === text && !isContent)) continue;
      if (isContent) report(misspelt(text, path, `: ${wayToRefer(meant)}`));
      else report({ ...misspelt(text, path), suggestion: meant });
    }
  }
}

function misspelt(text: string, path: Path, advice = ''): Fault {
  const message = `${valueWords(path)} is sent as the text ${quoted(text)}, but looks like a reference${advice}`;
  return warning('misspelt-reference', path, message, { target: 'value' });
}

function wayToRefer(meant: string): string {
  return meant.startsWith('media.')
    ? `a medium is shown by an input of its type with ref = ${quoted(meant)}`
    : `to play it, write the act as an array of strings, with ${quoted(meant)} among them`;
}

const longestReference = 100;

/** "narrative:two words": who writes a sentence puts a space after the colon. */
function isSpacedReference(text: string): boolean {
  return text.length <= longestReference && /^narrative:\S+ /.test(text);
}

/** The reference that a text was probably meant to be. A text with a space in it is a sentence. */
function meantBy(text: string, media: readonly string[]): string | undefined {
  if (text.length > longestReference) return undefined;
  const parts = /^\s*([a-z]+)\s?([.:/])\s?(\S+)\s*$/i.exec(text);
  if (!parts) return undefined;
  const [, word = '', separator, rest = ''] = parts;
  const kind = nearestOrSame(word.toLowerCase(), ['media', 'narrative']);
  const medium = kind === 'media' ? nearestOrSame(rest, media) : undefined;
  const another = kind === 'narrative' && separator === ':' ? `narrative:${rest}` : undefined;
  return medium === undefined ? another : `media.${medium}`;
}

function nearestOrSame(name: string, known: readonly string[]): string | undefined {
  return known.includes(name) ? name : nearestName(name, known);
}
