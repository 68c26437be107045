import type { Failure } from '../../cli/failure.js';
import { readSettings, type SettingsFlagOptions } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { warningOn } from '../../cli/warnings.js';
import { writing } from '../../cli/with-output.js';
import { looksOf, reportAs } from '../../cli/write-report.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { survey } from '../../quota/status.js';
import type { Output } from '../../terminal/output.js';
import { type BookInWords, type LimitsReport, limitsDocument, limitsLines } from '../../terminal/reports/limits.js';
import { paintFor } from '../../terminal/text/colors.js';
import { placeOfBook, readQuota } from '../resources/open-quota.js';

/** The flags of `boticelli limits`. */
export interface LimitsOptions extends SettingsFlagOptions {
  format: 'text' | 'json';
  /** The models of which to forget what was learned. */
  forget?: string[];
}

/** `boticelli limits`: says what of the quota is used, and when it is free; or forgets what was learned of a model. */
export function limits(options: LimitsOptions, host: Host): Promise<Failure | undefined> {
  return writing(host, async (output) => {
    const paint = await paintFor(host.stderr);
    const warn = warningOn(host, paint);
    const settings = await readSettings(options, host, paint);
    if (options.forget) {
      const { forget } = await import('./reset.js');
      await forget({ models: options.forget, format: options.format, settings, output, warn });
    } else {
      await show({ settings, format: options.format, output, warn }, host);
    }
  });
}

interface Showing {
  settings: Settings;
  format: LimitsOptions['format'];
  output: Output;
  warn: (text: string) => void;
}

async function show({ settings, format, output, warn }: Showing, host: Host): Promise<void> {
  const { project, limitsFor, budget, rateWindowMs: windowMs, defaultModel, fallback, tier, limitedModels } = settings;
  const { pages, now, redis } = await readQuota({ settings, clock: systemClock, warn });
  const models = survey({
    ...{ pages, project, limitsFor, budget, windowMs, now },
    models: [defaultModel, ...fallback, ...limitedModels],
  });
  const report: LimitsReport = { book: bookOf(settings, redis), tier, windowMs, now, models };
  await reportAs(format, output, {
    document: () => limitsDocument(report),
    lines: async () => limitsLines(report, await looksOf(host)),
  });
}

function bookOf(settings: Settings, redis: string | undefined): BookInWords {
  const { project, projectIs } = settings;
  return { ...placeOfBook(settings, redis), project, projectIs };
}
