import { loadSettings } from '../../cli/load-settings.js';
import { getStdoutStyle, withOutput, writeReport } from '../../cli/output.js';
import type { CliProcess } from '../../cli/process.js';
import { createWarn } from '../../cli/stderr.js';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../driver/clock.js';
import { getQuotaStatus } from '../../quota/status.js';
import type { Output } from '../../terminal/output.js';
import {
  formatLimits,
  type LimitsReport,
  type ProjectQuotaLocation,
  toLimitsDocument,
} from '../../terminal/reports/limits-report.js';
import { createColors } from '../../terminal/text/colors.js';
import { describeStoreLocation, readQuotaSnapshot } from '../resources/open-quota.js';
import type { LimitsOptions } from './options.js';

/** `boticelli limits`: shows the quota and its use or, with `--forget`, deletes learned limits. */
export function runLimits(options: LimitsOptions, proc: CliProcess): Promise<void> {
  return withOutput(proc, async (output) => {
    const colors = await createColors(proc.stderr);
    const warn = createWarn(proc, colors);
    const settings = await loadSettings(options, proc, colors);
    if (options.forget) {
      const { forgetLearnedLimits } = await import('./forget-limits.js');
      await forgetLearnedLimits({ models: options.forget, format: options.format, settings, output, warn });
    } else {
      await showLimits({ settings, format: options.format, output, warn }, proc);
    }
  });
}

interface ShowLimitsOptions {
  settings: Settings;
  format: LimitsOptions['format'];
  output: Output;
  warn: (text: string) => void;
}

async function showLimits({ settings, format, output, warn }: ShowLimitsOptions, proc: CliProcess): Promise<void> {
  const { project, limitsFor, budget, windowMs, defaultModel, fallback, tier, limitedModels } = settings;
  const { modelStates, now, redisHost } = await readQuotaSnapshot({ settings, clock: systemClock, warn });
  const models = getQuotaStatus({
    ...{ modelStates, project, limitsFor, budget, windowMs, now },
    models: [defaultModel, ...fallback, ...limitedModels],
  });
  const report: LimitsReport = { location: describeStore(settings, redisHost), tier, windowMs, now, models };
  await writeReport(format, output, {
    createDocument: () => toLimitsDocument(report),
    renderLines: async () => formatLimits(report, await getStdoutStyle(proc)),
  });
}

function describeStore(settings: Settings, redisHost: string | undefined): ProjectQuotaLocation {
  const { project, projectSource } = settings;
  return { ...describeStoreLocation(settings, redisHost), project, projectIs: projectSource };
}
