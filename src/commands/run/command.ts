import { Argument, Option } from 'commander';
import { configOption, durationOption, inHelpGroup, tierOption, variableOptions } from '../../cli/common-options.js';
import { type CommandDefinition, defineCommand } from '../../cli/define-command.js';
import {
  collectFallbackModel,
  collectValue,
  createIntegerParser,
  parseMaxWaitMs,
  parseModelName,
  parseShard,
  parseTemperature,
  parseUsd,
} from '../../cli/option-parsers.js';
import { serviceTiers } from '../../facts/service-tiers.js';
import type { RunOptions } from './options.js';

const positiveInteger = (flags: string, description: string) =>
  new Option(flags, description).argParser(createIntegerParser(1));

const modelOptions = inHelpGroup('Model:', {
  model: new Option('-m, --model <id>', "model for every act, instead of the file's").argParser(parseModelName),
  temperature: new Option('--temperature <n>', 'temperature for every act, 0 to 2').argParser(parseTemperature),
  maxTokens: positiveInteger('--max-tokens <n>', 'maximum tokens of every reply'),
  serviceTier: new Option('--service-tier <name>', 'service tier of acts that name none').choices(serviceTiers),
  live: new Option('--live', 'use the Live API if the model supports it'),
});

const inputOptions = inHelpGroup('Input:', {
  ...variableOptions(),
  allowEmpty: new Option('--allow-empty', 'accept an empty standard input if the narrative uses {{stdin}}'),
  allowOutside: new Option('--allow-outside', 'let replies, standard input and rows choose any file and host'),
});

const outputOptions = inHelpGroup('Output:', {
  output: new Option('-o, --output <format>', 'format of standard output')
    .choices(['text', 'json', 'ndjson'])
    .default('text'),
  stream: new Option('--stream', 'print tokens as they arrive'),
  only: new Option('--only <act>', 'print only the reply of this act; repeatable').argParser(collectValue),
  last: new Option('--last', 'print only the reply of the last act'),
  outDir: new Option('--out-dir <dir>', 'also write 01-name.md … and run.json to this folder'),
  showPrompts: new Option('--show-prompts', 'print every prompt on standard error as it is sent'),
  thoughts: new Option('--thoughts', "show summaries of the model's thoughts on standard error"),
  quiet: new Option('-q, --quiet', 'show only warnings and errors'),
  verbose: new Option('-v, --verbose', 'show every attempt, wait and token count'),
});

const rowOptions = inHelpGroup('Rows and combinations:', {
  each: new Option(
    '--each <rows>',
    'run once for each row of a CSV, TSV, NDJSON or JSON file, or for each file that matches a pattern',
  ),
  matrix: new Option(
    '--matrix <key=a,b>',
    'run every combination of model, temperature, thinking or vars.x; repeatable',
  ).argParser(collectValue),
  results: new Option('--results <file>', 'with --each or --matrix: write results to this .ndjson or .csv file'),
  failed: new Option('--failed <file>', 'with --each: write the failed rows to this file'),
  maxFailures: positiveInteger('--max-failures <n>', 'with --each or --matrix: start no further run after n failures'),
  shard: new Option(
    '--shard <k/n>',
    'with --each: run the rows whose number (from 1), divided by n, leaves the remainder k - 1: 1/5 runs the rows ' +
      '5, 10, 15, …, and 2/5 the rows 1, 6, 11, …',
  ).argParser(parseShard),
});

const replayOptions = inHelpGroup('Rehearsing, resuming and replaying:', {
  rehearse: new Option('--rehearse', 'show what would be sent; no network, no key'),
  resume: new Option('--resume', 'reuse replies from earlier runs'),
  from: new Option('--from <act>', 'with --resume: request new replies from this act on'),
  record: new Option('--record <file>', 'save every reply to this file'),
  replay: new Option('--replay <file>', 'use the replies in this file; no network, no key'),
});

const ciOptions = inHelpGroup('CI:', {
  strict: new Option('--strict', 'fail if a reply is cut short or may be incomplete'),
  junit: new Option('--junit <file>', 'write a JUnit report, with a test case for each act or row'),
  summary: new Option('--summary <file>', 'append a Markdown summary to this file, for GitHub Actions'),
});

const requestOptions = inHelpGroup('Requests:', {
  jobs: positiveInteger(
    '-j, --jobs <n>',
    'maximum calls in flight, over acts, narratives and rows (default: 1, or 4 with --each)',
  ),
  timeout: durationOption('--timeout', 'time limit of one attempt (default: 5m, or 15m in the flex tier)'),
  idleTimeout: durationOption('--idle-timeout', 'time limit between two chunks of a stream').default(60_000, '60s'),
  retries: new Option('--retries <n>', 'retries after a temporary failure')
    .argParser(createIntegerParser(0))
    .default(4),
});

const quotaOptions = inHelpGroup('Cost and quota:', {
  maxCost: new Option('--max-cost <usd>', 'stop before the total cost exceeds this').argParser(parseUsd),
  fallback: [
    new Option('--fallback <model>', 'model to use when quota is used up; repeatable').argParser(collectFallbackModel),
    new Option('--no-fallback', 'never use another model'),
  ],
  maxWait: new Option('--max-wait <duration>', 'maximum quota wait; if longer, fall back or fail').argParser(
    parseMaxWaitMs,
  ),
  tier: tierOption(),
  rpm: positiveInteger('--rpm <n>', 'maximum requests per minute, for each model'),
  tpm: positiveInteger('--tpm <n>', 'maximum input tokens per minute, for each model'),
  rpd: positiveInteger('--rpd <n>', 'maximum requests per day, for each model'),
  maxConcurrent: positiveInteger('--max-concurrent <n>', 'maximum concurrent requests, for each model'),
  rateLimit: new Option('--no-rate-limit', 'send requests without rate limiting'),
});

const options: CommandDefinition<[], RunOptions>['options'] = {
  ...modelOptions,
  ...inputOptions,
  ...outputOptions,
  ...rowOptions,
  ...replayOptions,
  ...requestOptions,
  ...quotaOptions,
  ...ciOptions,
  config: configOption(),
};

/** `boticelli run` */
export const addRunCommand = defineCommand<[files: string[]], RunOptions>({
  name: 'run',
  description: 'run narratives',
  arguments: [new Argument('<narrative...>', 'TOML files, or - for standard input')],
  options,
  otherOptionsHeading: 'Other:',
  repeatAdvice: {
    model: 'to compare models, use --matrix model=a,b',
    temperature: 'to compare temperatures, use --matrix temperature=0,1',
  },
  loadHandler: async () => (await import('./run.js')).run,
});
