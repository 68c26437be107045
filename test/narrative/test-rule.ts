import { describe, expect, it } from 'vitest';
import { collectProblems } from './check-source.js';

/** A title, the file, and its problems in the format of `collectProblems`. */
export type RuleCase = [title: string, source: string, ...problems: string[]];

/**
 * Tests that `check`, or the given function, finds exactly the problems of each case.
 * @param group the title of the group: the names of the rules, or the key that the cases are about
 */
export function testRule(
  group: string,
  cases: RuleCase[],
  collect: (source: string) => Promise<string[]> = collectProblems,
): void {
  describe(group, () => {
    it.each(cases)('%s', async (_title, source, ...expected) => {
      expect(await collect(source)).toEqual(expected);
    });
  });
}
