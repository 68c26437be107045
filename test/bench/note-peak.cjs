// Loaded before the program with `node --require`: writes its peak memory in bytes to PEAK_FILE when it exits.
// process.resourceUsage().maxRSS is not used, because on Linux it includes the memory of the parent before exec.
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(process.env.PEAK_FILE, String(Number(kilobytes) * 1024));
});
