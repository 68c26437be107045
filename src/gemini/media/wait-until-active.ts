import type { File } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import type { MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { createFilesClient, formatMediaName } from './upload-file.js';

/** A file that the service has, ready to be referred to. */
export interface ActiveFile {
  uri: string;
}

export interface WaitUntilActiveOptions extends MediaDeliveryOptions {
  part: MediaPart;
  context: CallContext;
}

/**
 * Waits, no longer than the timeout, until a file that was sent can be used. Rejects with a BoticelliError that names the
 * file; a passing one where the service could not be asked, which is no reason to send the file again.
 */
export async function waitUntilActive(uploaded: File, options: WaitUntilActiveOptions): Promise<ActiveFile> {
  const name = formatMediaName(options.part);
  const file = uploaded.state === 'PROCESSING' ? await pollUntilProcessed(uploaded, name, options) : uploaded;
  if (file.state === 'FAILED') throw createProcessingError(name, file);
  if (file.uri === undefined) throw new BoticelliError('unavailable', `the Files API gave ${name} no address`);
  return { uri: file.uri };
}

/** Films are looked through before they can be used: PROCESSING, then ACTIVE or FAILED. */
async function pollUntilProcessed(uploaded: File, name: string, options: WaitUntilActiveOptions): Promise<File> {
  const { context, clock, timeoutMs } = options;
  const { signal } = context;
  const errorPrefix = `the service did not say whether ${name} can be used yet`;
  const files = await createFilesClient({ ...options, signal, errorPrefix });
  const deadlineMs = clock.now() + timeoutMs;
  let file = uploaded;
  context.emit?.({ type: 'note', about: 'upload', message: `${name} is there and being processed` });
  for (let delayMs = 250; file.state === 'PROCESSING'; delayMs = Math.min(delayMs * 1.5, 5000)) {
    const remainingMs = deadlineMs - clock.now();
    if (remainingMs <= 0) throw createTimeoutError(name, timeoutMs);
    await clock.sleep(Math.min(delayMs, remainingMs), signal);
    file = await files.get({ name: uploaded.name ?? '' });
  }
  return file;
}

function createTimeoutError(name: string, timeoutMs: number): BoticelliError {
  return new BoticelliError('timeout', `the service was not done with ${name} within ${timeoutMs / 1000} s`, {
    hint: 'Allow more with --timeout.',
  });
}

function createProcessingError(name: string, { error }: File): BoticelliError {
  const detail = error?.message === undefined ? '' : `: ${error.message}`;
  return new BoticelliError('invalid_request', `the service could not process ${name}${detail}`, {
    hint: 'Check that it plays or opens, and that it is not protected.',
  });
}
