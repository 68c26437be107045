/** The parser inside of @iarna/toml, a state machine: the part of it that `parse-toml.ts` uses. */
declare module '@iarna/toml/lib/toml-parser.js' {
  export default class TOMLParser {
    /** The index of the character that the parser is at. */
    ii: number;
    /** What was read of the token that it is in. */
    state: { buf: string };
    parse(text: string): void;
    finish(): import('./toml.js').TomlTable;
    recordAssignKeyword(key: string): unknown;
    parseTableMore(key: string): unknown;
    parseListMore(key: string): unknown;
    returnNow(value: unknown): unknown;
  }
}
