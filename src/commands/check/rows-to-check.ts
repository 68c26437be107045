import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import { getWorkingFolder } from '../../cli/working-folder.js';
import { BoticelliError, toBoticelliError } from '../../errors.js';
import { NarrativeExecutor } from '../../executor/narrative-executor.js';
import type { LoadedNarrative } from '../../narrative/load-narrative.js';
import { createRehearsalDriver } from '../../rehearsal/rehearsal-driver.js';
import { openRows } from '../../rows/open-rows.js';
import { formatRowLocation, type Row } from '../../rows/row.js';
import { createColors } from '../../terminal/text/colors.js';
import type { Diagnostic } from '../../toml/diagnostic.js';
import { assertColumnsExist } from '../resources/assert-columns.js';

/** The rows of `check --each`. */
export interface RowsToCheck {
  /**
   * Checks that the columns exist and, if they do, rehearses the narrative with each row. Adds the errors to the
   * diagnostics. If there are errors, removes the narrative from the result, so that the file counts as invalid.
   */
  check(loaded: LoadedNarrative): Promise<LoadedNarrative>;
  read(): AsyncIterable<Row>;
  close(): void;
}

/** The maximum number of rows whose errors are listed. */
const maxListed = 20;

/**
 * Opens the rows of `check --each`.
 *
 * @throws BoticelliError `no_input`, `invalid_narrative` or `usage`, as `run --each` does
 */
export async function openRowsToCheck(
  each: string,
  { allowOutside = false }: { allowOutside?: boolean },
  { proc, signal }: { proc: CliProcess; signal: AbortSignal },
): Promise<RowsToCheck> {
  if (each === '-') {
    throw new BoticelliError('usage', "check can't read rows from standard input", { hint: 'Save them to a file.' });
  }
  const source = await openRows(each, { cwd: getWorkingFolder(proc), stdin: proc.stdin });
  const warn = createWarn(proc, await createColors(proc.stderr));
  for (const warning of source.warnings) warn(warning);
  return {
    async check(loaded) {
      const { narrative, file } = loaded;
      if (!narrative) return loaded;
      const errors: Diagnostic[] = [];
      try {
        assertColumnsExist(narrative, source, file);
      } catch (thrown) {
        const { message, hint = '' } = toBoticelliError(thrown);
        return addErrors(loaded, [createErrorDiagnostic('unknown-column', `${message}. ${hint}`)]);
      }
      // A rehearsal renders every text and reads every file, as a run does.
      const driver = createRehearsalDriver();
      const stdin = async () => '(stdin)';
      const executor = new NarrativeExecutor({ driver, isRehearsal: true, allowOutside, stdin, signal });
      for await (const row of source.read()) {
        if (signal.aborted) break;
        const { failure } = await executor.execute(narrative, { row });
        if (!failure || failure.code === 'interrupted') continue;
        if (errors.length === maxListed) {
          errors.push(createErrorDiagnostic('row-error', `${source.name}: more rows have errors`));
          break;
        }
        const message = `${formatRowLocation(source, row)}: ${failure.message}`;
        const isUnreadable = failure.code === 'no_input';
        errors.push(
          isUnreadable
            ? createErrorDiagnostic('media-not-found', message)
            : createErrorDiagnostic('row-error', message),
        );
      }
      return addErrors(loaded, errors);
    },
    read: () => source.read(),
    close: source.close,
  };
}

function createErrorDiagnostic(rule: string, message: string): Diagnostic {
  return { severity: 'error', rule, message };
}

/** Adds errors to the diagnostics. If there are any, removes the narrative, so that the file counts as invalid. */
function addErrors({ narrative, ...loaded }: LoadedNarrative, errors: readonly Diagnostic[]): LoadedNarrative {
  const diagnostics = [...loaded.diagnostics, ...errors];
  return errors.length > 0 || !narrative ? { ...loaded, diagnostics } : { ...loaded, narrative };
}
