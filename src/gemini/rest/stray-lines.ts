import { parseServiceError, type ServiceError } from '../errors/parse-error-body.js';

// An error is a few hundred characters; this bounds memory, and the work of trying to parse at every closing brace.
const maxErrorChars = 65_536;

/**
 * The lines of an event stream that are none of SSE's. Google breaks a stream off with an error in bare JSON, over
 * several lines and without `data:` (recorded in FirebaseExtended/vertexai-sdk-test-data); a proxy answers with a page.
 */
export interface StrayLines {
  /** Takes one more line; returns the service's error as soon as one is whole. */
  add(line: string): ServiceError | undefined;
  /** What began as JSON: an error that is not whole yet, or something that is none. */
  readonly json: string;
  /** All that came, to name it. */
  readonly text: string;
}

export function createStrayLines(): StrayLines {
  let json = '';
  let otherText = '';
  return {
    add(line) {
      if (json === '' && !/^\s*[{[]/.test(line)) {
        if (otherText.length < maxErrorChars) otherText += `${line}\n`;
        return undefined;
      }
      if (json.length < maxErrorChars) json += `${line}\n`;
      return /[}\]]\s*$/.test(line) ? parseServiceError(json) : undefined;
    },
    get json() {
      return json;
    },
    get text() {
      return otherText + json;
    },
  };
}
