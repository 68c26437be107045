/** The library's face: everything that the command line does, with no console, no process.exit and no global state. */

export * from './driver/clock.js';
export { type ConformingOptions, conforming } from './driver/conforming.js';
export type { Expense } from './driver/cost.js';
export * from './driver/driver.js';
export * from './driver/driver-event.js';
export { type PricedOptions, priced } from './driver/priced.js';
export * from './driver/request.js';
export * from './driver/response.js';
export { type RetryPolicy, retrying } from './driver/retrying.js';
export { createSpending, type Spending } from './driver/spending.js';
export { type BudgetOptions, withinBudget } from './driver/within-budget.js';
export * from './errors.js';
export * from './executor/event.js';
export {
  NarrativeExecutor,
  type NarrativeExecutorOptions,
  type ProgressListener,
} from './executor/narrative-executor.js';
export type { Catalogue, CatalogueEntry, CatalogueMemory } from './gemini/catalogue-entry.js';
export type { GeminiDriverOptions } from './gemini/driver-options.js';
export { createGeminiDriver } from './gemini/gemini-driver.js';
export { adviceOn } from './narrative/advice.js';
export * from './narrative/diagnostic.js';
export { checkFor, type SchemaCheck } from './narrative/json-schema.js';
export {
  checkNarrative,
  InvalidNarrative,
  loadNarrative,
  type NarrativeContent,
  type ReadOptions,
  readNarrative,
} from './narrative/load-narrative.js';
export * from './narrative/narrative.js';
export { schemaOfNarrativeFile } from './narrative/schema-of-file.js';
export { type Overrides, withOverrides } from './narrative/with-overrides.js';
export { createRehearsalDriver, type RehearsalOptions, rehearsalModel } from './rehearsal/rehearsal-driver.js';
export { type AnsweredOptions, answered } from './store/answered.js';
export type { Answers, Asked, KeptReply } from './store/answers.js';
export type { RecordedAnswer, RecordedReply, RecordedRequest } from './store/recorded-answer.js';
export { recording } from './store/recording.js';
export { openRecording, type RecordingFile } from './store/recording-file.js';
export { createReplayDriver } from './store/replay-driver.js';
export * from './store/request-key.js';
