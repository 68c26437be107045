import { isAbsolute, relative, resolve } from 'node:path';
import type { Diagnostic } from '../narrative/diagnostic.js';
import { annotationOf } from '../terminal/diagnostics/annotations.js';
import { formatDiagnostics } from '../terminal/diagnostics/code-frame.js';
import type { Paint } from '../terminal/text/colors.js';
import type { Host } from './process.js';

/** A file, as far as its faults are told. */
export interface FaultyFile {
  /** As the person named it; `<stdin>` is none. */
  file: string;
  text: string;
  diagnostics: readonly Diagnostic[];
}

interface Telling {
  host: Host;
  /** The colours of standard error. */
  paint: Paint;
  /** Tells lines on standard error, as they are. */
  say: (lines: string) => void;
}

/** Tells the faults of a file on standard error, each in its place; in GitHub Actions as annotations too. */
export function tellFaults(faulty: FaultyFile, { host, paint, say }: Telling): void {
  const { file, text, diagnostics } = faulty;
  const frames = formatDiagnostics(diagnostics, { file, text, paint });
  if (frames.length > 0) say(frames.join('\n'));
  annotate(faulty, host);
}

/** In GitHub Actions: tells the faults of a file to it, on standard error, where nothing else that reads is disturbed. */
export function annotate({ file, diagnostics }: Omit<FaultyFile, 'text'>, host: Host): void {
  // The environment is the system's: a look at it costs as much as parsing a line.
  if (diagnostics.length === 0 || host.env.GITHUB_ACTIONS !== 'true') return;
  const pathOf = (name: string) => (name === '<stdin>' ? undefined : pathInRepository(name, host));
  for (const diagnostic of diagnostics) {
    host.stderr.write(`${annotationOf(diagnostic, pathOf(diagnostic.source?.file ?? file))}\n`);
  }
}

/** A step may run in a folder of its own; what is outside the repository keeps its whole path. */
function pathInRepository(file: string, host: Host): string {
  const path = resolve(host.cwd(), file);
  const inside = relative(host.env.GITHUB_WORKSPACE || host.cwd(), path);
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}
