import { BoticelliError } from '../errors.js';
import { type Diagnostic, whereIs } from '../toml/diagnostic.js';
import { withoutSecrets } from './secrets.js';

/** What a settings file with faults is told by. */
export interface FaultySettings {
  /** The file's name as the person knows it. */
  file: string;
  text: string;
  diagnostics: readonly Diagnostic[];
  /** Keys that must not be shown, wherever they stand in it. */
  secrets: readonly string[];
  hint?: string;
}

/** A settings file has faults: `invalid_config`. Secrets in it are `*` in everything that this carries. */
export class InvalidSettings extends BoticelliError {
  readonly file: string;
  /** The file's text, for code frames. */
  readonly text: string;
  /** Every fault of the file, in its order. */
  readonly diagnostics: readonly Diagnostic[];

  constructor({
    file,
    text,
    diagnostics,
    secrets,
    hint = 'Mend the settings file; nothing was sent.',
  }: FaultySettings) {
    const hidden = (words: string) => withoutSecrets(words, secrets);
    const shown = diagnostics.map(({ message, suggestion, ...rest }) => ({
      ...rest,
      message: hidden(message),
      ...(suggestion !== undefined && { suggestion: hidden(suggestion) }),
    }));
    const [first] = shown;
    const more = shown.length > 1 ? ` (and ${shown.length - 1} more)` : '';
    super('invalid_config', `${whereIs(file, first)}${first?.message ?? ''}${more}`, { hint });
    this.name = 'InvalidSettings';
    this.file = file;
    this.text = hidden(text);
    this.diagnostics = shown;
  }
}
