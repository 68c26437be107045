/**
 * The narrative file, defined once: files are checked by it, and its descriptions are those of the JSON Schema that
 * editors complete by. Without transforms, so that what it describes is what is written. zod/mini is a fifth of zod,
 * which counts on every start.
 */
import * as z from 'zod/mini';
import { described } from '../lint/describe.js';
import { generationSettings, mostWhole, replyFormat } from './generation-schema.js';

const context = z.optional(
  described(
    'What of the conversation an act sees: "full" (every act before it), "previous", "none", or acts by name.',
    z.union([z.enum(['full', 'previous', 'none']), z.array(z.string())]),
  ),
);

const settings = {
  model: z.optional(described('The model that answers, for example "gemini-flash-lite-latest".', z.string())),
  temperature: z.optional(
    described('How freely the model chooses its words: 0 to 2.', z.number().check(z.gte(0), z.lte(2))),
  ),
  max_tokens: z.optional(
    described(
      'The most tokens a reply may have. Thinking models spend it on thoughts too.',
      z.int().check(z.gte(1), z.lte(mostWhole)),
    ),
  ),
  system: z.optional(described('The system instruction.', z.string())),
  fallback: z.optional(
    described('The models to turn to when its quota is used up, in this order.', z.array(z.string())),
  ),
  context,
  ...generationSettings,
};

const media = {
  file: z.optional(described("A file's path, relative to the narrative's file.", z.string())),
  url: z.optional(described('An http(s) address: of a file, of a film on YouTube, or of the Files API.', z.string())),
  base64: z.optional(described('The bytes themselves, in base64.', z.string())),
  mime: z.optional(described('The type, for example "image/png". Found out from the bytes unless given.', z.string())),
};

/** What the whole narrative has: its name, and the settings of all acts that have none of their own. */
export const narrativeTable = described(
  'What the narrative is called, and defaults for all acts.',
  z.strictObject({
    name: described('The name of the narrative.', z.string()),
    description: z.optional(described('What the narrative is for.', z.string())),
    templates: z.optional(described('Whether {{names}} in texts are filled. true unless told.', z.boolean())),
    ...settings,
  }),
);

/** The table of contents. */
export const tocTable = described(
  'The table of contents.',
  z.strictObject({
    order: described('The acts by name, in the order in which they play.', z.array(z.string())),
    carousel: z.optional(
      described('How many times the whole order plays, each time as a fresh conversation.', z.int().check(z.gte(1))),
    ),
  }),
);

/** What `{{vars.<name>}}` stands for unless `--var` says otherwise. */
export const varsTable = described(
  'Values for {{vars.<name>}} in texts; --var beats them.',
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);

/** One medium, defined once to be used by its name. */
export const mediaTable = described(
  'A picture, audio, video or document, to be used in acts as "media.<name>": one of file, url and base64.',
  z.strictObject(media),
  oneOf('file', 'url', 'base64'),
);

/** That of some keys exactly one must be there: zod can't say so, JSON Schema can. */
function oneOf(...keys: readonly string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

const inputType = 'What kind of part this is: "text", "image", "audio", "video" or "document".';

/** A part of an act that is text. */
export const textInput = described(
  'A text.',
  z.strictObject({
    type: described(inputType, z.literal('text')),
    content: described('The text.', z.string()),
  }),
);

/** A part of an act that is a picture, audio, video or a document. */
export const mediaInput = described(
  'A picture, audio, video or a document: one of file, url, base64 and ref.',
  z.strictObject({
    type: described(inputType, z.enum(['image', 'audio', 'video', 'document'])),
    ...media,
    ref: z.optional(described('A medium of [media] by its name, "media.<name>".', z.string())),
  }),
  { ...oneOf('file', 'url', 'base64', 'ref'), not: { required: ['ref', 'mime'] } },
);

/** An act that has settings of its own. */
export const actTable = described(
  'An act with settings of its own.',
  z.strictObject({
    ...settings,
    ...replyFormat,
    input: described(
      'What the act says, part by part.',
      z.array(described('One part of what the act says.', z.discriminatedUnion('type', [textInput, mediaInput]))),
    ),
  }),
);

/** An act in any of its three forms. */
export const act = described(
  'A prompt, an array of prompts, "media.<name>" and "narrative:<name>", or a table with settings and inputs.',
  z.union([z.string(), z.array(z.string()), actTable]),
);

/** The whole file. */
export const narrativeFile = described(
  'A narrative: prompts in acts, played one after the other.',
  z.strictObject({
    narrative: z.optional(narrativeTable),
    narration: z.optional(described('The older name of [narrative].', z.strictObject(narrativeTable.shape))),
    toc: tocTable,
    vars: z.optional(varsTable),
    media: z.optional(described('Media by name.', z.record(z.string(), mediaTable))),
    acts: described('The acts by name.', z.record(z.string(), act)),
  }),
  oneOf('narrative', 'narration'),
);
