/** Whether an error says that the database is locked by another connection. A later attempt may then succeed. */
export function isBusy(thrown: unknown): boolean {
  return hasCode(thrown, { SQLITE_BUSY: 5, SQLITE_LOCKED: 6 });
}

/** Whether an error says that a file is damaged or not a database. */
export function isCorrupt(thrown: unknown): boolean {
  return hasCode(thrown, { SQLITE_CORRUPT: 11, SQLITE_NOTADB: 26 });
}

/** Whether an error says that SQLite could not write or create a file, as in a read-only folder or on a full disk. */
export function isUnwritable(thrown: unknown): boolean {
  return hasCode(thrown, { SQLITE_READONLY: 8, SQLITE_IOERR: 10, SQLITE_FULL: 13, SQLITE_CANTOPEN: 14 });
}

/** Whether an error comes from SQLite. */
export function isSqliteError(thrown: unknown): boolean {
  return /^(UNKNOWN_)?SQLITE_/.test(getSqliteCode(thrown));
}

/** Returns the message of an error in one line. */
export function describeSqliteError(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
}

/**
 * Whether an error has one of the result codes, or an extended code of one. libsql does not know the names of some
 * extended codes: it reports SQLITE_READONLY_DIRECTORY as `UNKNOWN_SQLITE_ERROR_1544`. The low byte of an extended code
 * is the result code (sqlite.org/rescode.html, read 2026-11-30).
 */
function hasCode(thrown: unknown, codes: Readonly<Record<string, number>>): boolean {
  const code = getSqliteCode(thrown);
  const number = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code)?.[1];
  if (number !== undefined) return Object.values(codes).includes(Number(number) & 0xff);
  return Object.keys(codes).some((name) => code.startsWith(name));
}

/** Returns SQLite's error code, or an empty string for other errors. */
function getSqliteCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
