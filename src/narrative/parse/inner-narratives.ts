import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { type Path, quote } from '../../toml/toml.js';
import type { FileError } from '../../util/read-regular-file.js';
import type { Narrative } from '../narrative.js';

/** Access to the narratives that acts can nest: those in the same folder. */
export interface InnerNarratives {
  /** Reads the narrative of the reference `narrative:<name>` at a path. Reports problems here or in the nested file. */
  read(name: string, path: Path, report: ReportProblem): Narrative | undefined;
}

/** The maximum nesting depth of narratives, the outermost one included. */
export const maxNarrativeDepth = 16;

/** Returns the problem of a name that is not a plain file name without extension; undefined if the name is valid. */
export function validateNarrativeName(name: string, path: Path): Problem | undefined {
  const label = quote(`narrative:${name}`);
  if (name === '') return errorAt('narrative-name', path, `${label} has no name after the colon`);
  if (/[/\\\0]/.test(name) || name === '.' || name === '..') {
    const message = `${label} must be a name without a folder; nested narratives are in the same folder as this file`;
    return errorAt('narrative-name', path, message);
  }
  if (!name.endsWith('.toml')) return undefined;
  return errorAt('narrative-name', path, `${label} must be written without ".toml"`, {
    suggest: { name, candidates: [name], format: (fileName) => `narrative:${fileName.slice(0, -'.toml'.length)}` },
  });
}

/** Creates the problem of a narrative that contains itself. The chain begins with the file that is repeated. */
export function createCycleProblem(chain: readonly string[], path: Path): Problem {
  const message = `the narrative contains itself: ${formatChain([...chain, ...chain.slice(0, 1)])}`;
  return errorAt('narrative-circle', path, message);
}

/** Creates the problem of narratives that are nested too deeply. */
export function createDepthProblem(chain: readonly string[], path: Path): Problem {
  const message = `narratives are nested more than ${maxNarrativeDepth} deep: ${formatChain(chain)}`;
  return errorAt('narrative-depth', path, message);
}

function formatChain(files: readonly string[]): string {
  return files.map((file) => basename(file)).join(' → ');
}

/** Creates the problem of a nested file that can't be read. If it does not exist, it suggests a similar name in the folder. */
export function createNotFoundProblem(file: string, { reason, message }: FileError, path: Path): Problem {
  const siblings = reason === 'missing' ? listFileNames(dirname(file)) : [];
  return errorAt('narrative-not-found', path, `the narrative ${quote(basename(file))} ${message}`, {
    suggest: {
      name: basename(file, '.toml'),
      candidates: siblings.filter((name) => name.endsWith('.toml')).map((name) => basename(name, '.toml')),
      format: (nearest) => `narrative:${nearest}`,
    },
  });
}

function listFileNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
