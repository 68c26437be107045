/**
 * The narrative file, defined once: files are checked by it, and its descriptions are those of the JSON Schema that
 * editors complete by. Without transforms, so that what it describes is what is written. zod/mini is a fifth of zod,
 * which counts on every start.
 */
import * as z from 'zod/mini';
import { describe } from './describe.js';
import { generationFields, maxInt32, replyFormatFields } from './generation-schema.js';

const contextSchema = z.optional(
  describe(
    'What of the conversation an act sees: "full" (every act before it), "previous", "none", or acts by name.',
    z.union([z.enum(['full', 'previous', 'none']), z.array(z.string())]),
  ),
);

const settingFields = {
  model: z.optional(describe('The model that answers, for example "gemini-flash-lite-latest".', z.string())),
  temperature: z.optional(
    describe('How freely the model chooses its words: 0 to 2.', z.number().check(z.gte(0), z.lte(2))),
  ),
  max_tokens: z.optional(
    describe(
      'The most tokens a reply may have. Thinking models spend it on thoughts too.',
      z.int().check(z.gte(1), z.lte(maxInt32)),
    ),
  ),
  system: z.optional(describe('The system instruction.', z.string())),
  fallback: z.optional(
    describe('The models to turn to when its quota is used up, in this order.', z.array(z.string())),
  ),
  context: contextSchema,
  ...generationFields,
};

const mediaFields = {
  file: z.optional(describe("A file's path, relative to the narrative's file.", z.string())),
  url: z.optional(describe('An http(s) address: of a file, of a film on YouTube, or of the Files API.', z.string())),
  base64: z.optional(describe('The bytes themselves, in base64.', z.string())),
  mime: z.optional(describe('The type, for example "image/png". Found out from the bytes unless given.', z.string())),
};

/** What the whole narrative has: its name, and the settings of all acts that have none of their own. */
export const narrativeTableSchema = describe(
  'What the narrative is called, and defaults for all acts.',
  z.strictObject({
    name: describe('The name of the narrative.', z.string()),
    description: z.optional(describe('What the narrative is for.', z.string())),
    templates: z.optional(describe('Whether {{names}} in texts are filled. true unless told.', z.boolean())),
    ...settingFields,
  }),
);

/** The table of contents. */
export const tocSchema = describe(
  'The table of contents.',
  z.strictObject({
    order: describe('The acts by name, in the order in which they play.', z.array(z.string())),
    carousel: z.optional(
      describe('How many times the whole order plays, each time as a fresh conversation.', z.int().check(z.gte(1))),
    ),
  }),
);

/** What `{{vars.<name>}}` stands for unless `--var` says otherwise. */
export const varsSchema = describe(
  'Values for {{vars.<name>}} in texts; --var beats them.',
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);

/** One medium, defined once to be used by its name. */
export const mediaSchema = describe(
  'A picture, audio, video or document, to be used in acts as "media.<name>": one of file, url and base64.',
  z.strictObject(mediaFields),
  requireOneOf('file', 'url', 'base64'),
);

/** That of some keys exactly one must be there: zod can't say so, JSON Schema can. */
function requireOneOf(...keys: readonly string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

const inputTypeDescription = 'What kind of part this is: "text", "image", "audio", "video" or "document".';

/** A part of an act that is text. */
export const textInputSchema = describe(
  'A text.',
  z.strictObject({
    type: describe(inputTypeDescription, z.literal('text')),
    content: describe('The text.', z.string()),
  }),
);

/** A part of an act that is a picture, audio, video or a document. */
export const mediaInputSchema = describe(
  'A picture, audio, video or a document: one of file, url, base64 and ref.',
  z.strictObject({
    type: describe(inputTypeDescription, z.enum(['image', 'audio', 'video', 'document'])),
    ...mediaFields,
    ref: z.optional(describe('A medium of [media] by its name, "media.<name>".', z.string())),
  }),
  { ...requireOneOf('file', 'url', 'base64', 'ref'), not: { required: ['ref', 'mime'] } },
);

/** An act that has settings of its own. */
export const actTableSchema = describe(
  'An act with settings of its own.',
  z.strictObject({
    ...settingFields,
    ...replyFormatFields,
    input: describe(
      'What the act says, part by part.',
      z.array(
        describe('One part of what the act says.', z.discriminatedUnion('type', [textInputSchema, mediaInputSchema])),
      ),
    ),
  }),
);

/** An act in any of its three forms. */
export const actSchema = describe(
  'A prompt, an array of prompts, "media.<name>" and "narrative:<name>", or a table with settings and inputs.',
  z.union([z.string(), z.array(z.string()), actTableSchema]),
);

/** The whole file. */
export const narrativeFileSchema = describe(
  'A narrative: prompts in acts, played one after the other.',
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
