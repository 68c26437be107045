import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type Path, quote } from '../../toml/toml.js';
import { findNearestName } from '../../util/nearest-name.js';
import type { RawAct } from './raw-acts.js';

/**
 * Warns about strings that were probably meant as references, such as "medai.logo", "media/logo" or "narative:review".
 */
export function lintReferences(acts: readonly RawAct[], mediaNames: readonly string[], report: ReportProblem): void {
  for (const { promptStrings } of acts) {
    for (const { text, keyPath } of promptStrings) {
      if (isReferenceWithSpace(text))
        report(createMisspeltReferenceProblem(text, keyPath, '; the name of a nested narrative has no spaces'));
      const intended = guessReference(text, mediaNames);
      // Only the path of an input's `content` has more than three steps. A prompt and the `content` of an input are
      // always sent as text, even if they have the form of a reference.
      const isAlwaysText = keyPath[2] === 'prompt' || keyPath.length > 3;
      if (intended === undefined || (intended === text && !isAlwaysText)) continue;
      if (isAlwaysText)
        report(createMisspeltReferenceProblem(text, keyPath, `; ${describeReferenceSyntax(intended, keyPath)}`));
      else report({ ...createMisspeltReferenceProblem(text, keyPath), suggestion: intended });
    }
  }
}

function createMisspeltReferenceProblem(text: string, keyPath: Path, hint = ''): Problem {
  const message = `${describePath(keyPath)} is sent as the text ${quote(text)}, but looks like a reference${hint}`;
  return warningAt('misspelt-reference', keyPath, message, { target: 'value' });
}

function describeReferenceSyntax(reference: string, keyPath: Path): string {
  const syntax =
    keyPath[2] === 'prompt'
      ? `media = [${quote(reference)}]`
      : `an input with ref = ${quote(reference)} and the type of the media, such as type = "image"`;
  return reference.startsWith('media.')
    ? `to send the media, write ${syntax}`
    : `to run the narrative, write the act as an array of strings that contains ${quote(reference)}`;
}

const maxReferenceLength = 100;

/** Matches texts such as "narrative:two words", but not a sentence, in which a space follows the colon. */
function isReferenceWithSpace(text: string): boolean {
  return text.length <= maxReferenceLength && /^narrative:\S+ /.test(text);
}

/** Guesses which reference a text was meant to be. A text of several words is a sentence, not a reference. */
function guessReference(text: string, mediaNames: readonly string[]): string | undefined {
  if (text.length > maxReferenceLength) return undefined;
  const parts = /^\s*([a-z]+)\s?([.:/])\s?(\S+)\s*$/i.exec(text);
  if (!parts) return undefined;
  const [, prefix = '', separator, rest = ''] = parts;
  const kind = matchName(prefix.toLowerCase(), ['media', 'narrative']);
  const mediaName = kind === 'media' ? matchName(rest, mediaNames) : undefined;
  const narrativeReference = kind === 'narrative' && separator === ':' ? `narrative:${rest}` : undefined;
  return mediaName === undefined ? narrativeReference : `media.${mediaName}`;
}

function matchName(name: string, candidates: readonly string[]): string | undefined {
  return candidates.includes(name) ? name : findNearestName(name, candidates);
}
