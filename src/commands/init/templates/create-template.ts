import { createChainTemplate } from './chain.js';
import { createJsonTemplate } from './json.js';
import { createRowsTemplate } from './rows.js';
import type { CreateTemplate, Template } from './template.js';
import { createVisionTemplate } from './vision.js';

const factories: Readonly<Record<TemplateName, CreateTemplate>> = {
  chain: createChainTemplate,
  json: createJsonTemplate,
  vision: createVisionTemplate,
  rows: createRowsTemplate,
};

/** The names of the templates. */
export type TemplateName = 'chain' | 'json' | 'vision' | 'rows';

/** Creates a template. @param narrative the name of the new narrative */
export function createTemplate(template: TemplateName, narrative: string): Template {
  return factories[template](narrative);
}
