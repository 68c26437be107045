import { expect, test } from 'vitest';
import { getHttpStatus } from '../../../src/gemini/errors/parse-error-body.js';

// The HTTP statuses are those that google/rpc/code.proto names (read 2026-11-30).
test.each([
  ['a code that is an error status', { code: 418, status: 'INVALID_ARGUMENT' }, 418],
  ['OUT_OF_RANGE', { status: 'OUT_OF_RANGE' }, 400],
  ['ABORTED', { status: 'ABORTED' }, 409],
  ['UNIMPLEMENTED', { status: 'UNIMPLEMENTED' }, 501],
  ['a code below 400 and an unknown status', { code: 200, status: 'ODD' }, 500],
  ['neither code nor status', {}, 500],
])('derives the HTTP status of a streamed error from its fields: %s', (_, error, status) => {
  expect(getHttpStatus({ message: '', details: [], ...error })).toBe(status);
});
