import type { CreateTemplate } from './template.js';

/** A narrative that runs once for each row of a CSV file. */
export const createRowsTemplate: CreateTemplate = (name) => ({
  files: [
    {
      extension: 'toml',
      content: `# Runs once for each row of ${name}.csv: boticelli run ${name}.toml --each ${name}.csv --results results.csv

[narrative]
name = "${name}"
description = "Classify comments, and answer them"

[acts.topic]
prompt = "Name the topic of this comment in one word:\\n{{row.text}}"
temperature = 0
max_tokens = 500

[acts.answer]
prompt = "Write a short, friendly answer to {{row.author}}."
`,
    },
    {
      extension: 'csv',
      content: `author,text
Ada,"The door squeaks, but the view is worth every step."
Ben,Is there a discount for students?
Chloé,"We waited for an hour. ""Five minutes"", they said."
`,
    },
  ],
  rehearseArgs: ['run', `${name}.toml`, '--each', `${name}.csv`, '--rehearse', '--show-prompts'],
});
