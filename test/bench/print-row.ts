/** Prints a row of the bench's table: what, boticelli, peer, ratio, aim. */
export type PrintRow = (...cells: string[]) => void;
