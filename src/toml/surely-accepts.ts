import type * as z from 'zod/mini';
import type { Schema } from './schema-walk.js';
import { isTable, type TomlTable, type TomlValue } from './toml.js';

type Accepts = (value: TomlValue) => boolean;
type Definition = z.core.$ZodTypes['_zod']['def'];
type Check = z.core.$ZodChecks['_zod']['def'];

const known = new WeakMap<Schema, Accepts>();

/**
 * Whether a value surely is what a schema says. Where this says no, zod is to judge: of what it does not know, and of all that
 * needs words, it says no. So it can be short, and a folder of faultless files is checked in half the time that zod takes,
 * which keeps account of every value for the sake of its faults (32 of 280 ms for a thousand narratives, 2026-11).
 */
export function surelyAccepts(schema: Schema, value: TomlValue): boolean {
  return acceptorOf(schema)(value);
}

function acceptorOf(schema: Schema): Accepts {
  const acceptor = known.get(schema) ?? acceptorFor((schema as z.core.$ZodTypes)._zod.def);
  known.set(schema, acceptor);
  return acceptor;
}

function acceptorFor(def: Definition): Accepts {
  const checks = checksOf(def);
  if (!checks) return () => false;
  const accepts = ofType(def);
  return checks.length === 0 ? accepts : (value) => accepts(value) && checks.every((check) => check(value));
}

function ofType(def: Definition): Accepts {
  switch (def.type) {
    case 'string':
      return (value) => typeof value === 'string';
    case 'number':
      return (value) => typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'unknown':
      return () => true;
    case 'literal':
      return oneOf(def.values);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'optional':
      return acceptorOf(def.innerType);
    case 'array':
      return arrayOf(acceptorOf(def.element));
    case 'record':
      return tableOf(acceptorOf(def.valueType));
    case 'union':
      return anyOf(def.options.map(acceptorOf));
    case 'object':
      return def.catchall && typeOf(def.catchall) === 'never' ? tableWith(def.shape) : () => false;
    default:
      return () => false;
  }
}

function typeOf(schema: Schema): Definition['type'] {
  return (schema as z.core.$ZodTypes)._zod.def.type;
}

function oneOf(values: readonly unknown[]): Accepts {
  const all = new Set(values);
  return (value) => all.has(value);
}

function anyOf(forms: readonly Accepts[]): Accepts {
  return (value) => forms.some((accepts) => accepts(value));
}

function arrayOf(element: Accepts): Accepts {
  return (value) => Array.isArray(value) && value.every(element);
}

/** A table in which any name may stand, as all our records have it; but zod passes over __proto__, which is judged on its own. */
function tableOf(entry: Accepts): Accepts {
  return (value) => {
    if (!isTable(value)) return false;
    for (const key in value) if (key === '__proto__' || !isGood(entry, value, key)) return false;
    return true;
  };
}

function tableWith(shape: Readonly<Record<string, Schema>>): Accepts {
  const entries = new Map(Object.entries(shape).map(([key, schema]) => [key, acceptorOf(schema)]));
  const needed = Object.keys(shape).filter((key) => typeOf(shape[key] as Schema) !== 'optional');
  return (value) => {
    if (!isTable(value)) return false;
    for (const key of needed) if (value[key] === undefined) return false;
    for (const key in value) {
      const entry = entries.get(key);
      if (!entry || !isGood(entry, value, key)) return false;
    }
    return true;
  };
}

function isGood(accepts: Accepts, table: TomlTable, key: string): boolean {
  const value = table[key];
  return value !== undefined && accepts(value);
}

/** What else is asked of a value; undefined where that is more than is known here. */
function checksOf(def: Definition): Accepts[] | undefined {
  const own = 'check' in def ? [def as unknown as Check] : [];
  const more = (def.checks ?? []).map((check) => (check as z.core.$ZodChecks)._zod.def);
  const checks = [...own, ...more].map(checkOf);
  return checks.every((check) => check !== undefined) ? checks : undefined;
}

function checkOf(check: Check): Accepts | undefined {
  switch (check.check) {
    case 'number_format':
      return check.format === 'safeint' ? (value) => Number.isSafeInteger(value) : undefined;
    case 'greater_than':
      return (value) =>
        typeof value === 'number' && (check.inclusive ? value >= Number(check.value) : value > Number(check.value));
    case 'less_than':
      return (value) =>
        typeof value === 'number' && (check.inclusive ? value <= Number(check.value) : value < Number(check.value));
    case 'min_length':
      return (value) => hasLength(value) && value.length >= check.minimum;
    case 'max_length':
      return (value) => hasLength(value) && value.length <= check.maximum;
    default:
      return undefined;
  }
}

function hasLength(value: TomlValue): value is string | TomlValue[] {
  return typeof value === 'string' || Array.isArray(value);
}
