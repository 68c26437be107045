import type { GivenVariables } from '../../../cli/variables/given-variables.js';
import type { GenerationParameters } from '../../../driver/request.js';
import { applyOverrides, type Narrative } from '../../../narrative/narrative.js';
import { type Combination, createCombinations, type MatrixAxis } from '../../../rows/matrix.js';
import { type LoadOptions, loadNarrativeForRun } from '../run-narrative-file.js';
import { variablePrefix } from './parse-matrix.js';

/** The narrative as one combination of `--matrix` changes it; without `--matrix`, the narrative as it is. */
export interface NarrativeVariant {
  narrative: Narrative;
  /** Absent without `--matrix`. */
  combination?: Combination;
}

/**
 * Loads the narrative for each combination, or once without `--matrix`. Combinations that differ only in the model,
 * temperature or thinking share what was loaded. Combinations with different variables are loaded separately, because
 * variables may name media files.
 *
 * @returns the text of the narrative file, and the narrative of each combination
 * @throws BoticelliError `no_input`, `invalid_narrative`, or `usage` for a variable that the narrative does not use
 */
export async function loadNarrativeVariants(
  axes: readonly MatrixAxis[],
  context: LoadOptions,
): Promise<{ narrativeText: string; narrativeVariants: [NarrativeVariant, ...NarrativeVariant[]] }> {
  const given = await context.resources.readVariables();
  if (axes.length === 0) {
    const { narrative, narrativeText } = await loadNarrativeForRun(given, context);
    return { narrativeText, narrativeVariants: [{ narrative }] };
  }
  const loadedByVariables = new Map<string, Awaited<ReturnType<typeof loadNarrativeForRun>>>();
  const narrativeVariants: NarrativeVariant[] = [];
  let narrativeText = '';
  for (const combination of createCombinations(axes)) {
    const variables = listVariables(combination);
    const id = JSON.stringify(variables);
    // Only the first load prints warnings: the others would repeat most of them.
    const isFirst = loadedByVariables.size === 0;
    const loaded =
      loadedByVariables.get(id) ?? (await loadNarrativeForRun(addVariables(given, variables), context, isFirst));
    loadedByVariables.set(id, loaded);
    if (isFirst) narrativeText = loaded.narrativeText;
    narrativeVariants.push({ combination, narrative: applyCombination(loaded.narrative, combination) });
  }
  return { narrativeText, narrativeVariants: narrativeVariants as [NarrativeVariant, ...NarrativeVariant[]] };
}

function listVariables({ values }: Combination): [name: string, value: string][] {
  return Object.entries(values).flatMap(([key, value]) =>
    key.startsWith(variablePrefix) ? [[key.slice(variablePrefix.length), String(value)] as [string, string]] : [],
  );
}

function addVariables(
  { values, flags }: GivenVariables,
  variables: readonly (readonly [string, string])[],
): GivenVariables {
  return {
    values: new Map([...values, ...variables]),
    flags: new Map([...flags, ...variables.map(([name]) => [name, '--matrix'] as const)]),
  };
}

function applyCombination(narrative: Narrative, { values }: Combination): Narrative {
  const { model, temperature, thinking } = values;
  return applyOverrides(narrative, {
    ...(model !== undefined && { model: String(model) }),
    parameters: {
      ...(temperature !== undefined && { temperature: Number(temperature) }),
      ...(thinking !== undefined && { thinking: thinking as NonNullable<GenerationParameters['thinking']> }),
    },
  });
}
