import { describe, expect, it } from 'vitest';
import { collectProblems } from './check-source.js';

/** A title, the file, and its problems in the format of `collectProblems`. */
export type RuleCase = [title: string, source: string, ...problems: string[]];

/** Tests cases of a rule of `check`. */
export function testRule(name: string, cases: RuleCase[]): void {
  testRuleWith(collectProblems, name, cases);
}

/** Tests cases of a rule with another function that collects problems. */
export function testRuleWith(collect: (source: string) => Promise<string[]>, name: string, cases: RuleCase[]): void {
  describe(name, () => {
    it.each(cases)('%s', async (_title, source, ...expected) => {
      expect(await collect(source)).toEqual(expected);
    });
  });
}
