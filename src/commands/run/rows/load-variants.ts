import type { GivenVariables } from '../../../cli/variables/given-variables.js';
import type { GenerationParameters } from '../../../driver/request.js';
import { applyOverrides, type Narrative } from '../../../narrative/narrative.js';
import { type Combination, createCombinations, type MatrixAxis } from '../../../rows/matrix.js';
import { type LoadOptions, loadNarrativeForRun } from '../run-narrative-file.js';
import { variablePrefix } from './parse-matrix.js';

/** The narrative as one combination of `--matrix` runs it. */
export interface Variant {
  narrative: Narrative;
  /** Absent without `--matrix`. */
  combination?: Combination;
}

/**
 * Loads the narrative for each combination, or once without `--matrix`. Combinations that differ only in
 * the model, temperature or thinking share what was loaded. Combinations with other values of variables do not, because
 * these values may name other media files.
 *
 * @returns the text of the narrative file, and the variants
 * @throws BoticelliError `no_input`, `invalid_narrative`, or `usage` for a variable that the narrative does not use
 */
export async function loadVariants(
  axes: readonly MatrixAxis[],
  context: LoadOptions,
): Promise<{ narrativeText: string; variants: [Variant, ...Variant[]] }> {
  const given = await context.resources.readVariables();
  if (axes.length === 0) {
    const { narrative, narrativeText } = await loadNarrativeForRun(given, context);
    return { narrativeText, variants: [{ narrative }] };
  }
  const loadedByVariables = new Map<string, Awaited<ReturnType<typeof loadNarrativeForRun>>>();
  const variants: Variant[] = [];
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
    variants.push({ combination, narrative: applyCombination(loaded.narrative, combination) });
  }
  return { narrativeText, variants: variants as [Variant, ...Variant[]] };
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
