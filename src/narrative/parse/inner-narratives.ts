import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { type Path, quote } from '../../toml/toml.js';
import type { FileError } from '../../util/read-regular-file.js';
import type { Narrative } from '../narrative.js';

/** The narratives that the acts of a file can play: those beside it. */
export interface InnerNarratives {
  /** Reads `narrative:<name>`, which stands at the path. What is wrong with it is reported, here or in its own file. */
  read(name: string, path: Path, report: ReportProblem): Narrative | undefined;
}

/** How many narratives may stand within each other, the outermost one counted. */
export const maxNarrativeDepth = 16;

/** The fault of a name that can't be that of a file beside: names lead neither out of the folder nor into another. */
export function validateNarrativeName(name: string, path: Path): Problem | undefined {
  const label = quote(`narrative:${name}`);
  if (name === '')
    return errorAt('narrative-name', path, `${label}: the name of a narrative beside this one is missing`);
  if (/[/\\\0]/.test(name) || name === '.' || name === '..') {
    return errorAt(
      'narrative-name',
      path,
      `${label}: a narrative is named without a folder, for it stands beside this one`,
    );
  }
  if (!name.endsWith('.toml')) return undefined;
  return errorAt('narrative-name', path, `${label}: a narrative is named without its ".toml"`, {
    suggest: { name, candidates: [name], format: (fileName) => `narrative:${fileName.slice(0, -'.toml'.length)}` },
  });
}

/** The fault of a narrative that would play itself. The chain begins with the file that is played again. */
export function createCycleProblem(chain: readonly string[], path: Path): Problem {
  const chainText = [...chain, ...chain.slice(0, 1)].map((file) => basename(file)).join(' → ');
  return errorAt('narrative-circle', path, `the narrative would play itself without end: ${chainText}`);
}

/** The fault of narratives that stand too deep within each other. */
export function createDepthProblem(chain: readonly string[], path: Path): Problem {
  const chainText = chain.map((file) => basename(file)).join(' → ');
  return errorAt(
    'narrative-depth',
    path,
    `narratives may play narratives ${maxNarrativeDepth} deep, not deeper: ${chainText}`,
  );
}

/** The fault of a file that can't be read; where it does not exist, one beside it may have been meant. */
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
