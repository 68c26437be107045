import { truncate } from '../util/utf16.js';

/** A value that `--matrix` gives to a key. */
export type MatrixValue = string | number;

/** The values of one `--matrix`. */
export interface MatrixAxis {
  /** `model`, `temperature`, `thinking`, or a variable such as `vars.tone`. */
  key: string;
  values: readonly MatrixValue[];
}

/** One combination of the values of all axes. */
export interface Combination {
  /** Counts from 1. */
  number: number;
  /** The value of each key, in the order of the axes. */
  values: Readonly<Record<string, MatrixValue>>;
  /** The values on one line, for people: `model=gemini-2.5-pro temperature=0`. */
  label: string;
}

/** The maximum length of a value in a label. The text of a variable may be much longer. */
const maxValueChars = 40;

/** Returns the number of combinations. */
export function countCombinations(axes: readonly MatrixAxis[]): number {
  return axes.reduce((count, { values }) => count * values.length, 1);
}

/** Lists all combinations. The values of the last axis change fastest. No two combinations have the same label. */
export function createCombinations(axes: readonly MatrixAxis[]): Combination[] {
  let combinations: (readonly [key: string, value: MatrixValue])[][] = [[]];
  for (const { key, values } of axes)
    combinations = combinations.flatMap((entries) => values.map((value) => [...entries, [key, value] as const]));
  const labelCounts = new Map<string, number>();
  return combinations.map((entries, index) => {
    const label = entries.map(([key, value]) => `${key}=${formatValue(value)}`).join(' ');
    const count = (labelCounts.get(label) ?? 0) + 1;
    labelCounts.set(label, count);
    return {
      number: index + 1,
      values: Object.fromEntries(entries),
      label: count === 1 ? label : `${label} (${count})`,
    };
  });
}

/** Formats the axes on one line, as on the command line: `model=a,b temperature=0,1`. Shortens long values. */
export function formatAxes(axes: readonly MatrixAxis[]): string {
  return axes.map(({ key, values }) => `${key}=${values.map(formatValue).join(',')}`).join(' ');
}

/** Returns a text that is equal for equal combinations, whatever the order of their keys. */
export function formatCombinationId({ values }: Pick<Combination, 'values'>): string {
  return JSON.stringify(Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function formatValue(value: MatrixValue): string {
  const text = String(value).replaceAll(/\s+/g, ' ').trim();
  const shortText = truncate(text, maxValueChars);
  return /[\s=",]/.test(shortText) ? JSON.stringify(shortText) : shortText;
}
