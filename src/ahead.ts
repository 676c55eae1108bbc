/**
 * Hands out what a generator makes, while it makes the next one already: one item ahead, so that memory holds two.
 * When the consumer ends early, the item under way is waited for and the generator is closed.
 */
export async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = source.next();
      // Whoever awaits it later hears of its failure; until then it is no unhandled rejection.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await next.catch(() => {});
    await source.return(undefined);
  }
}
