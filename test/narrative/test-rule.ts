import { describe, expect, it } from 'vitest';
import { collectProblems } from './check-source.js';

/** A title, the file, and its problems in the format of `collectProblems`. */
export type RuleCase = [title: string, source: string, ...problems: string[]];

/** Tests that `check`, or the given function, finds exactly the problems of each case. `name` names the rules. */
export function testRule(
  name: string,
  cases: RuleCase[],
  collect: (source: string) => Promise<string[]> = collectProblems,
): void {
  describe(name, () => {
    it.each(cases)('%s', async (_title, source, ...expected) => {
      expect(await collect(source)).toEqual(expected);
    });
  });
}
