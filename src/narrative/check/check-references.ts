import { type Fault, fault, type Misnamed, type Report, warning } from '../../toml/fault.js';
import { quoted, valueWords } from '../../toml/toml.js';
import type { TextPlace } from '../parse/read-act.js';
import { type Placeholder, parseTemplate, variableNamed } from '../template.js';

/** What names in double braces can mean in a narrative. */
export interface Names {
  /** All acts that are defined. */
  acts: ReadonlyMap<string, unknown>;
  /** Where in the order each act stands first, counted from 0. Those that never play are not in it. */
  firstPositions: ReadonlyMap<string, number>;
  vars: ReadonlyMap<string, string>;
  /** Whether the narrative itself came from standard input, so that nothing is left in it. */
  isFromStdin: boolean;
}

/** A variable that a text uses and its own file does not define: who plays the file may. */
export interface OpenVariable {
  name: string;
  /** The fault that it is if nobody does. */
  fault: Fault;
}

/** Names that are no acts', whatever acts are called. */
export const reservedNames: readonly string[] = ['previous', 'round', 'stdin'];

/** What the texts of a file refer to. */
export interface References {
  /** The variables that they use and the file does not define. */
  open: OpenVariable[];
  /** All variables that they use. */
  used: ReadonlySet<string>;
  /** The other names in braces of what each act sends. */
  namesUsedBy: ReadonlyMap<string, readonly string[]>;
}

/** Finds the names that nothing defines, or nothing yet where they stand. Each is reported once a text. */
export function checkReferences(places: readonly TextPlace[], names: Names, report: Report): References {
  const open: OpenVariable[] = [];
  const used = new Set<string>();
  const namesUsedBy = new Map<string, string[]>();
  for (const place of places) {
    const { text, path } = place;
    if (!text.includes('{{')) continue;
    const template = parseTemplate(text);
    const [stray] = template.strays;
    if (stray !== undefined) {
      const message = `a "{{" in ${valueWords(path)} is not closed on its line: it is sent as it is; write \\{{ where that is meant`;
      report(warning('stray-braces', path, message, { ...openingAt(text, stray), target: 'value' }));
    }
    const told = new Set<string>();
    for (const placeholder of template.pieces) {
      if (typeof placeholder === 'string' || told.has(placeholder.name)) continue;
      told.add(placeholder.name);
      const variable = variableNamed(placeholder.name);
      if (variable !== undefined) used.add(variable);
      else noteUsers(placeholder.name, place, namesUsedBy);
      const found = faultOf(placeholder, place, names);
      if (!found) continue;
      if (variable !== undefined) open.push({ name: variable, fault: found });
      else report(found);
    }
  }
  return { open, used, namesUsedBy };
}

function noteUsers(name: string, { users }: TextPlace, namesUsedBy: Map<string, string[]>): void {
  for (const user of users) {
    const known = namesUsedBy.get(user);
    if (known) known.push(name);
    else namesUsedBy.set(user, [name]);
  }
}

function openingAt(text: string, offset: number): { excerpt: string; occurrence: number } {
  let occurrence = 0;
  for (let at = text.indexOf('{{'); at < offset; at = text.indexOf('{{', at + 1)) occurrence += 1;
  return { excerpt: '{{', occurrence };
}

function faultOf(placeholder: Placeholder, place: TextPlace, names: Names): Fault | undefined {
  const { name, offset, length, occurrence } = placeholder;
  const blame = (rule: string, problem: string, misnamed?: Misnamed) => {
    const excerpt = place.text.slice(offset, offset + length);
    return fault(rule, place.path, `${excerpt}: ${problem}`, { excerpt, occurrence, ...(misnamed && { misnamed }) });
  };
  const variable = variableNamed(name);
  if (variable !== undefined) {
    if (names.vars.has(variable)) return undefined;
    const problem = `neither [vars] nor --var defines ${quoted(variable)}`;
    return blame('unknown-variable', problem, misnamedOf(name, names));
  }
  if (name === 'stdin' && names.isFromStdin) {
    return blame('stdin-taken', 'the narrative itself is read from standard input, so nothing is left in it');
  }
  const position = firstPosition(place, names);
  if (name === 'previous' && position === 0) return blame('no-previous', 'no act plays before the first one');
  if (reservedNames.includes(name)) return undefined;
  if (!names.acts.has(name)) return blame('unknown-name', 'nothing has this name', misnamedOf(name, names));
  const first = names.firstPositions.get(name);
  if (first === undefined) return blame('not-played-yet', `the order never names the act ${quoted(name)}`);
  // Of an act that is itself in no order, nobody can say what plays before it.
  if (position === undefined || first < position) return undefined;
  return blame('not-played-yet', `the act ${quoted(name)} has not played when this ${place.sent} is sent`);
}

/** Where in the order a text is sent first; undefined where it never is. */
function firstPosition({ users }: TextPlace, { firstPositions }: Names): number | undefined {
  let first: number | undefined;
  for (const user of users) {
    const position = firstPositions.get(user);
    if (position !== undefined && position < (first ?? Number.POSITIVE_INFINITY)) first = position;
  }
  return first;
}

function misnamedOf(name: string, names: Names): Misnamed {
  const written = (nearest: string) => `{{${nearest}}}`;
  const asVariable = `vars.${name}`;
  if (names.vars.has(name)) return { name: asVariable, known: [asVariable], written };
  return { name, known: knownNames(names), written };
}

function* knownNames({ acts, vars }: Names): Iterable<string> {
  yield* acts.keys();
  yield* reservedNames;
  for (const name of vars.keys()) yield `vars.${name}`;
}
