import { requireConfirmation } from '../../cli/confirm.js';
import type { Failure } from '../../cli/failure.js';
import { loadSettings, type SettingsFlagOptions } from '../../cli/load-settings.js';
import type { CliProcess } from '../../cli/process.js';
import { createStderrSpinner } from '../../cli/stderr-spinner.js';
import { createWarn } from '../../cli/warnings.js';
import { withAbortableOutput } from '../../cli/with-output.js';
import { getStdoutStyle, writeReport } from '../../cli/write-report.js';
import { systemClock } from '../../driver/clock.js';
import { type ModelProbeResult, probeModel } from '../../quota/probe-model.js';
import { formatQuotaLocation, type QuotaLocation } from '../../terminal/reports/limits-report.js';
import { formatProbe, toProbeDocument } from '../../terminal/reports/probe-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { formatCount } from '../../terminal/text/format.js';
import { openStateDatabase } from '../resources/open-database.js';
import { openGemini } from '../resources/open-gemini.js';
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
export function probeLimits(options: ProbeOptions, proc: CliProcess): Promise<Failure | undefined> {
  return withAbortableOutput(proc, async (output, signal) => {
    const { series, storeLocation } = await runProbe(options, proc, signal);
    await writeReport(options.format, output, {
      createDocument: () => ({ ...(storeLocation && { book: storeLocation }), ...toProbeDocument(series) }),
      renderLines: async () => [
        ...(storeLocation ? [formatQuotaLocation(storeLocation)] : []),
        ...formatProbe(series, await getStdoutStyle(proc)),
      ],
    });
    const error = series.find(({ failure }) => failure)?.failure;
    return error && { error };
  });
}

interface ProbeResult {
  series: ModelProbeResult[];
  /** Whose book was taught, where settings name a Redis. */
  storeLocation: QuotaLocation | undefined;
}

async function runProbe(options: ProbeOptions, proc: CliProcess, signal: AbortSignal): Promise<ProbeResult> {
  const { requests, spacing: spacingMs, stream = false } = options;
  const models = [...new Set(options.model)];
  const colors = await createColors(proc.stderr);
  const settings = await loadSettings(options, proc, colors);
  const driver = openGemini(settings);
  await requireConfirmation({
    action: `this sends up to ${formatCount(models.length * requests, 'request')}, counted against your quota`,
    ...{ yesEffect: 'have it sent', declinedEffect: 'nothing was sent', yes: options.yes, proc, signal },
  });
  const warn = createWarn(proc, colors);
  const { limitsFor } = settings;
  const stateDatabase = await openStateDatabase({ settings, features: ['quota'], warn });
  const { limiter, getStoreLocation } = await openQuota({ settings, stateDatabase, clock: systemClock, warn });
  const progress = await createProbeProgress(models, options, proc);
  try {
    const series = await Promise.all(
      models.map((model) =>
        probeModel({
          ...{ driver, limiter, limitsFor, model, requests, spacingMs, stream, signal },
          ...{ clock: systemClock, onProgress: progress.update },
        }),
      ),
    );
    return { series, storeLocation: getStoreLocation?.() };
  } finally {
    progress.stop();
    await driver.close?.();
    await limiter.close?.();
  }
}

/** How far each series is, on a terminal. */
async function createProbeProgress(models: readonly string[], { requests }: ProbeOptions, proc: CliProcess) {
  const spinner = await createStderrSpinner(proc);
  const sentByModel = new Map(models.map((model) => [model, 0]));
  const getStatus = () => ({
    text: [...sentByModel].map(([model, count]) => `${model}: ${count} of ${requests}`).join(', '),
  });
  const refresh = () => spinner?.start(getStatus);
  refresh();
  return {
    update(series: ModelProbeResult) {
      sentByModel.set(series.model, series.sent);
      refresh();
    },
    stop: () => spinner?.stop(),
  };
}
