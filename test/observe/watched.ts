/*
 * A process that watches its main thread, and does to it what it is told: `watched.ts MODULE WORK HANG_MS`. MODULE is the
 * URL of the module, compiled or not.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

type Module = typeof import('../../src/observe/main-thread.ts');

const [, , url = '', work = '', hangMs = ''] = process.argv;
const { watchMainThread } = (await import(url)) as Module;

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

let doing = 'beginning';
const watch = watchMainThread({
  hangMs: Number(hangMs),
  checkMs: 100,
  doing: () => doing,
  onLost: (error) => writeSync(1, `lost: ${String(error)}\n`),
});

const WORKS: Readonly<Record<string, () => Promise<void>>> = {
  hang: async () => {
    doing = `polling "support"\n\u001B[31m${'ä'.repeat(2_000)}`;
    await sleep(500);
    block(Number.POSITIVE_INFINITY);
  },
  'hang at writing what nobody reads': async () => {
    await sleep(500);
    for (;;) {
      try {
        writeSync(1, Buffer.alloc(1024 * 1024));
      } catch {
        // It is full, and says so or blocks.
      }
    }
  },
  'be slow': async () => {
    for (let i = 0; i < 3; i += 1) {
      await sleep(500);
      block(Number(hangMs) / 4);
    }
    writeSync(1, 'went on\n');
    await watch.end();
  },
  answer: async () => {
    writeSync(1, 'ready\n');
    for await (const line of process.stdin) writeSync(1, `heard ${String(line)}`);
    await watch.end();
  },
  nothing: async () => {},
  'end, then hang': async () => {
    await watch.end();
    block(2 * Number(hangMs));
    writeSync(1, 'went on\n');
  },
  'say what another watch takes': async () => {
    await sleep(1_000);
    const before = process.memoryUsage.rss();
    const another = watchMainThread({ doing: () => doing });
    await sleep(2_000);
    const bytes = process.memoryUsage.rss() - before;
    const cpu = process.cpuUsage();
    await sleep(3_000);
    const { user, system } = process.cpuUsage(cpu);
    await another.end();
    await watch.end();
    writeSync(1, `${bytes} ${user + system}\n`);
  },
  exit: async () => {
    await sleep(300);
    process.exit(7);
  },
};

await WORKS[work]?.();
