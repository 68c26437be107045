/** The library. It does what the command line does, but does not use the console, `process.exit` or global state. */

export type { ConfiguredPrice, PriceList } from './config/price-list.js';
export { type Clock, systemClock } from './driver/clock.js';
export type { BilledUsage } from './driver/cost.js';
export type { BoticelliDriver, CallContext, FindMismatches, Lease } from './driver/driver.js';
export type {
  DriverEvent,
  FallbackEvent,
  HopEvent,
  NoteEvent,
  RetryEvent,
  ThoughtEvent,
  UsageEvent,
  WaitEvent,
  WaitReason,
} from './driver/driver-events.js';
export { type BudgetLedger, createBudgetLedger } from './driver/layers/budget-ledger.js';
export { type BudgetOptions, withBudget } from './driver/layers/with-budget.js';
export { withContinuation } from './driver/layers/with-continuation.js';
export { type CostOptions, withCost } from './driver/layers/with-cost.js';
export { type ExpectationOptions, withExpectations } from './driver/layers/with-expectations.js';
export { type FallbackOptions, withFallback } from './driver/layers/with-fallback.js';
export { type JsonValidationOptions, withJsonValidation } from './driver/layers/with-json-validation.js';
export { type RetryPolicy, withRetries } from './driver/layers/with-retries.js';
export { withTierFallback } from './driver/layers/with-tier-fallback.js';
export type { ReplyMedia } from './driver/reply-media.js';
export type {
  FinishedHop,
  GenerateRequest,
  GenerationParameters,
  MediaBytes,
  MediaContent,
  MediaFile,
  MediaKind,
  MediaPart,
  MediaReference,
  MediaResolution,
  MediaUrl,
  ModelTurn,
  Part,
  PictureShape,
  TextPart,
  ThinkingLevel,
  ToolName,
  Turn,
  UserTurn,
} from './driver/request.js';
export { getByteLength } from './driver/request.js';
export type {
  ChunkMetadata,
  GenerateResponse,
  ReplyAudio,
  StreamChunk,
  TokenDetails,
  TokensByModality,
  Usage,
} from './driver/response.js';
export { addUsage, zeroUsage } from './driver/response.js';
export type { ExecutedCode, Source, ToolUse } from './driver/tool-use.js';
// An error class, like those of ./errors.js. The exports are sorted by file.
export { UntranscribedSpeech } from './driver/untranscribed-speech.js';
export type { ErrorCode, ErrorDetails, ErrorReport, InterruptSignal, QuotaViolation } from './errors.js';
export {
  BoticelliError,
  exitCodes,
  Interrupted,
  QuotaExceeded,
  StreamInterrupted,
  StreamingNotSupported,
  StreamTimeout,
  toBoticelliError,
  toErrorReport,
} from './errors.js';
export type {
  ActDetail,
  ActPrompt,
  ActTimes,
  ActTiming,
  Prompt,
  PromptPart,
  WaitSpan,
} from './executor/acts/act-details.js';
export type {
  ActAudio,
  ActDelta,
  ActEnd,
  ActFallback,
  ActMedia,
  ActNote,
  ActRetry,
  ActStart,
  ActThought,
  ActWait,
  NarrativeEnd,
  NarrativeEvent,
  NarrativeStart,
  RunReport,
  RunStatus,
} from './executor/narrative-events.js';
export { NarrativeExecutor } from './executor/narrative-executor.js';
export type { ExecuteOptions, NarrativeExecutorOptions, ProgressListener } from './executor/options.js';
export { type CallLimiter, createCallLimiter } from './executor/scheduler.js';
export type { Price, SearchFee, TokenRates } from './facts/prices.js';
export type { ServiceTier } from './facts/service-tiers.js';
export { createGeminiDriver } from './gemini/driver.js';
export type { ModelInfo, ModelList, ModelListCache } from './gemini/models/model-info.js';
export type { GeminiDriverOptions } from './gemini/options.js';
export type { Condition, Expectation, Scalar } from './narrative/expectations/expectation.js';
export { InvalidNarrative } from './narrative/invalid-narrative.js';
export { lintNarrative } from './narrative/lint/lint-narrative.js';
export type { LoadedNarrative, LoadNarrativeOptions } from './narrative/load-narrative.js';
export { checkNarrative, checkNarrativeFile, loadNarrative } from './narrative/load-narrative.js';
export type {
  Act,
  ActContext,
  // The library exports the type as `FileConfinement`, because the option `confinement` takes it.
  AllowedFolder as FileConfinement,
  Input,
  MediaInput,
  MediaSource,
  MediaSpec,
  MediaTemplate,
  Narrative,
  NarrativeInput,
  Overrides,
  TextInput,
} from './narrative/narrative.js';
export { applyOverrides, collectNarratives, getNestedNarrative } from './narrative/narrative.js';
export { createSchemaValidator, type SchemaValidator } from './narrative/schema/json-schema.js';
export { createNarrativeJsonSchema } from './narrative/schema/narrative-json-schema.js';
export type { ConcurrencyLimiter } from './quota/limiter/concurrency-limiter.js';
export type { ModelQueue } from './quota/limiter/model-queue.js';
export type { RateLimiter } from './quota/limiter/rate-limiter.js';
export type { Limit, Limits, QuotaBudget } from './quota/limits.js';
export { createMemoryQuotaStore } from './quota/stores/memory-store.js';
export type { QuotaStore } from './quota/stores/quota-store.js';
export { type QuotaOptions, withQuota } from './quota/with-quota.js';
export { createRehearsalDriver, type RehearsalOptions, rehearsalModel } from './rehearsal/rehearsal-driver.js';
export { createDriverStack, type DriverStackOptions } from './stack/driver-stack.js';
export { type CreateQuotaOptions, createQuota } from './stack/quota.js';
export type { RecordedReply, RecordedRequest, RecordingEntry } from './store/recordings/recording-entry.js';
export { openRecording, type RecordingFile } from './store/recordings/recording-file.js';
export { createReplayDriver } from './store/recordings/replay-driver.js';
export { withRecording } from './store/recordings/with-recording.js';
export type { ReplyCache, StoredReply } from './store/replies/reply-cache.js';
export type { PartDescription, RequestDescription, RequestId, TurnDescription } from './store/replies/request-id.js';
export { describeRequest, requestKey } from './store/replies/request-id.js';
export { withHopCache } from './store/replies/with-hop-cache.js';
export { type ReplyCacheOptions, withReplyCache } from './store/replies/with-reply-cache.js';
export type { Diagnostic, Location, SourceFile } from './toml/diagnostic.js';
