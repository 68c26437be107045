/**
 * The table of known models. Sources, all read 2026-11-30 in stored copies of the pages:
 *
 * - ai.google.dev/gemini-api/docs/models/gemini-3.7-flash and /gemini-3.8-live: token limits and thinking
 * - ai.google.dev/gemini-api/docs/generate-content/latest-model and /long-decode, and docs.cloud.google.com
 *   …/models/guides/gemini-4-argon: Gemini 4 Argon
 * - ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6: default levels of 3.6-flash and 3.5-flash-lite
 * - ai.google.dev/gemini-api/docs/deprecations and /changelog: shutdown dates; sampling parameters are deprecated since
 *   2026-07-21
 *
 * "Third party" marks what was found only in sources other than Google. The aspect ratios and sizes of pictures are
 * third party (docs.laozhang.ai, comparison of the image models, 2026-11). The speech models and their shutdown dates
 * are third party too (gunpal5/Google_GenerativeAI wiki). The only speech model on the Google pages listed above is
 * gemini-3.1-flash-tts-preview.
 */

import type { ModelFacts, ThinkingLevel } from './model-facts.js';
import { commonAspectRatios, imageAspectRatios } from './pictures.js';

const lowToHigh: readonly ThinkingLevel[] = ['low', 'medium', 'high'];
const minimalToHigh: readonly ThinkingLevel[] = ['minimal', ...lowToHigh];
const lowToXhigh: readonly ThinkingLevel[] = [...lowToHigh, 'xhigh'];

const commonTokenLimits: Pick<ModelFacts, 'maxInputTokens' | 'maxOutputTokens'> = {
  maxInputTokens: 1_048_576,
  maxOutputTokens: 65_536,
};

/**
 * Prompt, thoughts and reply share 1,048,576 tokens. A reply of more than `maxTokensPerRequest` takes several requests.
 * A number of tokens for thinking is rejected with "Thinking budget is not supported for this model" (third party:
 * docs.apiyi.com, 2026-10).
 */
const gemini4: ModelFacts = {
  ...{ api: 'generate', thinksByDefault: true, rejectsThinkingBudget: true, ignoresSampling: true },
  ...{ maxInputTokens: 1_048_576, maxOutputTokens: 1_048_576 },
  maxTokensPerRequest: { streamed: 65_536, unary: 32_768 },
};

const gemini3: ModelFacts = { api: 'generate', ...commonTokenLimits };
const thinkingGemini3: ModelFacts = { ...gemini3, thinksByDefault: true };
const imageModel: ModelFacts = { api: 'generate', outputsImages: true, imageAspectRatios: commonAspectRatios };
const speech: ModelFacts = {
  ...{ api: 'generate', outputsSpeech: true },
  maxInputTokens: 8192,
  maxOutputTokens: 16_384,
};
const retiringSpeech: ModelFacts = { ...speech, retiresOn: '2026-12-18' };
/** Gemini 2.5 accepts only a number of tokens for thinking (firebase.google.com/docs/ai-logic/thinking). */
const gemini25: ModelFacts = { ...{ api: 'generate', thinkingLevels: [] }, ...commonTokenLimits };
/** Models before 2.5 do not think (ai.google.dev/gemini-api/docs/generate-content/thinking). */
const gemini20: ModelFacts = { api: 'generate', cannotShowThoughts: true, retiresOn: '2026-06-01' };

