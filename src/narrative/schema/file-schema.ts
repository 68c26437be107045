/**
 * The definition of narrative files. `check` validates with it, and the JSON Schema for editors is created from it. It has no
 * transforms, so it describes exactly what is written. zod/mini has a fifth of zod's size, which matters on every start.
 */
import * as z from 'zod/mini';
import { mediaKinds } from '../../media/media-types.js';
import { describe } from './describe.js';
import { generationFields, maxInt32, replyFormatFields } from './generation-schema.js';

const contextSchema = z.optional(
  describe(
    'Which earlier acts an act sees: "full" (all of them, the default), "previous", "none", or a list of act names.',
    z.union([z.enum(['full', 'previous', 'none']), z.array(z.string())]),
  ),
);

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
  context: contextSchema,
  ...generationFields,
};

const mediaFields = {
  file: z.optional(describe('The path of a file, relative to the narrative file.', z.string())),
  url: z.optional(describe('An http(s) URL: of a file, of a YouTube video, or of the Files API.', z.string())),
  base64: z.optional(describe('The bytes, in base64.', z.string())),
  mime: z.optional(describe('The MIME type, for example "image/png". Detected from the bytes by default.', z.string())),
};

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
  'The table of contents: the order of the acts.',
  z.strictObject({
    order: describe('The names of the acts, in the order in which they run.', z.array(z.string())),
    carousel: z.optional(
      describe('How many times the acts run, each time in a new conversation.', z.int().check(z.gte(1))),
    ),
  }),
);

/** The `[vars]` table: values of `{{vars.<name>}}`, which `--var` overrides. */
export const varsSchema = describe(
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
  'A text.',
  z.strictObject({
    type: describe(inputTypeDescription, z.literal('text')),
    content: describe('The text.', z.string()),
  }),
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

/** An act with its own settings. */
export const actTableSchema = describe(
  'An act with its own settings.',
  z.strictObject({
    ...settingFields,
    ...replyFormatFields,
    input: describe(
      'The inputs of the act, in order.',
      z.array(describe('An input of the act.', z.discriminatedUnion('type', [textInputSchema, mediaInputSchema]))),
    ),
  }),
);

/** An act, in any of its three forms. */
export const actSchema = describe(
  'A prompt; an array of prompts, "media.<name>" and "narrative:<name>"; or a table with settings and inputs.',
  z.union([z.string(), z.array(z.string()), actTableSchema]),
);

/** The whole file. */
export const narrativeFileSchema = describe(
  'A narrative: prompts in acts, which run one after the other.',
  z.strictObject({
    narrative: z.optional(narrativeTableSchema),
    narration: z.optional(describe('The older name of [narrative].', z.strictObject(narrativeTableSchema.shape))),
    toc: tocSchema,
    vars: z.optional(varsSchema),
    media: z.optional(describe('Media by name.', z.record(z.string(), mediaSchema))),
    acts: describe('The acts by name.', z.record(z.string(), actSchema)),
  }),
  requireOneOf('narrative', 'narration'),
);
