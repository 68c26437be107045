/** The library's face: everything that the command line does, with no console, no process.exit and no global state. */

export * from './driver/clock.js';
export type { Expense } from './driver/cost.js';
export * from './driver/driver.js';
export * from './driver/events.js';
export { createSpending, type Spending } from './driver/layers/budget-ledger.js';
export { type BudgetOptions, withinBudget } from './driver/layers/with-budget.js';
export { type PricedOptions, priced } from './driver/layers/with-cost.js';
export { type ConformingOptions, conforming } from './driver/layers/with-json-validation.js';
export { type RetryPolicy, retrying } from './driver/layers/with-retries.js';
export * from './driver/request.js';
export * from './driver/response.js';
export * from './errors.js';
export * from './executor/event.js';
export {
  NarrativeExecutor,
  type NarrativeExecutorOptions,
  type ProgressListener,
} from './executor/narrative-executor.js';
export { createGeminiDriver } from './gemini/driver.js';
export type { Catalogue, CatalogueEntry, CatalogueMemory } from './gemini/models/model-info.js';
export type { GeminiDriverOptions } from './gemini/options.js';
export * from './narrative/diagnostic.js';
export { adviceOn } from './narrative/lint/lint.js';
export {
  checkNarrative,
  InvalidNarrative,
  loadNarrative,
  type NarrativeContent,
  type ReadOptions,
  readNarrative,
} from './narrative/load-narrative.js';
export * from './narrative/narrative.js';
export { checkFor, type SchemaCheck } from './narrative/schema/json-schema.js';
export { schemaOfNarrativeFile } from './narrative/schema/schema-of-file.js';
export { type Overrides, withOverrides } from './narrative/with-overrides.js';
export { createRehearsalDriver, type RehearsalOptions, rehearsalModel } from './rehearsal/rehearsal-driver.js';
export type { RecordedAnswer, RecordedReply, RecordedRequest } from './store/recordings/recorded-answer.js';
export { openRecording, type RecordingFile } from './store/recordings/recording-file.js';
export { createReplayDriver } from './store/recordings/replay-driver.js';
export { recording } from './store/recordings/with-recording.js';
export type { Answers, Asked, KeptReply } from './store/replies/reply-cache.js';
export * from './store/replies/request-key.js';
export { type AnsweredOptions, answered } from './store/replies/with-reply-cache.js';
