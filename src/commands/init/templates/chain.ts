import type { CreateTemplate } from './template.js';

/** Three acts, of which each sees the conversation so far. */
export const createChainTemplate: CreateTemplate = (name) => ({
  files: [
    {
      extension: 'toml',
      content: `# Three acts run in order. Each one sees the prompts and replies of those before it.

[narrative]
name = "${name}"
description = "Write an announcement, criticize it, and rewrite it"
system = "You write plainly."
temperature = 0.7

[vars]
topic = "a lighthouse that is for sale"     # another value: --var topic="a used piano"

[acts]
draft = "Write an announcement of {{vars.topic}}, under 80 words."
critique = "List the two worst weaknesses of the announcement, one line each."
final = "Rewrite the announcement without those weaknesses. Output only the text."
`,
    },
  ],
  rehearseArgs: ['run', `${name}.toml`, '--rehearse'],
});
