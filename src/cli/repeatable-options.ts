import type { Command, Option } from 'commander';

/**
 * Whether an option may be given more than once. Commander can mark only variadic options as repeatable. Any other
 * repeatable option has the word `repeatable` in its help.
 */
export function isRepeatable(option: Option): boolean {
  return option.variadic || option.description.includes('repeatable');
}

/**
 * Makes it a usage error to give an option twice if it has a value and is not repeatable. Without this error, the
 * command would ignore the first value. An option without a value, such as -q, may be given twice.
 * @param advice what the error adds, such as `to compare models, use --matrix model=a,b`; no period at its end
 */
export function rejectRepetition(command: Command, option: Option, advice: string | undefined): void {
  if (!option.required || isRepeatable(option)) return;
  let isGiven = false;
  // Commander emits this event for each occurrence on the command line, before the handler of the command.
  command.on(`option:${option.name()}`, () => {
    if (isGiven) {
      const message = `error: option '${option.flags}' can be given only once${advice === undefined ? '' : `; ${advice}`}`;
      command.error(message, { code: 'boticelli.repeatedOption' });
    }
    isGiven = true;
  });
}
