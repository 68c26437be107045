/** The library's face: everything that the command line does, with no console, no process.exit and no global state. */

export * from './driver/clock.js';
export type { BilledUsage } from './driver/cost.js';
export * from './driver/driver.js';
export * from './driver/driver-events.js';
export { type BudgetLedger, createBudgetLedger } from './driver/layers/budget-ledger.js';
export { type BudgetOptions, withBudget } from './driver/layers/with-budget.js';
export { type CostOptions, withCost } from './driver/layers/with-cost.js';
export {
  type JsonValidationOptions,
  withJsonValidation,
} from './driver/layers/with-json-validation.js';
export { type RetryPolicy, withRetries } from './driver/layers/with-retries.js';
export * from './driver/request.js';
export * from './driver/response.js';
export * from './errors.js';
export * from './executor/narrative-events.js';
export {
  NarrativeExecutor,
  type NarrativeExecutorOptions,
  type ProgressListener,
} from './executor/narrative-executor.js';
export { createGeminiDriver } from './gemini/driver.js';
export type {
  ModelInfo,
  ModelList,
  ModelListCache,
} from './gemini/models/model-info.js';
export type { GeminiDriverOptions } from './gemini/options.js';
export { applyOverrides, type Overrides } from './narrative/apply-overrides.js';
export { lintNarrative } from './narrative/lint/lint-narrative.js';
export {
  checkNarrative,
  checkNarrativeFile,
  InvalidNarrative,
  type LoadNarrativeOptions,
  loadNarrative,
  type NarrativeContent,
} from './narrative/load-narrative.js';
export * from './narrative/loaded-narrative.js';
export * from './narrative/narrative.js';
export {
  createSchemaValidator,
  type SchemaValidator,
} from './narrative/schema/json-schema.js';
export { createNarrativeJsonSchema } from './narrative/schema/narrative-json-schema.js';
export { createRehearsalDriver, type RehearsalOptions, rehearsalModel } from './rehearsal/rehearsal-driver.js';
export type {
  RecordedReply,
  RecordedRequest,
  RecordingEntry,
} from './store/recordings/recording-entry.js';
export { openRecording, type RecordingFile } from './store/recordings/recording-file.js';
export { createReplayDriver } from './store/recordings/replay-driver.js';
export { withRecording } from './store/recordings/with-recording.js';
export type {
  ReplyCache,
  StoredReply,
} from './store/replies/reply-cache.js';
export {
  describeRequest,
  type PartDescription,
  type RequestDescription,
  type RequestId,
  requestKey,
  type TurnDescription,
} from './store/replies/request-id.js';
export {
  type ReplyCacheOptions,
  withReplyCache,
} from './store/replies/with-reply-cache.js';
