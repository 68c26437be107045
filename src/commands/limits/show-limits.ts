import type { FormatOptions, SettingsFlagOptions } from '../../cli/common-options.js';
import { loadSettings } from '../../cli/load-settings.js';
import { getStdoutStyle, withOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import { getQuotaStatus } from '../../quota/status.js';
import { formatLimits, type LimitsReport, toLimitsDocument } from '../../terminal/reports/limits-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { describeStoreLocation, readQuotaSnapshot } from '../resources/open-quota.js';
import type { LimitsContext } from './forget-limits.js';

/** The options of `boticelli limits`. */
export interface LimitsOptions extends FormatOptions, Pick<SettingsFlagOptions, 'tier' | 'config'> {
  /** The models whose learned limits are deleted. */
  forget?: string[];
}

/** `boticelli limits`: shows the quota and its use or, with `--forget`, forgets learned limits. */
export function runLimits(options: LimitsOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const colors = await createColors(proc.stderr);
    const warn = createWarn(proc, colors);
    const settings = await loadSettings(options, proc, colors);
    const context = { format: options.format, settings, output, warn };
    if (!options.forget) return showLimits(context, proc);
    const { runForget } = await import('./forget-limits.js');
    await runForget(options.forget, context);
  });
}

async function showLimits({ settings, format, output, warn }: LimitsContext, proc: CliProcess): Promise<void> {
  const { project, projectSource, limitsFor, limitMultipliers, windowMs, tier } = settings;
  const { modelStates, now, redisHost } = await readQuotaSnapshot({ settings, warn });
  const models = getQuotaStatus({
    ...{ modelStates, project, limitsFor, limitMultipliers, windowMs, now },
    models: [settings.defaultModel, ...settings.fallback, ...settings.modelsWithConfiguredLimits],
  });
  const storeLocation = { ...describeStoreLocation(settings, redisHost), project, projectSource };
  const report: LimitsReport = { storeLocation, tier, windowMs, now, models };
  await writeReport(format, output, {
    createDocument: () => toLimitsDocument(report),
    renderLines: async () => formatLimits(report, await getStdoutStyle(proc)),
  });
}
