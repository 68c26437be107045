/** The environment variables that are settings. Of a `.env`, these alone are read. */
export type EnvironmentVariableName =
  | 'GEMINI_API_KEY'
  | 'GOOGLE_API_KEY'
  | 'GEMINI_TIER'
  | 'GOOGLE_GEMINI_BASE_URL'
  | 'BOTICELLI_MODEL'
  | 'BOTICELLI_STATE_DIR'
  | 'BOTICELLI_REDIS_URL';

/** A variable that is set. */
export interface EnvironmentVariable {
  value: string;
  /** Its name, and where it is set unless in the environment: for messages. */
  label: string;
  isFromDotEnv: boolean;
}

/**
 * Looks variables up: in the environment, and what is not there in the `.env`. One that is empty is not set. Space
 * around a value is none of it: it comes with copying.
 */
export function createVariableLookup(
  environment: Record<string, string | undefined>,
  dotEnv: ReadonlyMap<string, string>,
): (name: EnvironmentVariableName) => EnvironmentVariable | undefined {
  return (name) => {
    const environmentValue = environment[name]?.trim();
    if (environmentValue) return { value: environmentValue, label: name, isFromDotEnv: false };
    const dotEnvValue = dotEnv.get(name)?.trim();
    return dotEnvValue ? { value: dotEnvValue, label: `${name} in .env`, isFromDotEnv: true } : undefined;
  };
}
