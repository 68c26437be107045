// Where Node keeps fetch's dispatcher: under `.1` in Node 20 and 22; newer ones use `.2`, and keep `.1` for old callers.
const dispatcherKeys = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name));

/** fetch's own limit for an answer's headers, and for the time between two pieces of its body. */
export const fetchLimitMs = 300_000;

/**
 * The option that lifts fetch's own limits of 300 s, for attempts that may take longer; `{}` where this Node keeps its
 * dispatcher elsewhere. @google/genai 2.32 does the same, but only where it uses a fetch of its own choosing.
 */
export function patientDispatcher(): object {
  const dispatcher = dispatcherKeys.map((key) => Reflect.get(globalThis, key)).find(Boolean);
  if (typeof dispatcher?.dispatch !== 'function') return {};
  return {
    dispatcher: {
      dispatch: (options: object, handler: unknown) =>
        dispatcher.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
    },
  };
}
