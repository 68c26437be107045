import type { Fault } from '../toml/fault.js';
import { isTable, type TomlTable } from '../toml/toml.js';
import { modelAdvice } from './advice-on-models.js';
import { referenceAdvice } from './advice-on-references.js';
import { unreadAdvice, unusedAdvice } from './advice-on-use.js';
import { writtenActs, writtenHeader, writtenOrder } from './written-acts.js';

/**
 * What a careful friend would say of a narrative without fault: what is likely to be a mistake, though it would play. All
 * of it are warnings.
 */
export function adviceOn(file: TomlTable): Fault[] {
  const header = writtenHeader(file);
  const acts = writtenActs(file);
  const order = writtenOrder(file);
  return [
    ...modelAdvice(header, acts),
    ...referenceAdvice(acts, isTable(file.media) ? Object.keys(file.media) : []),
    ...unusedAdvice(file),
    ...unreadAdvice(header, acts, order),
  ];
}
