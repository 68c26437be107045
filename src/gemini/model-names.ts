// What a model's name says of it where nothing better is known: without `models/`.

/** By the names that Live models have: gemini-3.8-live, gemini-3.1-flash-live-preview, …-native-audio-… (wire.md). */
export function isLiveOnly(model: string): boolean {
  return /-live(-|$)|native-audio/.test(model);
}

/** Models that make vectors, pictures or films: asked by other methods, over REST and Live alike. */
export function givesNoReplies(model: string): boolean {
  return /embedding|imagen|veo-/.test(model);
}
