import { moveInteraction } from '../desk/move-interaction.ts';
import { ownMatcher } from '../message/addresses.ts';
import { type ActOptions, act, readId } from './act.ts';

/** `mailcase case move INTERACTION CASE|new` */
export async function caseMoveCommand(
  interaction: string,
  target: string,
  options: ActOptions,
): Promise<number> {
  const interactionId = readId(interaction, 'an interaction');
  const into = target === 'new' ? target : readId(target, 'a case (or the word new)');
  return act(options, async (started, { config }) => {
    const isOwn = ownMatcher(config.mailboxes.flatMap(({ own }) => own));
    await moveInteraction(started, interactionId, into, isOwn);
    return undefined;
  });
}
