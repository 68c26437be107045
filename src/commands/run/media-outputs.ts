import type { Settings } from '../../config/settings.js';
import { BoticelliError } from '../../errors.js';
import { isPictureModel, isRestSpeechModel } from '../../facts/models.js';
import { collectNarratives, makesRequest, type Narrative } from '../../narrative/narrative.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { RunOptions } from './options.js';
import type { Persistence } from './persistence.js';

/**
 * Checks, before any request is sent, that pictures and speech will not be lost. They are kept by `--out-dir` and by the
 * events of `-o ndjson`; with `--each` and `--matrix` there are no such events. A rehearsal and a replay bill nothing,
 * so their media may be lost. Also checks that no act with `format = "json"` has a model for pictures or speech:
 * `--model` may have given it one.
 *
 * @throws BoticelliError `usage`
 */
export function assertMediaKept(
  narrative: Narrative,
  { outDir, output, each, matrix, rehearse, replay }: RunOptions,
  { defaultModel }: Pick<Settings, 'defaultModel'>,
): void {
  const hasRowsOrCombinations = each !== undefined || matrix !== undefined;
  const isKept = outDir !== undefined || (output === 'ndjson' && !hasRowsOrCombinations);
  const isBilled = !rehearse && replay === undefined;
  for (const { acts } of collectNarratives(narrative)) {
    for (const act of acts) {
      const model = stripModelPrefix(act.model ?? defaultModel);
      const media = isPictureModel(model) ? 'pictures' : isRestSpeechModel(model) ? 'speech' : undefined;
      if (media === undefined || !makesRequest(act)) continue;
      if (act.parameters.format === 'json') throw createJsonError(act.name, model, media);
      if (isBilled && !isKept) throw createNotKeptError(act.name, model, media, hasRowsOrCombinations);
    }
  }
}

function createNotKeptError(act: string, model: string, media: string, hasRowsOrCombinations: boolean): BoticelliError {
  const message = `${act}: ${model} replies with ${media}, which would be paid for and thrown away`;
  const alternative = hasRowsOrCombinations ? '' : ', or get them in the events of -o ndjson';
  return new BoticelliError('usage', message, {
    hint: `Add --out-dir <dir> for the files${alternative}. Nothing was sent.`,
  });
}

function createJsonError(act: string, model: string, media: string): BoticelliError {
  const message = `${act}: ${model} replies with ${media}, so the act can't have format = "json"`;
  return new BoticelliError('usage', message, { hint: 'Choose another model for the act. Nothing was sent.' });
}

/**
 * Returns the end of the warning about a picture or sound that was not saved as a file. If the reply is stored, the text
 * says how to get the file. Otherwise the text only says that the picture or sound was not saved.
 */
export function getUnsavedMediaHint({ store }: Persistence): string {
  return store
    ? 'the reply is stored: to save its media as files, run the same command with --resume and --out-dir <dir>'
    : 'it was not saved';
}
