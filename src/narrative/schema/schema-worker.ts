import { parentPort, workerData } from 'node:worker_threads';
import { compileCheck, type JsonSchema, type SchemaWorkerResult } from './json-schema.js';

/**
 * The script of the worker in which `validateSchema` compiles a large schema, and `createSchemaValidator` checks a
 * value whose check may take long. It is a file of its own in `dist/lazy/` (see src/build). Without a value in the
 * input, it only compiles the schema.
 */
async function compileAndCheck(input: { schema: JsonSchema; value?: unknown }): Promise<SchemaWorkerResult> {
  const compiled = await compileCheck(input.schema);
  if (!compiled.ok) return { problem: compiled.problem };
  if (!('value' in input)) return { mismatches: [] };
  try {
    return { mismatches: compiled.check(input.value) };
  } catch (thrown) {
    // The stack overflows if a schema refers to itself without end. V8 compiles a pattern at its first use, and throws
    // a SyntaxError for one that is too large.
    return { failure: (thrown as Error).message };
  }
}

void compileAndCheck(workerData).then((result) => parentPort?.postMessage(result));
