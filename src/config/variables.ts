/** The environment variables that are settings. Of a `.env`, these alone are read. */
export type VariableName =
  | 'GEMINI_API_KEY'
  | 'GOOGLE_API_KEY'
  | 'GEMINI_TIER'
  | 'GOOGLE_GEMINI_BASE_URL'
  | 'BOTICELLI_MODEL'
  | 'BOTICELLI_STATE_DIR'
  | 'BOTICELLI_REDIS_URL';

/** A variable that is set. */
export interface Variable {
  value: string;
  /** Its name, and where it is set unless in the environment: for messages. */
  words: string;
  isFromDotEnv: boolean;
}

/**
 * Looks variables up: in the environment, and what is not there in the `.env`. One that is empty is not set. Space
 * around a value is none of it: it comes with copying.
 */
export function variablesOf(
  environment: Record<string, string | undefined>,
  dotEnv: ReadonlyMap<string, string>,
): (name: VariableName) => Variable | undefined {
  return (name) => {
    const own = environment[name]?.trim();
    if (own) return { value: own, words: name, isFromDotEnv: false };
    const value = dotEnv.get(name)?.trim();
    return value ? { value, words: `${name} in .env`, isFromDotEnv: true } : undefined;
  };
}
