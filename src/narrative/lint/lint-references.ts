import { type Problem, type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type Path, quote } from '../../toml/toml.js';
import { findNearestName } from '../../util/nearest-name.js';
import type { RawAct } from '../parse/raw-acts.js';

/** Prompts that were meant for a reference: "medai.logo", "media/logo", "narative:review". */
export function lintReferences(acts: readonly RawAct[], mediaNames: readonly string[], report: ReportProblem): void {
  for (const { texts } of acts) {
    for (const { text, path } of texts) {
      if (isReferenceWithSpace(text))
        report(createMisspeltReferenceProblem(text, path, ': a narrative that is played has no space in its name'));
      const intended = guessReference(text, mediaNames);
      // As the content of an input even a reference without mistake is a text.
      const isContent = path.length > 3;
      if (intended === undefined || (intended === text && !isContent)) continue;
      if (isContent) report(createMisspeltReferenceProblem(text, path, `: ${describeReferenceSyntax(intended)}`));
      else report({ ...createMisspeltReferenceProblem(text, path), suggestion: intended });
    }
  }
}

function createMisspeltReferenceProblem(text: string, path: Path, hint = ''): Problem {
  const message = `${describePath(path)} is sent as the text ${quote(text)}, but looks like a reference${hint}`;
  return warningAt('misspelt-reference', path, message, { target: 'value' });
}

function describeReferenceSyntax(reference: string): string {
  return reference.startsWith('media.')
    ? `a medium is shown by an input of its type with ref = ${quote(reference)}`
    : `to play it, write the act as an array of strings, with ${quote(reference)} among them`;
}

const maxReferenceLength = 100;

/** "narrative:two words": who writes a sentence puts a space after the colon. */
function isReferenceWithSpace(text: string): boolean {
  return text.length <= maxReferenceLength && /^narrative:\S+ /.test(text);
}

/** The reference that a text was probably meant to be. A text with a space in it is a sentence. */
function guessReference(text: string, mediaNames: readonly string[]): string | undefined {
  if (text.length > maxReferenceLength) return undefined;
  const parts = /^\s*([a-z]+)\s?([.:/])\s?(\S+)\s*$/i.exec(text);
  if (!parts) return undefined;
  const [, prefix = '', separator, rest = ''] = parts;
  const kind = matchName(prefix.toLowerCase(), ['media', 'narrative']);
  const mediumName = kind === 'media' ? matchName(rest, mediaNames) : undefined;
  const narrativeReference = kind === 'narrative' && separator === ':' ? `narrative:${rest}` : undefined;
  return mediumName === undefined ? narrativeReference : `media.${mediumName}`;
}

function matchName(name: string, candidates: readonly string[]): string | undefined {
  return candidates.includes(name) ? name : findNearestName(name, candidates);
}
