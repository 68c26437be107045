import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/bundle-first.ts'],
    reporters: ['default', './test/helpers/closing-line-reporter.ts'],
    testTimeout: 20_000,
    // Much of the suite is waiting for processes, and for windows of quota: four files at a time keep two cores busy.
    maxWorkers: 4,
    // No file leaves anything behind in the process that another could stumble over: each is loaded beside the others.
    isolate: false,
  },
});
