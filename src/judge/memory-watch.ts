/** How often memory is looked at, in milliseconds: in between, a thread fills some hundred megabytes at most. */
const INTERVAL_MS = 100;

/**
 * Watches how much the process grows beyond what this thread itself takes: what other threads hold, their Buffers too,
 * which V8's own limits do not see. It cannot tell one other thread from another.
 */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private readonly start = othersBytes();

  /** @param onExceeded called once when the others have grown by more than `bytes` since now */
  constructor(bytes: number, onExceeded: () => void) {
    this.timer = setInterval(() => {
      if (othersBytes() - this.start <= bytes) return;
      this.end();
      onExceeded();
    }, INTERVAL_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }
}

/** What the process holds beside this thread's heap and Buffers. */
function othersBytes(): number {
  const { rss, heapTotal, external } = process.memoryUsage();
  return rss - heapTotal - external;
}
