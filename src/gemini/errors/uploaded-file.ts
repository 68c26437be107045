import { BoticelliError } from '../../errors.js';

// Gemini answers 403 for a file that it has deleted: "You do not have permission to access the File x or it may not
// exist." (googleapis/python-genai#1218, read 2026-11-30), and 400 for one that it has not processed: "The File x is
// not in an ACTIVE state and usage is not allowed."
const missingFilePattern =
  /permission to access the file\b|\bfile \S+ (or it )?(may|does) not exist|\bfile \S+ not found/i;
const inactiveFilePattern = /\bfile\b.* not in an? active state/i;

/** Whether an error is about an uploaded file, according to the status and the message of its response. */
export function isFileError(status: number, message: string): boolean {
  if (status === 400) return inactiveFilePattern.test(message) || missingFilePattern.test(message);
  return (status === 403 || status === 404) && missingFilePattern.test(message);
}

/** Creates the error for an uploaded file that a request refers to and that can't be used. */
export function createFileError(description: string, cause: Error): BoticelliError {
  const hint = inactiveFilePattern.test(description)
    ? 'The file is still being processed, or its processing failed. Try again in a minute, or upload it again.'
    : 'Uploaded files are deleted after 48 hours, and only keys of the same project can use them. Upload it again.';
  return new BoticelliError('invalid_request', `uploaded file rejected: ${description}`, { hint, cause });
}
