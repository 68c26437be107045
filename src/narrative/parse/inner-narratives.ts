import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Fault, fault, type Report } from '../../toml/fault.js';
import { type Path, quoted } from '../../toml/toml.js';
import type { FileProblem } from '../../util/read-regular-file.js';
import type { Narrative } from '../narrative.js';

/** The narratives that the acts of a file can play: those beside it. */
export interface InnerNarratives {
  /** Reads `narrative:<name>`, which stands at the path. What is wrong with it is reported, here or in its own file. */
  read(name: string, path: Path, report: Report): Narrative | undefined;
}

/** How many narratives may stand within each other, the outermost one counted. */
export const mostNarrativesDeep = 16;

/** The fault of a name that can't be that of a file beside: names lead neither out of the folder nor into another. */
export function nameFault(name: string, path: Path): Fault | undefined {
  const words = quoted(`narrative:${name}`);
  if (name === '') return fault('narrative-name', path, `${words}: the name of a narrative beside this one is missing`);
  if (/[/\\\0]/.test(name) || name === '.' || name === '..') {
    return fault(
      'narrative-name',
      path,
      `${words}: a narrative is named without a folder, for it stands beside this one`,
    );
  }
  if (!name.endsWith('.toml')) return undefined;
  return fault('narrative-name', path, `${words}: a narrative is named without its ".toml"`, {
    misnamed: { name, known: [name], written: (full) => `narrative:${full.slice(0, -'.toml'.length)}` },
  });
}

/** The fault of a narrative that would play itself. The chain begins with the file that is played again. */
export function circleFault(chain: readonly string[], path: Path): Fault {
  const words = [...chain, ...chain.slice(0, 1)].map((file) => basename(file)).join(' → ');
  return fault('narrative-circle', path, `the narrative would play itself without end: ${words}`);
}

/** The fault of narratives that stand too deep within each other. */
export function depthFault(chain: readonly string[], path: Path): Fault {
  const words = chain.map((file) => basename(file)).join(' → ');
  return fault(
    'narrative-depth',
    path,
    `narratives may play narratives ${mostNarrativesDeep} deep, not deeper: ${words}`,
  );
}

/** The fault of a file that can't be read; where it does not exist, one beside it may have been meant. */
export function missingFault(file: string, { reason, words }: FileProblem, path: Path): Fault {
  const known = reason === 'missing' ? namesIn(dirname(file)) : [];
  return fault('narrative-not-found', path, `the narrative ${quoted(basename(file))} ${words}`, {
    misnamed: {
      name: basename(file, '.toml'),
      known: known.filter((name) => name.endsWith('.toml')).map((name) => basename(name, '.toml')),
      written: (nearest) => `narrative:${nearest}`,
    },
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
