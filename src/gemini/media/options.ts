import type { Connection } from '../connection.js';
import type { CallOptions } from '../rest/call-options.js';

/** What the preparation of media needs: a connection for the Files API, and the time limits of each request. */
export interface MediaOptions extends CallOptions {
  connection: Connection;
}
