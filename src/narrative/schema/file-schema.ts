/**
 * The definition of narrative files. `check` validates files with it, and the JSON Schema for editors is created from
 * it. It has no transforms, so it describes exactly what is written in a file. It uses zod/mini, which is a fifth of
 * the size of zod, because the size affects every start.
 */
import * as z from 'zod/mini';
import { mediaResolutions } from '../../facts/media.js';
import { thinkingLevels } from '../../facts/model-facts.js';
import { imageAspectRatios, imageSizes } from '../../facts/pictures.js';
import { harmCategories, harmThresholds, maxStopSequences } from '../../facts/requests.js';
import { serviceTiers } from '../../facts/service-tiers.js';
import { toolNames } from '../../facts/tools.js';
import { mediaKinds } from '../../media/media-types.js';
import { describe } from './describe.js';
import { expectationSchema } from './expectation-schema.js';

const thresholdSchema = z.enum(Object.keys(harmThresholds) as (keyof typeof harmThresholds)[]);

/** The `safety` table of a narrative or of an act. */
export const safetySchema = z.strictObject(
  Object.fromEntries(
    Object.keys(harmCategories).map((category) => [
      category,
      z.optional(describe('The lowest probability at which content of this category is blocked.', thresholdSchema)),
    ]),
  ),
);

/** The `image` table of a narrative or of an act. */
export const imageSchema = z.strictObject({
  aspect_ratio: z.optional(describe('Width to height, for example "16:9".', z.enum(imageAspectRatios))),
  size: z.optional(describe('Roughly the number of pixels per side: "512", "1K", "2K" or "4K".', z.enum(imageSizes))),
});

/** The largest integer that the service accepts, which is the largest signed 32-bit integer. */
const maxInt32 = 2 ** 31 - 1;

const mediaResolutionField = z.optional(
  describe(
    'How many tokens the service spends on a picture, a video frame or a page: "low", "medium" or "high".',
    z.enum(mediaResolutions),
  ),
);

/** The settings that both a narrative and an act can have. */
const settingFields = {
  model: z.optional(describe('The model, for example "gemini-flash-lite-latest".', z.string())),
  temperature: z.optional(describe('The randomness of the reply: 0 to 2.', z.number().check(z.gte(0), z.lte(2)))),
  max_tokens: z.optional(
    describe(
      'The maximum number of tokens in a reply. For thinking models it includes the thoughts.',
      z.int().check(z.gte(1), z.lte(maxInt32)),
    ),
  ),
  system: z.optional(describe('The system instruction.', z.string())),
  fallback: z.optional(
    describe('The models to use when the quota of the model is used up, in this order.', z.array(z.string())),
  ),
  context: z.optional(
    describe(
      'Which earlier acts an act sees: "full" (all of them, the default), "previous", "none", or a list of act names.',
      z.union([z.enum(['full', 'previous', 'none']), z.array(z.string())]),
    ),
  ),
  top_p: z.optional(
    describe(
      'Nucleus sampling: consider only the likeliest tokens whose probabilities add up to this value, 0 to 1.',
      z.number().check(z.gte(0), z.lte(1)),
    ),
  ),
  top_k: z.optional(
    describe('Consider only this many of the likeliest tokens.', z.int().check(z.gte(1), z.lte(maxInt32))),
  ),
  seed: z.optional(
    describe(
      'Seed for sampling. The same seed makes the same reply more likely.',
      z.int().check(z.gte(-maxInt32 - 1), z.lte(maxInt32)),
    ),
  ),
  stop: z.optional(
    describe(
      `Stop sequences: the reply ends before the first of them. At most ${maxStopSequences}.`,
      z.array(z.string().check(z.minLength(1))).check(z.maxLength(maxStopSequences)),
    ),
  ),
  thinking: z.optional(
    describe(
      'How long the model may think: "minimal", "low", "medium", "high", "xhigh", or a number of tokens. Each model accepts only some of these.',
      z.union([z.enum(thinkingLevels), z.int().check(z.gte(0), z.lte(maxInt32))]),
    ),
  ),
  service_tier: z.optional(
    describe(
      'Google\'s service tier: "flex" (half the price, slower), "standard" or "priority", or a list of tiers to try in this order.',
      z.union([z.enum(serviceTiers), z.array(z.enum(serviceTiers)).check(z.minLength(1))]),
    ),
  ),
  safety: z.optional(
    describe(
      'The lowest probability at which harmful content is blocked, by category, for example "only_high".',
      safetySchema,
    ),
  ),
  image: z.optional(
    describe(
      'The aspect ratio and size of the pictures that a model draws. Each model accepts only some ratios and sizes.',
      imageSchema,
    ),
  ),
  tools: z.optional(
    describe(
      "The tools that Google may run for a reply, on its own servers. An act's list replaces that of the narrative.",
      z.array(describe('"google_search", "url_context" or "code_execution".', z.enum(toolNames))),
    ),
  ),
  media_resolution: mediaResolutionField,
};

