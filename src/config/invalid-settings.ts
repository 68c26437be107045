import { BoticelliError } from '../errors.js';
import { type Diagnostic, formatLocation } from '../toml/diagnostic.js';
import { redactSecrets } from './redact-secrets.js';

/** What a settings file with faults is told by. */
export interface InvalidSettingsOptions {
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
  }: InvalidSettingsOptions) {
    const redact = (value: string) => redactSecrets(value, secrets);
    const redactedDiagnostics = diagnostics.map(({ message, suggestion, ...rest }) => ({
      ...rest,
      message: redact(message),
      ...(suggestion !== undefined && { suggestion: redact(suggestion) }),
    }));
    const [first] = redactedDiagnostics;
    const moreSuffix = redactedDiagnostics.length > 1 ? ` (and ${redactedDiagnostics.length - 1} more)` : '';
    super('invalid_config', `${formatLocation(file, first)}${first?.message ?? ''}${moreSuffix}`, { hint });
    this.name = 'InvalidSettings';
    this.file = file;
    this.text = redact(text);
    this.diagnostics = redactedDiagnostics;
  }
}
