/**
 * The aspect ratios and sizes of pictures that Gemini models draw, and patterns for the names of models that draw or
 * speak.
 *
 * Source of the aspect ratios and sizes: firebase.google.com/docs/reference/unity, ImageConfig, read 2026-11-30. This
 * page has one list for all models. The aspect ratios and sizes of each model are in facts/model-table.ts.
 */

/** The aspect ratios, width to height, that every model with pictures accepts. */
export const commonAspectRatios = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;

/** All aspect ratios, including those that only some models accept. */
export const imageAspectRatios = [...commonAspectRatios, '1:4', '4:1', '1:8', '8:1'] as const;

/** All sizes: roughly the number of pixels per side. The service accepts only a capital K. */
export const imageSizes = ['512', '1K', '2K', '4K'] as const;

/**
 * Matches names of models that draw, such as gemini-3.1-flash-image, gemini-2.0-flash-exp-image-generation and
 * gemini-nano-banana-2.1. It decides only for models that the table does not have.
 */
export const pictureModelPattern = /-image(-|$)|nano-banana/;

/**
 * Matches names of models that read aloud over REST, such as gemini-3.8-flash-tts. It decides only for models that the
 * table does not have.
 */
export const speechModelPattern = /-tts(-|$)/;
