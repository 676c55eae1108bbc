/** Longest text that is kept, in bytes: a line of the log with it goes into a pipe in one piece. */
const TEXT_BYTES = 1024;

const BEATS = 0;
const ENDED = 1;
const LENGTH = 2;
const NUMBERS = 3;

/**
 * What the main thread and the one that watches it share: a count of beats, and what the main thread was doing at the
 * last one. It is plain memory, so that it can be read when the other side has stopped for good.
 */
export class Beats {
  readonly memory: SharedArrayBuffer;
  private readonly numbers: Int32Array;
  private readonly text: Buffer;

  constructor(memory = new SharedArrayBuffer(NUMBERS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES)) {
    this.memory = memory;
    this.numbers = new Int32Array(memory, 0, NUMBERS);
    this.text = Buffer.from(memory, this.numbers.byteLength, TEXT_BYTES);
  }

  /** Only whether it changes counts, so it may turn over. */
  get count(): number {
    return Atomics.load(this.numbers, BEATS);
  }

  get doing(): string {
    return this.text.toString('utf8', 0, Atomics.load(this.numbers, LENGTH));
  }

  /** @param doing is cut to what there is room for, between two characters */
  beat(doing: string): void {
    Atomics.store(this.numbers, LENGTH, this.text.write(doing));
    Atomics.add(this.numbers, BEATS, 1);
  }

  /** Wakes whoever waits. */
  end(): void {
    Atomics.store(this.numbers, ENDED, 1);
    Atomics.notify(this.numbers, ENDED);
  }

  /** Stops the thread for so long, or until the end. @returns whether it has ended */
  waitForEnd(ms: number): boolean {
    return Atomics.wait(this.numbers, ENDED, 0, ms) !== 'timed-out';
  }
}
