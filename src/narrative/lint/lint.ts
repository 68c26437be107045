import type { Fault } from '../../toml/fault.js';
import { isTable, type TomlTable } from '../../toml/toml.js';
import type { Advised } from '../parse/composed-file.js';
import { writtenActs, writtenHeader } from '../parse/written-acts.js';
import { adviseOnLive } from './live-models.js';
import { adviseOnModels } from './models.js';
import { adviseOnReferences } from './references.js';
import { adviseOnUnreadReplies } from './unread-replies.js';
import { adviseOnUnusedMedia, adviseOnUnusedVars } from './unused.js';

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
