import { parentPort, workerData } from 'node:worker_threads';
import { compileSchema, type JsonSchema, type WorkerCheck } from './json-schema.js';

/**
 * The script of the worker in which `createSchemaValidator` checks a value whose check may take long. It is a file of
 * its own in `dist/lazy/` (see src/build).
 */
async function checkValue({ schema, value }: { schema: JsonSchema; value: unknown }): Promise<WorkerCheck> {
  const compiled = await compileSchema(schema);
  if (!compiled.ok) throw new Error(compiled.problem.message);
  try {
    return { mismatches: compiled.check(value) };
  } catch (thrown) {
    // The stack overflows if a schema refers to itself without end. V8 compiles a pattern at its first use, and throws
    // a SyntaxError for one that is too large.
    return { failure: (thrown as Error).message };
  }
}

void checkValue(workerData).then((check) => parentPort?.postMessage(check));
