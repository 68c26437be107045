import type { Fault } from '../toml/fault.js';
import { isTable, type TomlTable } from '../toml/toml.js';
import { modelAdvice } from './advice-on-models.js';
import { referenceAdvice } from './advice-on-references.js';
import { unreadAdvice } from './advice-on-replies.js';
import { unusedMediaAdvice, unusedVarAdvice } from './advice-on-use.js';
import { writtenActs, writtenHeader } from './written-acts.js';

/**
 * What a careful friend would say of a narrative without fault: what is likely to be a mistake, though it would play. All
 * of it are warnings.
 * @param usedVariables those that the file's texts, or the narratives in it, use
 */
export function adviceOn(file: TomlTable, usedVariables: ReadonlySet<string>): Fault[] {
  const header = writtenHeader(file);
  const acts = writtenActs(file);
  return [
    ...modelAdvice(header, acts),
    ...referenceAdvice(acts, isTable(file.media) ? Object.keys(file.media) : []),
    ...unusedMediaAdvice(file),
    ...unusedVarAdvice(file, usedVariables),
    ...unreadAdvice(file, header, acts),
  ];
}
