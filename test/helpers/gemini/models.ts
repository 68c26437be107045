/** A model as ListModels returns it. */
export interface ListedModel {
  name: string;
  displayName: string;
  inputTokenLimit: number;
  outputTokenLimit: number;
  supportedGenerationMethods: string[];
}

const generateContentNames = [
  'gemini-flash-lite-latest',
  'gemini-flash-latest',
  'gemini-pro-latest',
  'gemini-3.8-flash',
  'gemini-3.7-flash',
  'gemini-3.5-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-3.1-flash-lite',
  'gemini-3.1-flash-image-preview',
  'gemini-3.1-flash-tts-preview',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-robotics-er-1.6-preview',
  ...[1, 4, 12, 27].map((size) => `gemma-3-${size}b-it`),
  ...[2, 4, 26, 31].map((size) => `gemma-4-${size}b-it`),
];

// Models that support neither generateContent nor the Live API. As at Google, there are so many that no Live model is on
// the first page of 50.
const otherNames: [method: string, names: string[]][] = [
  ['embedContent', ['gemini-embedding-001', 'gemini-embedding-2', 'gemini-embedding-2-preview', 'text-embedding-004']],
  ['generateAnswer', ['aqa']],
  ['predict', Array.from({ length: 12 }, (_, index) => `imagen-4.0-generate-${String(index + 1).padStart(3, '0')}`)],
  [
    'predictLongRunning',
    Array.from({ length: 13 }, (_, index) => `veo-3.1-generate-${String(index + 1).padStart(3, '0')}`),
  ],
];

const liveNames = ['gemini-3.8-live', 'gemini-3.1-flash-live-preview', 'gemini-2.5-flash-native-audio-latest'];

/** Creates a model that supports the given methods, as it is listed. */
export function listedModel(name: string, methods = ['generateContent', 'countTokens']): ListedModel {
  return {
    name: `models/${name}`,
    displayName: name,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: methods,
  };
}

/**
 * 120 models, so three pages of at most 50. The Live models are on the last page; one also supports generateContent.
 */
export const modelsOfThreePages: readonly ListedModel[] = [
  ...generateContentNames.map((name) => listedModel(name)),
  ...Array.from({ length: 94 - generateContentNames.length }, (_, index) => `gemma-9-${index + 1}b-it`).map((name) =>
    listedModel(name),
  ),
  ...(otherNames[3]?.[1] ?? []).map((name) => ({
    ...listedModel(name, ['predictLongRunning']),
    // The service sends 0 if a limit does not apply.
    ...{ inputTokenLimit: 480, outputTokenLimit: 0 },
  })),
  listedModel('gemini-2.5-flash-native-audio-preview-12-2025', ['bidiGenerateContent', 'countTokens']),
  listedModel('gemini-both-apis', ['generateContent', 'bidiGenerateContent']),
  ...[...liveNames, 'gemini-2.0-flash-live-001', 'gemini-4-live', 'gemini-4-live-preview', 'gemini-5-live-latest']
    .map((name) => listedModel(name, ['bidiGenerateContent', 'countTokens']))
    .concat({
      ...listedModel('gemini-talk', ['bidiGenerateContent']),
      displayName: 'A Live model without `live` in its name',
    })
    .concat([1, 2, 3].map((size) => listedModel(`late-${size}`)))
    // The tests of `models` read and search descriptions.
    .map((model) => ({ ...model, description: 'A model on the last page.' })),
];

/** A list like that of the service in November 2026: two pages of at most 50, with the Live models on the second. */
export const realisticModels: readonly ListedModel[] = [
  ...generateContentNames.map((name) => listedModel(name)),
  ...otherNames.flatMap(([method, names]) => names.map((name) => listedModel(name, [method]))),
  ...liveNames.map((name) => listedModel(name, ['bidiGenerateContent', 'countTokens'])),
];
