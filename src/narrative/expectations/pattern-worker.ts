import { parentPort, workerData } from 'node:worker_threads';
import { compilePattern, type PatternResult } from './match-pattern.js';

/**
 * The script of the worker in which `matchPattern` applies a pattern that takes long. It is a file of its own in
 * `dist/lazy/` (see src/build).
 */
function applyPattern({ pattern, text }: { pattern: string; text: string }): PatternResult {
  try {
    return { isMatch: compilePattern(pattern).test(text) };
  } catch (thrown) {
    // V8 compiles a pattern at its first use, and throws a SyntaxError for one that is too large.
    return { failure: (thrown as Error).message };
  }
}

parentPort?.postMessage(applyPattern(workerData));
