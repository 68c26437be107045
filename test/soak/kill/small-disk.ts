import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that can run out of space. */
export interface SmallDisk {
  folder: string;
  /** Why no disk could be mounted, so that `fill` and `setReadOnly` do nothing; undefined if one is mounted. */
  mountProblem: string | undefined;
  /** Whether `fill` has filled the disk, and `free` has not been called since. */
  readonly isFull: boolean;
  /** Fills the disk with a file, except for about `freeBytes`. */
  fill(freeBytes: number): void;
  /** Frees the disk: removes the file that `fill` wrote. */
  free(): void;
  /** Makes the disk read-only, or writable again. No file on it may be open for writing. */
  setReadOnly(isReadOnly: boolean): void;
  close(): void;
}

const pageBytes = 4096;

/** Mounts a tmpfs of a few megabytes. Without the permission to mount, the disk is an ordinary folder. */
export function createSmallDisk(megabytes = 12): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'boticelli-disk-'));
  const { status, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  const mountProblem = status === 0 ? undefined : `a tmpfs can't be mounted here (${error?.message ?? 'not allowed'})`;
  const filler = join(folder, 'filler');
  let isFull = false;
  const unmount = () => {
    if (mountProblem === undefined) spawnSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', unmount);
  return {
    folder,
    mountProblem,
    get isFull() {
      return isFull;
    },
    fill(freeBytes) {
      if (mountProblem !== undefined || isFull) return;
      isFull = true;
      const fd = openSync(filler, 'w');
      const length = writeUntilFull(fd);
      ftruncateSync(fd, Math.max(0, length - Math.ceil(freeBytes / pageBytes) * pageBytes));
      closeSync(fd);
    },
    free() {
      isFull = false;
      rmSync(filler, { force: true });
    },
    setReadOnly(isReadOnly) {
      if (mountProblem !== undefined) return;
      execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder]);
    },
    close() {
      process.off('exit', unmount);
      unmount();
    },
  };
}

function writeUntilFull(fd: number): number {
  const megabyte = Buffer.alloc(1_048_576);
  for (let length = 0; ; ) {
    try {
      length += writeSync(fd, megabyte);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') return length;
      throw thrown;
    }
  }
}
