import type { ErrorCode } from '../../../../src/errors.js';
import type { ScriptedReply } from '../../../helpers/gemini/replies.js';

/** One kind of answer, and the error that the user gets. */
export interface ErrorRow {
  /**
   * The request that is answered. For `generate or stream`, the test sends generateContent and streamGenerateContent,
   * and both must give the same error.
   */
  request: 'generate or stream' | 'stream' | 'Live' | 'Files' | 'list';
  /** The answer, for the test title: its status, its sender or kind, and its reason: `403, Gemini: API disabled`. */
  answer: string;
  /** What the server sends. */
  script: ScriptedReply;
  code: ErrorCode;
  /** `HOST` stands for the host and port of the server. */
  message: string;
  /** A hint may begin with "Until then": until the `retryAt` of the error, which the program prints before the hint. */
  hint: string;
  isTransient?: true;
}

/** Creates a web page with a title. */
export const page = (title: string) => `<!DOCTYPE html><html lang=en><title>${title}</title><p>…</p></html>`;

/** Creates an error in OpenAI's format. */
export const createOpenAiError = (message: string, code: string) => ({
  error: { message, type: 'invalid_request_error', code },
});

/** What Gemini says about a file that it has deleted. */
export const fileMessage = 'You do not have permission to access the File abc or it may not exist.';

// Hints that several rows share.
export const wrongHost =
  'Check that HOST is a Gemini service: the base URL may be wrong, or a proxy may have answered.';
export const wrongPath = "The base URL may be wrong: Gemini's API must be at <base URL>/v1beta.";
export const wrongHostOrKey =
  'Check that HOST is a Gemini service: the base URL may be wrong, or a proxy may have answered. Or HOST does not accept this API key.';
export const checkKey = 'Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.';
export const checkKeyForHost = 'Check that GEMINI_API_KEY is a key for HOST.';
export const changeRequest = 'Change the narrative: the same request would be rejected again.';
export const tryLater = 'Try again later, or use another model.';
export const tryInAMinute = 'Try again in a minute, or use another model.';
export const fileExpired =
  'Uploaded files are deleted after 48 hours, and only keys of the same project can use them. Upload it again.';
