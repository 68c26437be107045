import type { Fault } from '../toml/fault.js';
import { isTable, type TomlTable } from '../toml/toml.js';
import { adviseOnLive } from './advice-on-live.js';
import { adviseOnModels } from './advice-on-models.js';
import { adviseOnReferences } from './advice-on-references.js';
import { adviseOnUnreadReplies } from './advice-on-replies.js';
import { adviseOnUnusedMedia, adviseOnUnusedVars } from './advice-on-use.js';
import type { Advised } from './composed-file.js';
import { writtenActs, writtenHeader } from './written-acts.js';

/**
 * What a careful friend would say of a narrative without fault: what is likely to be a mistake, though it would play. All
 * of it are warnings.
 */
export function adviceOn(file: TomlTable, { played, usedVariables, namesUsedBy }: Advised): Fault[] {
  const found: Fault[] = [];
  const report = (advice: Fault) => void found.push(advice);
  const header = writtenHeader(file);
  const acts = writtenActs(file);
  adviseOnModels(header, acts, report);
  adviseOnLive(header, acts, played, report);
  adviseOnReferences(acts, isTable(file.media) ? Object.keys(file.media) : [], report);
  adviseOnUnusedMedia(file, report);
  adviseOnUnusedVars(file, usedVariables, report);
  adviseOnUnreadReplies(played, namesUsedBy, report);
  return found;
}
