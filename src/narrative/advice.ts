import type { Fault } from '../toml/fault.js';
import type { TomlTable } from '../toml/toml.js';
import { modelAdvice } from './advice-on-models.js';
import { referenceAdvice } from './advice-on-references.js';
import { unreadAdvice, unusedAdvice } from './advice-on-use.js';

/**
 * What a careful friend would say of a narrative without fault: what is likely to be a mistake, though it would play. All
 * of it are warnings.
 */
export function adviceOn(file: TomlTable): Fault[] {
  return [...modelAdvice(file), ...referenceAdvice(file), ...unusedAdvice(file), ...unreadAdvice(file)];
}
