/** How to undo what was started; the last one goes first, and one that fails does not keep the others. */
export class Releasers {
  private readonly stack: { name: string; release: () => Promise<void> }[] = [];
  private readonly onError: (name: string, error: unknown) => void;

  constructor(onError: (name: string, error: unknown) => void = () => {}) {
    this.onError = onError;
  }

  add(name: string, release: () => Promise<void>): void {
    this.stack.push({ name, release });
  }

  async releaseAll(): Promise<void> {
    for (let entry = this.stack.pop(); entry; entry = this.stack.pop()) {
      await entry.release().catch((error: unknown) => this.onError(entry.name, error));
    }
  }
}
