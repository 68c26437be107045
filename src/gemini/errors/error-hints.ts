/** For a key that was rejected. */
export const checkKeyHint = 'Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.';
/** For a request that the service can't accept. */
export const changeRequestHint = 'Change the narrative: the same request would be rejected again.';
/** For a failure of the service. */
export const tryLaterHint = 'Try again later, or use another model.';
/** For an error with `retryAt`. The program prints `Try again` with that time before the hint. */
export const useAnotherModelHint = 'Until then, use another model.';
