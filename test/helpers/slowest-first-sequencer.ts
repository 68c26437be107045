import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The slowest test files, the slowest first. They spend most of their time waiting for quota windows or locks. */
const slowFiles = [
  ...['commands/run/quota', 'commands/run/parallel-acts', 'commands/run/redis', 'commands/run/live-quota'],
  ...['commands/run/unusable-state', 'commands/run/resume', 'commands/check/bad-input', 'docs/shell-blocks'],
  ...['soak/fuzz', 'commands/run/abrupt-exit', 'commands/run/guessed-limits', 'soak/kill/kill', 'commands/runs/report'],
  ...['commands/runs/compare', 'commands/run/interrupted', 'docs/library-example', 'bin/compile-cache'],
];

/**
 * Starts the slowest test files first, so that the other files run while the slow files wait, and no slow file is left
 * for the end.
 */
export default class SlowestFirstSequencer extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const getRank = ({ moduleId }: TestSpecification) => {
      const rank = slowFiles.findIndex((file) => moduleId.endsWith(`/test/${file}.test.ts`));
      return rank === -1 ? slowFiles.length : rank;
    };
    const sorted = await super.sort(specifications);
    return sorted.toSorted((left, right) => getRank(left) - getRank(right));
  }
}
