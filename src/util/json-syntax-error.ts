/** Why a text is not valid JSON, and where. Line and column are counted from 1. */
export interface JsonError {
  reason: string;
  line: number;
  column: number;
}

/** Describes why `JSON.parse` rejected a text. */
export function describeJsonError(error: Error, text: string): JsonError {
  const offset = getPosition(error) ?? findErrorOffset(text);
  // The rest of the message is an excerpt or the position.
  const reason = error.message.replace(/, (?:\.\.\.)?".*$|(?: in JSON)? at position.*$/s, '').replaceAll(/\s+/g, ' ');
  const lines = text.slice(0, offset).split('\n');
  return { reason, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function getPosition({ message }: Error): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : Number(position);
}

/**
 * Finds the offset of the first character that is wrong, by a binary search for the longest beginning that is only
 * incomplete. Some of V8's messages have an excerpt instead of the position (Node 20 to 24).
 */
function findErrorOffset(text: string): number {
  let incompleteLength = 0;
  let wrongLength = text.length + 1;
  while (wrongLength - incompleteLength > 1) {
    const middle = Math.floor((incompleteLength + wrongLength) / 2);
    if (isIncomplete(text.slice(0, middle))) incompleteLength = middle;
    else wrongLength = middle;
  }
  return incompleteLength;
}

function isIncomplete(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (thrown) {
    const error = thrown as Error;
    return /end of JSON input|Unterminated/.test(error.message) || getPosition(error) === text.length;
  }
}
