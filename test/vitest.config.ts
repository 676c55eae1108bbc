import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/leak-guard.ts'],
    // Real servers on two cores: slow is not wrong, and a hang still ends.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Worker threads of ours are started from TypeScript.
    execArgv: ['--import', 'tsx'],
    maxWorkers: 2,
    // Tests of a file that run side by side each have a daemon at work.
    maxConcurrency: 4,
  },
});