/** The facts about known models, by name. */
export const modelTable: Readonly<Record<string, ModelFacts>> = {
  'gemini-4-argon': { ...gemini4, thinkingLevels: lowToHigh, defaultThinkingLevel: 'medium' },
  // The facts about Carbon, Neon and Hydrogen are third party: openrouter.ai and replicate.com (Carbon), apidog.com
  // (Neon), BerriAI/litellm (Hydrogen). Their `rejectsThinkingBudget` and `ignoresSampling` are inferred from Argon.
  'gemini-4-carbon': { ...gemini4, thinkingLevels: lowToHigh, defaultThinkingLevel: 'medium' },
  'gemini-4-neon': { ...gemini4, thinkingLevels: lowToXhigh, defaultThinkingLevel: 'high' },
  'gemini-4-hydrogen': { ...gemini4, thinkingLevels: lowToXhigh, defaultThinkingLevel: 'high' },
  // The levels of 3.8-flash are third party (anomalyco/models.dev, docs.apiyi.com). Google documents that 3.6-flash and
  // 3.5-flash-lite ignore sampling parameters. The `ignoresSampling` of 3.8-flash and 3.7-flash is third party
  // (anomalyco/opencode#38924).
  'gemini-3.8-flash': { ...thinkingGemini3, thinkingLevels: lowToHigh, ignoresSampling: true },
  'gemini-3.7-flash': {
    ...{ ...thinkingGemini3, thinkingLevels: lowToHigh, defaultThinkingLevel: 'medium', ignoresSampling: true },
    routedTo: 'gemini-3.8-flash',
  },
  // The levels of the models from here to gemini-3-flash-preview are third party (simstudioai/sim#5812,
  // anomalyco/models.dev).
  'gemini-3.6-flash': {
    ...{ ...thinkingGemini3, thinkingLevels: minimalToHigh, defaultThinkingLevel: 'medium', ignoresSampling: true },
  },
  'gemini-3.5-flash': { ...thinkingGemini3, thinkingLevels: minimalToHigh },
  'gemini-3.5-flash-lite': {
    ...{ ...gemini3, thinkingLevels: minimalToHigh, defaultThinkingLevel: 'minimal', ignoresSampling: true },
  },
  // Sources differ on whether this model thinks by default (2026-11), so `thinksByDefault` is left out.
  'gemini-3.1-flash-lite': { ...gemini3, thinkingLevels: minimalToHigh, retiresOn: '2027-05-07' },
  'gemini-3.1-pro-preview': { ...thinkingGemini3, thinkingLevels: lowToHigh },
  'gemini-3-flash-preview': { ...thinkingGemini3, thinkingLevels: minimalToHigh },
  // Aliases of the newest version. Only facts that do not change between versions are stated. The `thinkingLevels` of
  // flash-latest, which exclude `minimal`, are third party (2026-11).
  'gemini-flash-latest': { api: 'generate', thinksByDefault: true, thinkingLevels: lowToHigh },
  'gemini-flash-lite-latest': { api: 'generate' },
  'gemini-pro-latest': { api: 'generate', thinksByDefault: true },
  'gemini-3-pro-image': { ...imageModel, imageSizes: ['1K', '2K', '4K'] },
  // The first model whose name has no Gemini version. Released 2026-10-06 (third party: tanstack/ai, docs.apiyi.com).
  'gemini-nano-banana-2.1': { ...imageModel, imageAspectRatios, imageSizes: ['1K', '2K', '4K'] },
  'gemini-3.1-flash-image': { ...imageModel, imageAspectRatios, imageSizes: ['512', '1K', '2K', '4K'] },
  'gemini-3.1-flash-lite-image': { ...imageModel, imageSizes: ['1K'] },
  'gemini-3.8-flash-tts': speech,
  'gemini-3.8-flash-lite-tts': speech,
  // Live models; REST does not serve them. `isAudioOnly` is known from rejected requests for text replies, seen in 2026
  // (googleapis/python-genai#1780, livekit/livekit#4103).
  'gemini-3.8-live': {
    ...{ api: 'live', isAudioOnly: true, hasFixedThinking: true, cannotShowThoughts: true },
    ...{ maxInputTokens: 131_072, maxOutputTokens: 65_536 },
  },
  // The levels of this model are third party (AgoraIO/agora-agents-python 2.9.0).
  'gemini-3.8-live-extended-thinking': { api: 'live', thinkingLevels: lowToHigh },
  'gemini-3.1-flash-live-preview': { api: 'live', isAudioOnly: true },
  'gemini-2.5-flash-native-audio-latest': { api: 'live', isAudioOnly: true },
  // Gemini 2.5, and other retiring and retired models. The `routedTo` of 2.5-pro and 2.5-flash is third party
  // (aideprecations.com, which read Google's page of deprecations on 2026-11-10).
  'gemini-2.5-pro': { ...gemini25, thinksByDefault: true, retiresOn: '2026-12-01', routedTo: 'gemini-3.8-flash' },
  'gemini-2.5-flash': {
    ...{ ...gemini25, thinksByDefault: true, retiresOn: '2026-12-01', routedTo: 'gemini-3.5-flash-lite' },
  },
  'gemini-2.5-flash-lite': gemini25,
  'gemini-2.5-flash-image': { ...imageModel, imageSizes: ['1K'], retiresOn: '2026-10-02' },
  'gemini-3.1-flash-tts-preview': retiringSpeech,
  'gemini-2.5-flash-preview-tts': retiringSpeech,
  'gemini-2.5-pro-preview-tts': retiringSpeech,
  'gemini-3.1-flash-lite-preview': { api: 'generate', retiresOn: '2026-05-25' },
  'gemini-3.1-flash-image-preview': { ...imageModel, retiresOn: '2026-06-25' },
  'gemini-3-pro-image-preview': { ...imageModel, retiresOn: '2026-06-25' },
  'gemini-3-pro-preview': { api: 'generate', thinksByDefault: true, retiresOn: '2026-03-09' },
  'gemini-2.0-flash': gemini20,
  'gemini-2.0-flash-001': gemini20,
  'gemini-2.0-flash-lite': gemini20,
  'gemini-2.0-flash-lite-001': gemini20,
  'gemini-2.0-flash-live-001': { api: 'live', cannotShowThoughts: true, retiresOn: '2025-12-09' },
  'gemini-live-2.5-flash-preview': { api: 'live', retiresOn: '2025-12-09' },
};
