import type { CreateTemplate } from './template.js';

/** A reply in JSON that matches a schema, and an act that uses it. */
export const createJsonTemplate: CreateTemplate = (name) => ({
  files: [
    {
      extension: 'toml',
      content: `# The first reply is JSON that matches a schema: --only facts prints it alone.

[narrative]
name = "${name}"
description = "Extract facts as JSON, and write a sentence with them"

[vars]
text = "The old lighthouse of Kolberg was built in 1845. It is 26 metres tall and has 109 steps."

[acts.facts]
prompt = "Extract the facts of this text:\\n{{vars.text}}"
format = "json"
temperature = 0

[acts.facts.schema]
type = "object"
required = ["name", "built", "height_m"]

[acts.facts.schema.properties]
name = { type = "string" }
built = { type = "integer", description = "year" }
height_m = { type = "number" }

[acts.sentence]
context = "none"
prompt = "Write one sentence that contains these facts:\\n{{facts}}"
`,
    },
  ],
  rehearseArgs: ['run', `${name}.toml`, '--rehearse'],
});
