/** The state machine inside @iarna/toml: the members that `parse-toml.ts` uses. */
declare module '@iarna/toml/lib/toml-parser.js' {
  export default class TOMLParser {
    /** Index of the current character. */
    ii: number;
    /** The current token, as far as it was read. */
    state: { buf: string };
    parse(text: string): void;
    finish(): import('./toml.js').TomlTable;
    recordAssignKeyword(key: string): unknown;
    parseTableMore(key: string): unknown;
    parseListMore(key: string): unknown;
    returnNow(value: unknown): unknown;
  }
}
