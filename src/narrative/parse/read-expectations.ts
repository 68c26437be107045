import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { isPointer } from '../../util/json.js';
import type { Condition, Expectation } from '../expectations/expectation.js';
import { compilePattern } from '../expectations/match-pattern.js';
import { parseTemplate, renderTemplate } from '../template.js';

interface ExpectationReadOptions {
  /** Whether placeholders in texts are filled. */
  fillsPlaceholders: boolean;
  report: ReportProblem;
  /** Receives every text that may contain placeholders. */
  onText: (text: string, keyPath: Path) => void;
}

/**
 * Reads `expect` of an act and reports invalid pointers, patterns, limits and empty parts. Values of a wrong type are
 * left out: `checkShape` reports them.
 */
export function readExpectations(act: TomlTable, actPath: Path, options: ExpectationReadOptions): Expectation[] {
  const { expect } = act;
  if (!isTable(expect)) return [];
  const keyPath = [...actPath, 'expect'];
  reportIfEmpty(Object.keys(expect).length === 0, keyPath, options);
  const expectations: Expectation[] = readConditions(expect, keyPath, options);
  for (const pointer of Object.keys(expect).filter((key) => key.startsWith('/'))) {
    const table = expect[pointer];
    const pointerPath = [...keyPath, pointer];
    reportPointerProblem(pointer, pointerPath, act, options);
    if (!isTable(table)) continue;
    reportIfEmpty(Object.keys(table).length === 0, pointerPath, options);
    for (const condition of readConditions(table, pointerPath, options)) expectations.push({ ...condition, pointer });
  }
  return expectations;
}

function reportPointerProblem(
  pointer: string,
  keyPath: Path,
  act: TomlTable,
  { report }: ExpectationReadOptions,
): void {
  if (!isPointer(pointer)) {
    const message = `${quote(pointer)} is not a JSON Pointer: write "~" in a key as "~0", and "/" as "~1"`;
    report(errorAt('bad-pointer', keyPath, message, { target: 'key' }));
  }
  if (act.format === 'json') return;
  report(
    errorAt('pointer-without-json', keyPath, `${describePath(keyPath)} requires format = "json"`, { target: 'key' }),
  );
}

function reportIfEmpty(isEmpty: boolean, keyPath: Path, { report }: ExpectationReadOptions): void {
  if (isEmpty) report(errorAt('empty-expectation', keyPath, `${describePath(keyPath)} is empty`));
}

/** Pairs of limits: the minimum, and the maximum that must not be below it. */
const limitPairs = [
  ['min_words', 'max_words'],
  ['min', 'max'],
] as const;

function readConditions(table: TomlTable, keyPath: Path, options: ExpectationReadOptions): Condition[] {
  const { report } = options;
  const conditions: Condition[] = [];
  for (const name of ['contains', 'not_contains'] as const) {
    const texts = readScalars(table[name], [...keyPath, name], options).filter((text) => typeof text === 'string');
    if (texts.length > 0) conditions.push({ name, texts });
  }
  for (const name of ['equals', 'one_of'] as const) {
    const values = readScalars(table[name], [...keyPath, name], options, { allowsEmpty: true });
    if (values.length > 0) conditions.push({ name, values });
  }
  const { matches } = table;
  if (typeof matches === 'string') conditions.push(readPattern(matches, [...keyPath, 'matches'], options));
  for (const [lower, upper] of limitPairs) {
    const [least, most] = [table[lower], table[upper]];
    if (typeof least === 'number') conditions.push({ name: lower, limit: least });
    if (typeof most === 'number') conditions.push({ name: upper, limit: most });
    if (typeof least !== 'number' || typeof most !== 'number' || least <= most) continue;
    const lowerPath = [...keyPath, lower];
    report(errorAt('out-of-range', lowerPath, `${describePath(lowerPath)} is ${least}, more than ${quote(upper)}`));
  }
  return conditions;
}

/** Reads a value or an array of values. Reports an empty array and, unless `allowsEmpty`, an empty text. */
function readScalars(
  value: TomlValue | undefined,
  keyPath: Path,
  options: ExpectationReadOptions,
  { allowsEmpty = false } = {},
): (string | number | boolean)[] {
  if (value === undefined) return [];
  const isArray = Array.isArray(value);
  const values = isArray ? value : [value];
  reportIfEmpty(values.length === 0, keyPath, options);
  return values.flatMap((entry, index) => {
    const entryPath = isArray ? [...keyPath, index] : keyPath;
    if (typeof entry === 'number' || typeof entry === 'boolean') return entry;
    if (typeof entry !== 'string') return [];
    reportIfEmpty(entry === '' && !allowsEmpty, entryPath, options);
    options.onText(entry, entryPath);
    return entry;
  });
}

function readPattern(pattern: string, keyPath: Path, options: ExpectationReadOptions): Condition {
  const { fillsPlaceholders, report, onText } = options;
  reportIfEmpty(pattern === '', keyPath, options);
  onText(pattern, keyPath);
  try {
    // The values are not known yet. One letter stands in for each. Values are escaped, so a pattern that is valid with
    // the letter is valid with nearly all values. An exception is `{{vars.x}}+` with an empty value.
    compilePattern(fillsPlaceholders ? renderTemplate(parseTemplate(pattern).parts, () => 'x') : pattern);
  } catch (thrown) {
    const reason = (thrown as Error).message.replace(/^Invalid regular expression: (?:.*: )?/s, '');
    report(errorAt('bad-pattern', keyPath, `${describePath(keyPath)} is not a valid regular expression: ${reason}`));
  }
  return { name: 'matches', pattern };
}
