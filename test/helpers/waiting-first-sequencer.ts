import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The test files that spend most of their time waiting for quota windows or locks, the slowest first. */
const waitingFiles = [
  ...['commands/run/quota', 'commands/run/parallel-acts', 'commands/run/redis', 'commands/run/live-quota'],
  ...['commands/run/unusable-state', 'commands/run/resume', 'commands/check/bad-input', 'docs/shell-blocks'],
  ...['soak/fuzz', 'commands/run/abrupt-exit', 'commands/run/guessed-limits', 'soak/kill/kill', 'commands/runs/report'],
  ...['commands/runs/compare', 'commands/run/interrupted', 'docs/library-example', 'bin/compile-cache'],
];

/**
 * Starts the waiting files first, so that the other files run during the waits, and no waiting file is left for the
 * end.
 */
export default class WaitingFirstSequencer extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const getRank = ({ moduleId }: TestSpecification) => {
      const rank = waitingFiles.findIndex((file) => moduleId.endsWith(`/test/${file}.test.ts`));
      return rank === -1 ? waitingFiles.length : rank;
    };
    const sorted = await super.sort(specifications);
    return sorted.toSorted((left, right) => getRank(left) - getRank(right));
  }
}