const mediaFields = {
  file: z.optional(describe('The path of a file, relative to the narrative file.', z.string())),
  url: z.optional(describe('An http(s) URL: of a file, of a YouTube video, or of the Files API.', z.string())),
  base64: z.optional(describe('The bytes, in base64.', z.string())),
  mime: z.optional(describe('The MIME type, for example "image/png". Detected from the bytes by default.', z.string())),
  media_resolution: mediaResolutionField,
};

/** All names of the one table `[narrative]`: its current name, and two older names that files may still use. */
export const narrativeTableAliases = ['narrative', 'narration', 'metadata'] as const;

/** The `[narrative]` table: the name, and default settings for all acts. */
export const narrativeTableSchema = describe(
  'The name of the narrative, and default settings for all acts.',
  z.strictObject({
    name: describe('The name of the narrative.', z.string()),
    description: z.optional(describe('The purpose of the narrative.', z.string())),
    templates: z.optional(describe('Whether {{placeholders}} in texts are filled. Default: true.', z.boolean())),
    ...settingFields,
  }),
);

/** The `[toc]` table. */
export const tocSchema = describe(
  'The table of contents: the order of the acts. Without it, they run in the order of the file.',
  z.strictObject({
    order: describe('The names of the acts, in the order in which they run.', z.array(z.string())),
    carousel: z.optional(
      describe('How many times the acts run, each time in a new conversation.', z.int().check(z.gte(1))),
    ),
  }),
);

/** The `[vars]` table. */
const varsSchema = describe(
  'Values of {{vars.<name>}} in texts. --var overrides them.',
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);

/** An entry of `[media]`. */
export const mediaSchema = describe(
  'An image, audio, video or document, used in acts as "media.<name>". It has one of file, url and base64.',
  z.strictObject(mediaFields),
  requireOneOf('file', 'url', 'base64'),
);

/** Requires exactly one of some keys, which JSON Schema can express and zod can't. */
function requireOneOf(...keys: readonly string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

const inputTypeDescription = 'The type of this input: "text", "image", "audio", "video" or "document".';

/** A text input of an act. */
export const textInputSchema = describe(
  'A text. It has one of content and file.',
  z.strictObject({
    type: describe(inputTypeDescription, z.literal('text')),
    content: z.optional(describe('The text.', z.string())),
    file: z.optional(describe('The path of a text file, relative to the narrative file.', z.string())),
  }),
  requireOneOf('content', 'file'),
);

/** A media input of an act. */
export const mediaInputSchema = describe(
  'An image, audio, video or document. It has one of file, url, base64 and ref.',
  z.strictObject({
    type: describe(inputTypeDescription, z.enum(mediaKinds)),
    ...mediaFields,
    ref: z.optional(describe('A reference to an entry of [media]: "media.<name>".', z.string())),
  }),
  { ...requireOneOf('file', 'url', 'base64', 'ref'), not: { required: ['ref', 'mime'] } },
);

/** The reply format of an act. */
const replyFormatFields = {
  format: z.optional(describe('The format of the reply: "text" (default) or "json".', z.enum(['text', 'json']))),
  schema: z.optional(
    describe(
      "The JSON Schema that a JSON reply must match: a table, or a file's path relative to the narrative's file.",
      z.union([z.string(), z.record(z.string(), z.unknown())]),
    ),
  ),
};

/** An act with its own settings. */
export const actTableSchema = describe(
  'An act with its own settings. It has a list of inputs, or else a prompt, media or both.',
  z.strictObject({
    ...settingFields,
    ...replyFormatFields,
    expect: z.optional(expectationSchema),
    prompt: z.optional(describe('The prompt.', z.string())),
    media: z.optional(
      describe('Entries of [media], such as "media.logo", which are sent before the prompt.', z.array(z.string())),
    ),
    input: z.optional(
      describe(
        'The inputs of the act, in order.',
        z.array(describe('An input of the act.', z.discriminatedUnion('type', [textInputSchema, mediaInputSchema]))),
      ),
    ),
  }),
  { oneOf: [{ required: ['input'] }, { anyOf: [{ required: ['prompt'] }, { required: ['media'] }] }] },
);

/** An act, in any of its three forms. */
const actSchema = describe(
  'A prompt; an array of prompts, "media.<name>" and "narrative:<name>"; or a table with settings and inputs.',
  z.union([z.string(), z.array(z.string()), actTableSchema]),
);

/** The whole file. */
export const narrativeFileSchema = describe(
  'A narrative: prompts in acts, which run one after the other.',
  z.strictObject({
    narrative: z.optional(narrativeTableSchema),
    narration: z.optional(describe('The older name of [narrative].', z.strictObject(narrativeTableSchema.shape))),
    metadata: z.optional(describe('An older name of [narrative].', z.strictObject(narrativeTableSchema.shape))),
    toc: z.optional(tocSchema),
    vars: z.optional(varsSchema),
    media: z.optional(describe('Media by name.', z.record(z.string(), mediaSchema))),
    acts: describe('The acts by name.', z.record(z.string(), actSchema)),
  }),
  requireOneOf(...narrativeTableAliases),
);
