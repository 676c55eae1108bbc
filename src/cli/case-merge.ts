import { mergeCases } from '../desk/merge-cases.ts';
import { type ActOptions, act, readId } from './act.ts';

/** `mailcase case merge A B` */
export async function caseMergeCommand(into: string, from: string, options: ActOptions): Promise<number> {
  const [intoId, fromId] = [readId(into, 'a case'), readId(from, 'a case')];
  return act(options, async (started) => {
    await mergeCases(started, intoId, fromId);
    return undefined;
  });
}
