import { AsyncLocalStorage } from 'node:async_hooks';
import { MailcaseError } from '../errors.ts';
import { onAbort } from '../waiting.ts';

const endings = new AsyncLocalStorage<Ending>();

/**
 * Runs work whose statements on any database end when a signal is aborted: each connection that it has is torn down,
 * and whoever waits for a statement, a connection or the end of a transaction is told at once. What was under way may
 * have been done all the same, a COMMIT too. A scope within another one ends with either of the signals.
 *
 * @param signal keeps nothing of the work when no statement of it is under way, so it may live as long as the daemon
 * @throws MailcaseError `database_cut` from each statement that is ended so, or begun afterwards
 */
export function endingWith<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  // knex runs a statement when somebody waits for it, which has to be here.
  return endings.run(new Ending(signal, endings.getStore()), async () => await work());
}

/** What ends the statements of the work under way, if anything does. */
export function currentEnding(): Ending | undefined {
  return endings.getStore();
}

/** The signals of one scope, and what is to be done when one of them is aborted. */
export class Ending {
  private readonly signals: readonly AbortSignal[];

  constructor(signal: AbortSignal, outer: Ending | undefined) {
    this.signals = [...new Set([signal, ...(outer?.signals ?? [])])];
  }

  /** @throws MailcaseError where it is over */
  assertOpen(): void {
    if (this.isOver()) throw cutOff();
  }

  isOver(): boolean {
    return this.signals.some(({ aborted }) => aborted);
  }

  /** Calls something once, at the end; at once, where it is over. @returns what takes it back */
  atEnd(end: () => void): () => void {
    if (this.isOver()) {
      end();
      return () => {};
    }
    const forget = () => {
      for (const each of forgets) each();
    };
    const forgets = this.signals.map((signal) =>
      onAbort(signal, () => {
        forget();
        end();
      }),
    );
    return forget;
  }

  /**
   * Waits for something, but not beyond the end. An answer and the end cannot cross: it is either taken or late.
   *
   * @param taken is given what came in time, before anyone else runs
   * @param late is given what came when nobody waited for it any more
   */
  async await<T>(
    work: Promise<T>,
    { taken, late }: { taken?: (value: T) => void; late?: (value: T) => void } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const forget = this.atEnd(() => {
        isOver = true;
        reject(cutOff());
      });
      work.then(
        (value) => {
          forget();
          if (isOver) return late?.(value);
          taken?.(value);
          resolve(value);
        },
        (error: unknown) => {
          forget();
          reject(error);
        },
      );
    });
  }
}

/** What every statement of a scope that is over is told. */
export function cutOff(): MailcaseError {
  return new MailcaseError('database_cut', 'what was asked of the database was cut off before the answer');
}
