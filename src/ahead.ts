/**
 * Hands out what a generator makes, while it makes the next one already: one item ahead, so that memory holds two.
 * When the consumer ends early, the item under way is waited for and the generator is closed.
 *
 * @param isHeavy of an item that takes so much memory that there shall be no second one beside it: the next is made when
 *   the consumer is done with it
 */
export async function* ahead<T>(
  source: AsyncGenerator<T>,
  isHeavy: (item: T) => boolean = () => false,
): AsyncGenerator<T> {
  const makeNext = () => {
    const made = source.next();
    // Whoever awaits it later hears of its failure; until then it is no unhandled rejection.
    made.catch(() => {});
    return made;
  };
  let next = makeNext();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      if (isHeavy(value)) {
        yield value;
        next = makeNext();
      } else {
        next = makeNext();
        yield value;
      }
    }
  } finally {
    await next.catch(() => {});
    await source.return(undefined);
  }
}
