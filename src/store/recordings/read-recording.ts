import { readFileSync } from 'node:fs';
import { BoticelliError } from '../../errors.js';
import { answerIn, type RecordedAnswer } from './recorded-answer.js';

/** What a recording has. */
export interface ReadRecording {
  /** By key and occurrence; of two lines for the same, the later one. */
  answers: Map<string, RecordedAnswer>;
  /** How many bytes are whole lines: what a crash left behind them is not one. */
  wholeBytes: number;
  /** Whether the last of them has its end. */
  endsLine: boolean;
}

/** What tells answers apart. */
export function answerId({ key, occurrence }: Pick<RecordedAnswer, 'key' | 'occurrence'>): string {
  return `${key} ${occurrence}`;
}

/**
 * Reads a recording. A last line that was never finished, as a crash leaves it, is no fault. Rejects with `no_input`: where
 * there is no file, and naming the first line that is no answer.
 */
export function readRecording(path: string): ReadRecording {
  const bytes = bytesOf(path);
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const [whole, rest] = [textOf(bytes.subarray(0, wholeBytes), path), bytes.subarray(wholeBytes)];
  const answers = new Map<string, RecordedAnswer>();
  const lines = whole.split('\n');
  const add = (answer: RecordedAnswer) => void answers.set(answerId(answer), answer);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      add(answerIn(line));
    } catch (thrown) {
      throw broken(path, index + 1, thrown);
    }
  }
  const last = rest.length === 0 ? undefined : unfinished(rest);
  if (last) add(last);
  return { answers, wholeBytes: last ? bytes.length : wholeBytes, endsLine: !last };
}

/** A last line may lack nothing but its end: an editor's work, not a crash's. */
function unfinished(bytes: Buffer): RecordedAnswer | undefined {
  try {
    return answerIn(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const words =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `can't be read: ${message}`;
    throw new BoticelliError('no_input', `the recording ${path} ${words}`, {
      hint: `Make one: run the narrative once with --record ${path}.`,
      cause: thrown,
    });
  }
}

function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BoticelliError('no_input', `${path} is no recording: it is not UTF-8`, {
      hint: 'Nothing was sent.',
      cause,
    });
  }
}

function broken(path: string, line: number, thrown: unknown): BoticelliError {
  return new BoticelliError('no_input', `${path}:${line}: this line ${(thrown as Error).message}`, {
    hint: 'Mend or remove the line: each one is a JSON object that --record wrote. Nothing was sent.',
    cause: thrown,
  });
}
