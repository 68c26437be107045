import { expect, test } from 'vitest';
import { isBusy, isCorrupt, isSqliteError, isUnwritable } from '../../src/database/sqlite-error.js';

// The low byte of a number is the result code: 261 is 0x105 (5, busy), 779 is 0x30b (11, corrupt), and 1544 is 0x608
// (8, read-only).
test.each([
  ['SQLITE_BUSY_SNAPSHOT', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['UNKNOWN_SQLITE_ERROR_261', 'busy'],
  ['SQLITE_NOTADB', 'corrupt'],
  ['UNKNOWN_SQLITE_ERROR_779', 'corrupt'],
  ['SQLITE_FULL', 'unwritable'],
  ['UNKNOWN_SQLITE_ERROR_1544', 'unwritable'],
  ['SQLITE_ERROR', 'other'],
  ['UNKNOWN_SQLITE_ERROR_1', 'other'],
])('classifies %s as %s', (code, kind) => {
  const error = Object.assign(new Error('x'), { code });
  expect([isBusy(error), isCorrupt(error), isUnwritable(error), isSqliteError(error)]).toEqual([
    ...[kind === 'busy', kind === 'corrupt', kind === 'unwritable', true],
  ]);
});

test('classifies no other error as one of SQLite', () => {
  const error = Object.assign(new Error('x'), { code: 'ENOSPC' });
  expect([isSqliteError(error), isUnwritable(error), isUnwritable('x')]).toEqual([false, false, false]);
});
