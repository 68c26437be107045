export const checkKeyHint = 'Check GEMINI_API_KEY, or create a key at https://aistudio.google.com/apikey.';
export const changeRequestHint = 'Change the narrative: the same request would be rejected again.';
export const tryLaterHint = 'Try again later, or use another model.';
