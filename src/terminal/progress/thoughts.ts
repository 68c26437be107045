import type { NarrativeEvent } from '../../executor/narrative-events.js';
import { createActIndexer } from './act-index.js';

/**
 * Creates a listener that writes the thoughts of a narrative's acts. They arrive in pieces, and are written line by
 * line. An unfinished line is written at the next event of its act that is not a thought. If several acts run, each
 * line names its act. Successive blank lines become one. Blank lines at the beginning and the end are left out.
 */
export function createThoughtWriter(writeLine: (line: string) => void): (event: NarrativeEvent) => void {
  const getIndex = createActIndexer();
  /** The running acts by their index. */
  const running = new Map<number, ThoughtText>();
  const write = (act: string, lines: readonly string[], text: ThoughtText) => {
    const prefix = running.size > 1 ? `${act}: ` : '';
    for (const line of lines.map((untrimmed) => untrimmed.trimEnd())) {
      if (line === '') text.isBlankDue = text.hasLines;
      else {
        if (text.isBlankDue) writeLine('');
        writeLine(prefix + line);
        Object.assign(text, { hasLines: true, isBlankDue: false });
      }
    }
  };
  return (event) => {
    if (!('act' in event)) return;
    const { act } = event;
    const index = getIndex(event);
    if (event.type === 'act-start') running.set(index, { pending: '', hasLines: false, isBlankDue: false });
    const text = running.get(index);
    if (!text) return;
    if (event.type === 'act-thought') {
      const lines = (text.pending + event.text).split(/\r?\n/);
      text.pending = lines.pop() ?? '';
      write(act, lines, text);
    } else {
      write(act, [text.pending], text);
      Object.assign(text, { pending: '', hasLines: false, isBlankDue: false });
    }
    if (event.type === 'act-end') running.delete(index);
  };
}

/** The thoughts of an act since its last event that was not a thought. */
interface ThoughtText {
  /** The beginning of a line whose end has not arrived. */
  pending: string;
  /** Whether a line that is not blank was written. */
  hasLines: boolean;
  /** Whether a blank line is written before the next line that is not blank. */
  isBlankDue: boolean;
}
