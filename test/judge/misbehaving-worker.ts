import { existsSync, writeFileSync } from 'node:fs';
import work, { type Answer, type Task } from '../../src/judge/worker.ts';

/*
 * The worker of the program, with defects that no parser we know has: a message whose text asks for one gets it. All
 * others are judged as ever.
 */

const DEFECTS: Readonly<Record<string, () => unknown>> = {
  'please hang': () => {
    for (;;);
  },
  'please hang in a pattern': () => /^(a+)+$/.test(`${'a'.repeat(60)}b`),
  'please fill the heap': () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => `${i}`));
  },
  'please fill buffers': () => {
    const kept: Buffer[] = [];
    for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, kept.length));
  },
  'please exit': () => process.exit(3),
  'please never answer': () => new Promise(() => {}),
  'please throw': () => {
    throw new TypeError('a defect of the parser');
  },
  'please throw later': () => {
    setImmediate(() => {
      throw new TypeError('a defect that nobody waits for');
    });
    return new Promise(() => {});
  },
};

export default async function misbehave(task: Task): Promise<Answer> {
  const text = Buffer.from(task.source).toString('latin1').split('\r\n\r\n')[1]?.trim() ?? '';
  const [, file] = /^please hang once, as (\S+) says$/.exec(text) ?? [];
  if (file !== undefined && !existsSync(file)) {
    writeFileSync(file, '');
    for (;;);
  }
  if (text === 'please say which setup') return { error: `setup ${task.setupId}` };
  await DEFECTS[text]?.();
  return work(task);
}
