import { describe, expect, it } from 'vitest';
import { faultsOf } from './faults.js';

/** A name for the rule's case, the file, and everything that is said of it, as `linesOf` writes it. */
export type RuleCase = [title: string, source: string, ...faults: string[]];

/** Tests a rule of `check`, case by case. */
export function rule(name: string, cases: RuleCase[]): void {
  ruleBy(faultsOf, name, cases);
}

/** The same for what something else than `check` says of a file. */
export function ruleBy(say: (source: string) => Promise<string[]>, name: string, cases: RuleCase[]): void {
  describe(name, () => {
    it.each(cases)('%s', async (_title, source, ...faults) => {
      expect(await say(source)).toEqual(faults);
    });
  });
}
