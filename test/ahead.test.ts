import { describe, expect, it } from 'vitest';
import { ahead } from '../src/ahead.ts';

/** Notes what is made and what is used, in order. */
function recorder(items: readonly number[]) {
  const log: string[] = [];
  async function* make(): AsyncGenerator<number> {
    try {
      for (const item of items) {
        log.push(`make ${item}`);
        yield item;
      }
    } finally {
      log.push('closed');
    }
  }
  return { log, make };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

async function use(
  source: AsyncGenerator<number>,
  log: string[],
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  for await (const item of source) {
    await pause();
    log.push(`use ${item}`);
    if (item === until) break;
  }
}

describe('ahead', () => {
  it('makes one item while the one before is used', async () => {
    const { log, make } = recorder([1, 2, 3]);
    await use(ahead(make()), log);
    expect(log).toEqual(['make 1', 'make 2', 'use 1', 'make 3', 'use 2', 'closed', 'use 3']);
  });

  it('makes nothing beside a heavy one', async () => {
    const { log, make } = recorder([1, 20, 30, 4, 5]);
    await use(
      ahead(make(), (item) => item >= 10),
      log,
    );
    expect(log).toEqual([
      ...['make 1', 'make 20', 'use 1', 'use 20', 'make 30', 'use 30'],
      ...['make 4', 'make 5', 'use 4', 'closed', 'use 5'],
    ]);
  });

  it.each([1, 20])('closes the generator when the consumer ends at %d', async (end) => {
    const { log, make } = recorder([1, 20, 3]);
    await use(
      ahead(make(), (item) => item >= 10),
      log,
      end,
    );
    expect(log.at(-1)).toBe('closed');
  });

  it('hands a failure on after what was made before it', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error('no more');
    }
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const item of ahead(failing())) {
          await pause();
          seen.push(item);
        }
      })(),
    ).rejects.toThrow('no more');
    expect(seen).toEqual([1]);
  });
});
