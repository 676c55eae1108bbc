import { clip } from '../terminal/width.ts';

/** Shows on a terminal how far long work is and how long it will take; in logs and pipes it shows nothing. */
export interface Progress {
  show(done: number, total: number): void;
  /** Shows something else for a while. */
  say(text: string): void;
  /** Takes the line away. */
  end(): void;
}

/** What progress is shown on. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Of a terminal that does not know its width. */
const DEFAULT_COLUMNS = 80;

/** The line is written anew no more often than this, in milliseconds. */
const REDRAW_MS = 200;

/**
 * @param label what is done, e.g. `imported`
 * @param output a terminal that can take a line away again, or nothing is shown
 */
export function createProgress(
  label: string,
  output: Output = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Progress {
  if (output.isTTY !== true || env.TERM === 'dumb') return { show: () => {}, say: () => {}, end: () => {} };
  const started = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isShown = false;
  const draw = (text: string) => {
    isShown = true;
    output.write(`\r\x1b[K${clip(text, lineWidth(output))}`);
  };
  return {
    show: (done, total) => {
      const now = performance.now();
      if (done < total && now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      draw(progressLine(label, done, total, now - started));
    },
    say: draw,
    end: () => {
      if (isShown) output.write('\r\x1b[K');
      isShown = false;
    },
  };
}

/**
 * A line that is broken is taken away in part only, so it has to fit, however narrow the terminal; one column stays
 * free, since some terminals go on to the next line when the last one is taken.
 */
function lineWidth({ columns }: Output): number {
  return (columns || DEFAULT_COLUMNS) - 1;
}

/**
 * `imported 1,200 of 10,340 (11 %), 145/s, 1 min 3 s left`
 *
 * @param ms how long the work has taken so far
 */
export function progressLine(label: string, done: number, total: number, ms: number): string {
  const count = (value: number) => value.toLocaleString('en');
  const share = total === 0 ? 100 : Math.floor((done / total) * 100);
  const line = `${label} ${count(done)} of ${count(total)} (${share} %)`;
  if (done === 0 || ms <= 0) return line;
  const perSecond = (done / ms) * 1000;
  const rate = perSecond >= 10 ? count(Math.round(perSecond)) : perSecond.toFixed(1);
  return `${line}, ${rate}/s, ${readableDuration((total - done) / perSecond)} left`;
}

/** `3 s`, `1 min 3 s`, `2 h 5 min` */
export function readableDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
