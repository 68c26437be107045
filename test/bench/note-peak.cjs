// Loaded before the program (`node --require`): at its end writes to the file named in PEAK_FILE the most memory that it
// held, in bytes. Not process.resourceUsage().maxRSS: that takes over what the parent held before exec (Linux).
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env.PEAK_FILE, String(Number(kilobytes) * 1024));
});
