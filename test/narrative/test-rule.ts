import { describe, expect, it } from 'vitest';
import { collectProblems } from './check-source.js';

/** A name for the rule's case, the file, and everything that is said of it, as `linesOf` writes it. */
export type RuleCase = [title: string, source: string, ...faults: string[]];

/** Tests a rule of `check`, case by case. */
export function testRule(name: string, cases: RuleCase[]): void {
  testRuleWith(collectProblems, name, cases);
}

/** The same for what something else than `check` says of a file. */
export function testRuleWith(collect: (source: string) => Promise<string[]>, name: string, cases: RuleCase[]): void {
  describe(name, () => {
    it.each(cases)('%s', async (_title, source, ...expected) => {
      expect(await collect(source)).toEqual(expected);
    });
  });
}
