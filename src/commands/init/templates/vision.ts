import type { CreateTemplate } from './template.js';

/** A bar chart with four bars, of which the last is the highest: a PNG of 120 x 80 pixels. */
const chart = [
  'iVBORw0KGgoAAAANSUhEUgAAAHgAAABQAgMAAACv9VkaAAAADFBMVEX///88PDwubrTceChSXFtoAAAAOElEQVR42mNgGLGAZVQa',
  'Af7///9hVHpUejhKr1q1asHASkPIkSGNLDEqPSqNR5o1FBcIYBgFWAEAVyufVJdNZBwAAAAASUVORK5CYII=',
].join('');

/** A prompt with a picture. */
export const createVisionTemplate: CreateTemplate = (name) => ({
  files: [
    {
      extension: 'toml',
      content: `# A prompt with a picture. The file name is relative to this file.

[narrative]
name = "${name}"
description = "Describe a chart, and give it a title"

[media.chart]
file = "${name}.png"

[acts.describe]
media = ["media.chart"]
prompt = "Describe what this chart shows, in two sentences."

[acts.title]
prompt = "Give the chart a title of at most six words. Output only the title."
`,
    },
    { extension: 'png', content: Buffer.from(chart, 'base64') },
  ],
  rehearseArgs: ['run', `${name}.toml`, '--rehearse'],
});
