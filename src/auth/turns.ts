/** Lets so many through at a time; the others wait, whoever came first before whoever came later. */
export class Turns {
  private left: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.left = count;
  }

  /** @throws what `work` throws */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.left > 0) this.left -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.left += 1;
      else next();
    }
  }
}
