import { defineConfig } from 'vitest/config';
import SlowestFirstSequencer from './helpers/slowest-first-sequencer.js';

// Some tests start the program as another user, who must be able to read the files of the test. All
// processes inherit the umask.
process.umask(0o022);

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/bundle-first.ts'],
    reporters: ['default', './test/helpers/summary-line-reporter.ts'],
    // A test that starts the program several times takes seconds, and many times that on a busy machine.
    testTimeout: 60_000,
    // Tests mostly wait for processes and quota windows: four files at a time keep two cores busy.
    maxWorkers: 4,
    // Test files leave no state behind in their process, so they can share one.
    isolate: false,
    // Tests that run the program in their own process change its working folder, which a thread can't.
    pool: 'forks',
    sequence: { sequencer: SlowestFirstSequencer },
  },
});
