import { type Fault, fault } from '../toml/fault.js';
import type { Path } from '../toml/toml.js';

/** The fault of a file that asks for what the contract promises and this version does not do. */
export function notYet(path: Path, feature: string, options?: Parameters<typeof fault>[3]): Fault {
  return fault('not-supported-yet', path, `this version does not know ${feature} yet`, options);
}
