import { type Fault, fault } from '../toml/fault.js';
import { type Path, valueWords } from '../toml/toml.js';
import { notYet } from './not-yet.js';

/** Checks a text that a model shall read: that there is something to read, and nothing that would have to be filled in. */
export function checkText(content: string, path: Path, report: (fault: Fault) => void): void {
  if (content.trim() === '') report(fault('empty-prompt', path, `${valueWords(path)} is empty`));
  checkTemplates(content, path, report);
}

/** Templates come with a later version: until then one in a text is a fault, for the model should not see the braces. */
export function checkTemplates(content: string, path: Path, report: (fault: Fault) => void): void {
  const template = /\{\{[^{}\n]*\}\}/.exec(content)?.[0];
  if (template !== undefined) report(notYet(path, `templates such as ${template}`, { excerpt: template }));
}
