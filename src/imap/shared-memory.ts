/**
 * Memory for large messages, which threads share, so that there is one copy of each. V8 does not count it when it decides
 * to collect garbage, and would let one such message after another lie about: what is given back is used again.
 */
export class SharedMemory {
  private free: SharedArrayBuffer | undefined;

  /** @returns memory of this length in bytes, with anything in it */
  take(length: number): Buffer {
    const memory = this.free !== undefined && this.free.byteLength >= length ? this.free : undefined;
    if (memory !== undefined) this.free = undefined;
    return Buffer.from(memory ?? new SharedArrayBuffer(length), 0, length);
  }

  /** Gives memory back that nobody looks at any more; any other Buffer is left alone. */
  release({ buffer }: Buffer): void {
    if (!(buffer instanceof SharedArrayBuffer)) return;
    // One is enough: large messages come one at a time.
    if (this.free === undefined || this.free.byteLength < buffer.byteLength) this.free = buffer;
  }

  /** Keeps nothing: the next large message may be hours away. */
  clear(): void {
    this.free = undefined;
  }
}
