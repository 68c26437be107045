import { assertKnownVariables } from '../../cli/variables/assert-known-variables.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { planActs } from '../../executor/plan-acts.js';
import { checkNarrative, type LoadNarrativeOptions } from '../../narrative/load-narrative.js';
import { assertActsExist } from './assert-flags.js';
import type { RunOptions } from './options.js';
import type { RunResources } from './shared-resources.js';

type NarrativeReader = Pick<RunResources, 'readContent' | 'readVariables' | 'findAllowedFolder'>;

/**
 * Checks that every narrative has the acts and variables that the flags name. Otherwise a narrative without them would
 * fail only after the narratives before it were run and paid for, and the same command with `--resume` would fail
 * again. A narrative that can't be read or has errors is skipped here: running it reports the reason.
 *
 * @throws BoticelliError `usage`
 */
export async function assertActsAndVariablesExist(
  files: readonly string[],
  options: RunOptions,
  resources: NarrativeReader,
  signal: AbortSignal,
): Promise<void> {
  const { only = [], from } = options;
  const given = await resources.readVariables();
  const { values: vars } = given;
  if (only.length === 0 && from === undefined && vars.size === 0) return;
  for (const file of files) {
    const loaded = await loadIfReadable(file, { vars, signal }, resources);
    if (!loaded?.narrative) continue;
    try {
      assertActsExist(options, planActs(loaded.narrative));
      assertKnownVariables(given, loaded.variables ?? new Set());
    } catch (thrown) {
      const { code, message, hint } = toBoticelliError(thrown);
      throw new BoticelliError(code, `${loaded.file}: ${message}`, { ...(hint !== undefined && { hint }) });
    }
  }
}

async function loadIfReadable(
  file: string,
  options: LoadNarrativeOptions,
  { readContent, findAllowedFolder }: NarrativeReader,
) {
  try {
    return await checkNarrative(await readContent(file), { ...options, confinement: await findAllowedFolder() });
  } catch (thrown) {
    if (toBoticelliError(thrown).code === 'no_input') return undefined;
    throw thrown;
  }
}
