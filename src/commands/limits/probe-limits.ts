import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';
import { requireConfirmation } from '../../cli/confirm.js';
import { loadSettings } from '../../cli/load-settings.js';
import { getStdoutStyle, withAbortableOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createStderrSpinner, createWarn } from '../../cli/stderr.js';
import { systemClock } from '../../driver/clock.js';
import { createGeminiDriver } from '../../gemini/driver.js';
import { type ModelProbeResult, probeModel } from '../../quota/probe-model.js';
import { formatStoreLocation } from '../../terminal/reports/limits-report.js';
import { formatProbe, toProbeDocument } from '../../terminal/reports/probe-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { createGeminiOptions } from '../resources/gemini-options.js';
import { openStateDatabase } from '../resources/open-database.js';
import { openQuota } from '../resources/open-quota.js';

/** The options of `boticelli limits probe`. */
export interface ProbeOptions extends FormatOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  model: string[];
  requests: number;
  /** In milliseconds. */
  spacing: number;
  stream?: boolean;
  yes?: boolean;
}

/** `boticelli limits probe`: measures the limits of models in parallel, and stores them. */
export function probeLimits(options: ProbeOptions, proc: CliProcess): Promise<void> {
  return withAbortableOutput(proc, async (output, signal) => {
    const { results, storeLocation } = await runProbe(options, proc, signal);
    await writeReport(options.format, output, {
      // The JSON field of the store's location is named `book`.
      createDocument: () => ({ ...(storeLocation && { book: storeLocation }), ...toProbeDocument(results) }),
      renderLines: async () => [
        ...(storeLocation ? [formatStoreLocation(storeLocation)] : []),
        ...formatProbe(results, await getStdoutStyle(proc)),
      ],
    });
    const failure = results.find((result) => result.failure)?.failure;
    if (failure) throw failure;
  });
}

/** Resolves to the results and, if the settings name a Redis server, the location of the store that has the limits. */
async function runProbe(options: ProbeOptions, proc: CliProcess, signal: AbortSignal) {
  const { requests, spacing: spacingMs, stream = false } = options;
  const models = [...new Set(options.model)];
  const colors = await createColors(proc.stderr);
  const settings = await loadSettings(options, proc, colors);
  const driver = createGeminiDriver(createGeminiOptions(settings));
  await requireConfirmation({
    action: `this sends up to ${formatCount(models.length * requests, 'request')}, counted against your quota`,
    ...{ declinedEffect: 'nothing was sent', yes: options.yes, proc, signal },
  });
  const warn = createWarn(proc, colors);
  const stateDatabase = await openStateDatabase({ settings, features: ['quota'], warn });
  const { limiter, getStoreLocation } = await openQuota({ settings, stateDatabase, warn });
  const progress = await createProbeProgress(models, options, proc);
  try {
    const results = await Promise.all(
      models.map((model) =>
        probeModel({
          ...{ driver, limiter, limitsFor: settings.limitsFor, model, requests, spacingMs, stream },
          ...{ clock: systemClock, onProgress: progress.update, signal },
        }),
      ),
    );
    return { results, storeLocation: getStoreLocation?.() };
  } finally {
    progress.stop();
    await driver.close?.();
    await limiter.close?.();
  }
}

/** Shows on a terminal how many requests were sent to each model. */
async function createProbeProgress(models: readonly string[], { requests }: ProbeOptions, proc: CliProcess) {
  const spinner = await createStderrSpinner(proc);
  const sentByModel = new Map(models.map((model) => [model, 0]));
  const getStatus = () => ({
    text: [...sentByModel].map(([model, count]) => `${model}: ${count} of ${requests}`).join(', '),
  });
  const refresh = () => spinner?.start(getStatus);
  refresh();
  return {
    update({ model, sent }: ModelProbeResult) {
      sentByModel.set(model, sent);
      refresh();
    },
    stop: () => spinner?.stop(),
  };
}
