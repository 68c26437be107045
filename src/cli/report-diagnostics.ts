import { isAbsolute, relative, resolve } from 'node:path';
import { formatAnnotation } from '../terminal/diagnostics/annotations.js';
import { formatDiagnostics } from '../terminal/diagnostics/code-frame.js';
import type { Colors } from '../terminal/text/colors.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { CliProcess } from './process.js';

/** A file with diagnostics. */
interface DiagnosedFile {
  /** As the user named it, or `<stdin>`. */
  file: string;
  text: string;
  diagnostics: readonly Diagnostic[];
}

interface DiagnosticsOutput {
  proc: CliProcess;
  /** The colours of standard error. */
  colors: Colors;
  /** Prints lines on standard error as they are, without a prefix such as `boticelli:`. */
  printLines: (lines: string) => void;
}

/** Prints the diagnostics of a file with their source lines on standard error, and annotations in GitHub Actions. */
export function reportDiagnostics(diagnosed: DiagnosedFile, { proc, colors, printLines }: DiagnosticsOutput): void {
  const { file, text, diagnostics } = diagnosed;
  const frames = formatDiagnostics(diagnostics, { file, text, colors });
  if (frames.length > 0) printLines(frames.join('\n'));
  reportAnnotations(diagnosed, proc);
}

/** Prints annotations in GitHub Actions, on standard error so that standard output is the same as elsewhere. */
export function reportAnnotations({ file, diagnostics }: Omit<DiagnosedFile, 'text'>, proc: CliProcess): void {
  // Reading an environment variable takes as long as parsing a line of TOML, so it is read only if it is needed.
  if (diagnostics.length === 0 || proc.env.GITHUB_ACTIONS !== 'true') return;
  const annotationPath = (name: string) => (name === '<stdin>' ? undefined : pathInRepository(name, proc));
  for (const diagnostic of diagnostics) {
    proc.stderr.write(`${formatAnnotation(diagnostic, annotationPath(diagnostic.source?.file ?? file))}\n`);
  }
}

/**
 * Returns the path of a file as GitHub expects it: relative to the repository, even if the workflow step runs in a
 * subfolder. For a file outside the repository, returns the absolute path.
 */
function pathInRepository(file: string, proc: CliProcess): string {
  const path = resolve(proc.cwd(), file);
  const relativePath = relative(proc.env.GITHUB_WORKSPACE || proc.cwd(), path);
  return /^\.\.(?:[/\\]|$)/.test(relativePath) || isAbsolute(relativePath) ? path : relativePath;
}
