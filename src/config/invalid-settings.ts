import { BoticelliError } from '../errors.js';
import { type Diagnostic, formatLocation } from '../toml/diagnostic.js';
import { redactSecrets } from './redact-secrets.js';

interface InvalidSettingsOptions {
  /** The file name to show to the user. */
  file: string;
  text: string;
  diagnostics: readonly Diagnostic[];
  /** API keys to redact. */
  secrets: readonly string[];
  hint?: string;
}

/** `invalid_config`: a settings file has errors. Secrets are replaced with `*` in all fields of this error. */
export class InvalidSettings extends BoticelliError {
  readonly file: string;
  /** The file's text, for code frames. */
  readonly text: string;
  /** All errors, in the order in which they occur in the file. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(options: InvalidSettingsOptions) {
    const { file, text, diagnostics, secrets, hint = 'Fix the settings file. No request was sent.' } = options;
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
