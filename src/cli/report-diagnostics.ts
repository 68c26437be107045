import { isAbsolute, relative, resolve } from 'node:path';
import { formatAnnotation } from '../terminal/diagnostics/annotations.js';
import { formatDiagnostics } from '../terminal/diagnostics/code-frame.js';
import type { Colors } from '../terminal/text/colors.js';
import type { Diagnostic } from '../toml/diagnostic.js';
import type { CliProcess } from './process.js';

/** A file, as far as its faults are told. */
export interface DiagnosedFile {
  /** As the person named it; `<stdin>` is none. */
  file: string;
  text: string;
  diagnostics: readonly Diagnostic[];
}

interface DiagnosticsOutput {
  proc: CliProcess;
  /** The colours of standard error. */
  colors: Colors;
  /** Tells lines on standard error, as they are. */
  printLines: (lines: string) => void;
}

/** Tells the faults of a file on standard error, each in its place; in GitHub Actions as annotations too. */
export function reportDiagnostics(diagnosed: DiagnosedFile, { proc, colors, printLines }: DiagnosticsOutput): void {
  const { file, text, diagnostics } = diagnosed;
  const frames = formatDiagnostics(diagnostics, { file, text, colors });
  if (frames.length > 0) printLines(frames.join('\n'));
  reportAnnotations(diagnosed, proc);
}

/** In GitHub Actions: tells the faults of a file to it, on standard error, where nothing else that reads is disturbed. */
export function reportAnnotations({ file, diagnostics }: Omit<DiagnosedFile, 'text'>, proc: CliProcess): void {
  // The environment is the system's: a look at it costs as much as parsing a line.
  if (diagnostics.length === 0 || proc.env.GITHUB_ACTIONS !== 'true') return;
  const annotationPath = (name: string) => (name === '<stdin>' ? undefined : pathInRepository(name, proc));
  for (const diagnostic of diagnostics) {
    proc.stderr.write(`${formatAnnotation(diagnostic, annotationPath(diagnostic.source?.file ?? file))}\n`);
  }
}

/** A step may run in a folder of its own; what is outside the repository keeps its whole path. */
function pathInRepository(file: string, proc: CliProcess): string {
  const path = resolve(proc.cwd(), file);
  const relativePath = relative(proc.env.GITHUB_WORKSPACE || proc.cwd(), path);
  return relativePath.startsWith('..') || isAbsolute(relativePath) ? path : relativePath;
}
