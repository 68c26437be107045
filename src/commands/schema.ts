import { defineCommand } from '../cli/define-command.js';
import type { CliProcess } from '../cli/process.js';

/** `boticelli schema` */
export const addSchemaCommand = defineCommand<[], Record<never, never>>({
  name: 'schema',
  description: 'print the JSON Schema of a narrative file, for editors',
  options: {},
  loadHandler: async () => (_options, proc) => printSchema(proc),
});

async function printSchema(proc: CliProcess): Promise<void> {
  const [{ withAbortableOutput }, { createNarrativeJsonSchema }, { stringifyJson }] = await Promise.all([
    import('../cli/output.js'),
    import('../narrative/schema/narrative-json-schema.js'),
    import('../terminal/replies/json.js'),
  ]);
  await withAbortableOutput(proc, async (output) => output.write(`${stringifyJson(createNarrativeJsonSchema(), 2)}\n`));
}
