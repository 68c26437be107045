import fc from 'fast-check';

/** A value of parsed JSON. */
export type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

/** One change of an answer of the service. `at`, from 0 to 1, selects a place in the list of all its values. */
export type AnswerMutation =
  | { kind: 'replace'; at: number; value: Json }
  | { kind: 'remove'; at: number }
  | { kind: 'wrap'; at: number }
  | { kind: 'add'; at: number; value: Json };

/**
 * Values that replace those of an answer. Most violate the API's documentation: wrong types, empty values, numbers out
 * of range, and null, which Go gateways write for an empty list.
 */
export const wrongValues: readonly Json[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, '', ' ', 'x', '7'],
  ...[[], {}, [null], [[]], [{}], { text: null }, { parts: null }, [{ text: 7 }]],
];

// Not fc.double: it prefers numbers close to 0, so almost every change would be at the first place.
const position = fc.noBias(fc.nat({ max: 9999 })).map((number) => number / 10_000);
const value = fc.oneof(
  fc.constantFrom(...wrongValues),
  fc.jsonValue({ maxDepth: 2 }).map((json) => json as Json),
);

/** Zero to four changes. They are plain data, so that a failing case prints in full. */
export const answerMutations: fc.Arbitrary<AnswerMutation[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('replace' as const), at: position, value }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: position }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wrap' as const), at: position }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), at: position, value }) },
  ),
  { maxLength: 4 },
);

/**
 * Returns a copy of the answer with the changes, applied one after the other. A removed value leaves no field and no
 * element behind; a wrapped value becomes a list that contains it; `add` adds a field or an element next to a value.
 */
export function mutateAnswer(answer: Json, mutations: readonly AnswerMutation[]): Json {
  return mutations.reduce((current, mutation) => mutateOnce(current, mutation), structuredClone(answer));
}

/** For each value of the answer, yields copies in which a wrong value replaces it, and one in which it is removed. */
export function* listMutatedAnswers(answer: Json): Generator<Json> {
  const { length } = listPlaces({ root: structuredClone(answer) });
  for (let index = 0; index < length; index += 1) {
    // The middle of the place's share of [0, 1), so that rounding cannot select a neighbour.
    const at = (index + 0.5) / length;
    for (const value of wrongValues) yield mutateAnswer(answer, [{ kind: 'replace', at, value }]);
    yield mutateAnswer(answer, [{ kind: 'remove', at }]);
  }
}

function mutateOnce(answer: Json, sharedMutation: AnswerMutation): Json {
  // Later mutations may change the value that this mutation puts into the answer. Other test cases may get the same
  // mutation object, so the answer gets a copy of the value.
  const mutation = structuredClone(sharedMutation);
  const holder: { root: Json } = { root: answer };
  const places = listPlaces(holder);
  const place = places[Math.floor(mutation.at * places.length)];
  if (!place) return answer;
  const { parent, key } = place;
  switch (mutation.kind) {
    case 'replace':
      place.set(mutation.value);
      break;
    case 'wrap':
      place.set([place.value]);
      break;
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else if (parent === holder) holder.root = null;
      else delete parent[key];
      break;
    case 'add':
      if (Array.isArray(parent)) parent.splice(Number(key), 0, mutation.value);
      else parent.extra = mutation.value;
  }
  return holder.root;
}

interface Place {
  parent: Json[] | { [field: string]: Json };
  key: string;
  value: Json;
  set(value: Json): void;
}

/** Lists all values below an object, the outer before the inner. */
function listPlaces(parent: Json[] | { [field: string]: Json }): Place[] {
  return Object.entries(parent).flatMap(([key, value]) => {
    const set = (next: Json) => {
      if (Array.isArray(parent)) parent[Number(key)] = next;
      else parent[key] = next;
    };
    const inner = typeof value === 'object' && value !== null ? listPlaces(value) : [];
    return [{ parent, key, value, set }, ...inner];
  });
}
