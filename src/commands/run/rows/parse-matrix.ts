import { InvalidArgumentError, parseModelName, parseTemperature } from '../../../cli/option-parsers.js';
import { BoticelliError } from '../../../errors.js';
import { thinkingLevels } from '../../../facts/model-facts.js';
import { countCombinations, type MatrixAxis, type MatrixValue } from '../../../rows/matrix.js';
import { formatInteger } from '../../../terminal/text/format.js';
import { findNearestName } from '../../../util/nearest-name.js';
import { truncateWithEllipsis } from '../../../util/utf16.js';
import type { RunOptions } from '../options.js';

/** The prefix of a key that names a variable. */
export const variablePrefix = 'vars.';

/** The maximum number of combinations for one row. */
const maxCombinations = 1000;

/** The maximum number of thinking tokens: the largest 32-bit integer, as in a narrative. */
const maxThinkingTokens = 2 ** 31 - 1;

/** The parsers of values, by key. Each throws an InvalidArgumentError for a value that is not valid. */
const valueParsers: Readonly<Record<string, (text: string) => MatrixValue>> = {
  model: (text) => parseModelName(text.trim()),
  temperature: parseTemperature,
  thinking: parseThinking,
};

/**
 * Parses the values of `--matrix`, such as `model=a,b`. A comma in a value is written `\,`.
 *
 * @throws BoticelliError `usage`
 */
export function parseMatrix(options: Pick<RunOptions, 'matrix' | keyof typeof flagsByKey | 'var' | 'varFile'>) {
  const axes: MatrixAxis[] = [];
  for (const text of options.matrix ?? []) {
    const axis = parseAxis(text);
    if (axes.some(({ key }) => key === axis.key)) {
      const hint = `Write all its values in one flag: --matrix ${axis.key}=a,b.`;
      throw createMatrixError(text, `the key ${axis.key} is given twice`, hint);
    }
    assertNotGiven(axis, text, options);
    axes.push(axis);
  }
  const count = countCombinations(axes);
  if (count <= maxCombinations) return axes;
  throw new BoticelliError(
    'usage',
    `--matrix has ${formatInteger(count)} combinations, more than ${formatInteger(maxCombinations)}`,
    { hint: 'Give fewer values, or split them over several runs.' },
  );
}

function parseAxis(text: string): MatrixAxis {
  const separator = text.indexOf('=');
  const key = text.slice(0, Math.max(0, separator)).trim();
  if (key === '') throw createMatrixError(text, 'expected key=a,b', 'For example: --matrix model=a,b.');
  const isVariable = key.startsWith(variablePrefix) && key.length > variablePrefix.length;
  const parse = isVariable
    ? (value: string) => value
    : Object.hasOwn(valueParsers, key)
      ? valueParsers[key]
      : undefined;
  if (!parse) throw createUnknownKeyError(text, key);
  const values: MatrixValue[] = [];
  for (const part of splitValues(text.slice(separator + 1))) {
    if (part.trim() === '')
      throw createMatrixError(
        text,
        'a value is empty',
        'Separate values with one comma. Write \\, for a comma in a value.',
      );
    const value = parseValue(parse, part, text);
    if (values.includes(value))
      throw createMatrixError(text, `the value ${JSON.stringify(value)} is given twice`, 'Remove one of them.');
    values.push(value);
  }
  return { key, values };
}

/** Splits values at commas. `\,` is a comma in a value; any other backslash stands for itself. */
function splitValues(text: string): string[] {
  return text.split(/(?<!\\),/).map((part) => part.replaceAll('\\,', ','));
}

function parseValue(parse: (text: string) => MatrixValue, part: string, text: string): MatrixValue {
  try {
    return parse(part);
  } catch (thrown) {
    if (!(thrown instanceof InvalidArgumentError)) throw thrown;
    throw createMatrixError(text, `${JSON.stringify(part)} is not valid`, thrown.message);
  }
}

function parseThinking(text: string): MatrixValue {
  const level = thinkingLevels.find((name) => name === text.trim());
  if (level !== undefined) return level;
  const tokens = Number(text);
  if (/^\s*\d+\s*$/.test(text) && tokens <= maxThinkingTokens) return tokens;
  throw new InvalidArgumentError(`Expected ${thinkingLevels.join(', ')}, or a number of tokens.`);
}

const flagsByKey = { model: '--model', temperature: '--temperature' } as const;

/** Checks that no other flag sets what the axis varies. */
function assertNotGiven(
  { key }: MatrixAxis,
  text: string,
  options: Pick<RunOptions, keyof typeof flagsByKey | 'var' | 'varFile'>,
): void {
  const variable = key.startsWith(variablePrefix) ? key.slice(variablePrefix.length) : undefined;
  const flag =
    variable === undefined
      ? Object.entries(flagsByKey).find(
          ([name]) => name === key && options[name as keyof typeof flagsByKey] !== undefined,
        )?.[1]
      : options.var?.has(variable)
        ? `--var ${variable}`
        : options.varFile?.has(variable)
          ? `--var-file ${variable}`
          : undefined;
  if (flag === undefined) return;
  throw createMatrixError(text, `it can't be combined with ${flag}, which also sets ${key}`, 'Remove one of them.');
}

function createUnknownKeyError(text: string, key: string): BoticelliError {
  const nearest = findNearestName(key, Object.keys(valueParsers));
  const suggestion = nearest === undefined ? '' : `Did you mean ${nearest}? `;
  const mayBeVariable = nearest === undefined && /^[\w-]{1,40}$/.test(key);
  const variable = mayBeVariable
    ? `${variablePrefix}${key} for the variable ${key}`
    : `${variablePrefix}name for a variable`;
  const keys = `Keys are ${Object.keys(valueParsers).join(', ')}, and ${variable}.`;
  return createMatrixError(text, `unknown key ${JSON.stringify(key)}`, `${suggestion}${keys}`);
}

/** The maximum length of the value of `--matrix` that a message quotes. */
const maxQuotedChars = 80;

function createMatrixError(text: string, problem: string, hint: string): BoticelliError {
  return new BoticelliError('usage', `--matrix ${truncateWithEllipsis(text, maxQuotedChars)}: ${problem}`, { hint });
}
