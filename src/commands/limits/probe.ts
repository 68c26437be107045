import { assertAgreed } from '../../cli/confirm.js';
import type { Failure } from '../../cli/failure.js';
import { readSettings, type SettingsFlagOptions } from '../../cli/load-settings.js';
import type { Host } from '../../cli/process.js';
import { spinnerOn } from '../../cli/spinner-on.js';
import { warningOn } from '../../cli/warnings.js';
import { writingUntilEnded } from '../../cli/with-output.js';
import { looksOf, reportAs } from '../../cli/write-report.js';
import { systemClock } from '../../driver/clock.js';
import { probeModel, type Series } from '../../quota/probe.js';
import { bookLine, type PlaceOfBook } from '../../terminal/reports/limits.js';
import { probeDocument, probeLines } from '../../terminal/reports/probe.js';
import { paintFor } from '../../terminal/text/colors.js';
import { counted } from '../../terminal/text/format.js';
import { openState } from '../resources/open-database.js';
import { reachableGemini } from '../resources/open-gemini.js';
import { openQuota } from '../resources/open-quota.js';

/** The flags of `boticelli limits probe`. */
export interface ProbeOptions extends SettingsFlagOptions {
  model: string[];
  requests: number;
  /** In milliseconds. */
  spacing: number;
  stream?: boolean;
  yes?: boolean;
  format: 'text' | 'json';
}

/** `boticelli limits probe`: measures what models really allow, side by side, and teaches it to the quota book. */
export function probe(options: ProbeOptions, host: Host): Promise<Failure | undefined> {
  return writingUntilEnded(host, async (output, signal) => {
    const { all, book } = await measure(options, host, signal);
    await reportAs(options.format, output, {
      document: () => ({ ...(book && { book }), ...probeDocument(all) }),
      lines: async () => [...(book ? [bookLine(book)] : []), ...probeLines(all, await looksOf(host))],
    });
    const error = all.find(({ failure }) => failure)?.failure;
    return error && { error };
  });
}

interface Measured {
  all: Series[];
  /** Whose book was taught, where settings name a Redis. */
  book: PlaceOfBook | undefined;
}

async function measure(options: ProbeOptions, host: Host, signal: AbortSignal): Promise<Measured> {
  const { requests, spacing: spacingMs, stream = false } = options;
  const models = [...new Set(options.model)];
  const paint = await paintFor(host.stderr);
  const settings = await readSettings(options, host, paint);
  const driver = reachableGemini(settings);
  await assertAgreed({
    what: `this sends up to ${counted(models.length * requests, 'request')}, counted against your quota`,
    ...{ sayYes: 'have it sent', otherwise: 'nothing was sent', yes: options.yes, host, signal },
  });
  const warn = warningOn(host, paint);
  const { limitsFor } = settings;
  const state = await openState({ settings, parts: ['quota'], warn });
  const { book, whose } = await openQuota({ settings, state, clock: systemClock, warn });
  const progress = await createProgress(models, options, host);
  try {
    const all = await Promise.all(
      models.map((model) =>
        probeModel({
          ...{ driver, book, limitsFor, model, requests, spacingMs, stream, signal },
          ...{ clock: systemClock, onProgress: progress.tell },
        }),
      ),
    );
    return { all, book: whose?.() };
  } finally {
    progress.stop();
    await driver.close?.();
    await book.close?.();
  }
}

/** How far each series is, on a terminal. */
async function createProgress(models: readonly string[], { requests }: ProbeOptions, host: Host) {
  const spinner = await spinnerOn(host);
  const sent = new Map(models.map((model) => [model, 0]));
  const words = () => ({ text: [...sent].map(([model, count]) => `${model}: ${count} of ${requests}`).join(', ') });
  const show = () => spinner?.start(words);
  show();
  return {
    tell(series: Series) {
      sent.set(series.model, series.sent);
      show();
    },
    stop: () => spinner?.stop(),
  };
}
