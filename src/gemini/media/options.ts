import type { Connection } from '../connection.js';
import type { CallOptions } from '../rest/call-options.js';

/** What the delivery of media needs: a connection for the Files API, and the time limits of each request. */
export interface MediaDeliveryOptions extends CallOptions {
  connection: Connection;
}
