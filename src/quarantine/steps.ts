import type { Entry } from './entries.ts';

/** Something to do about an entry. */
export interface Step {
  readonly when: string;
  /** As one types it; null where no command does it. */
  readonly command: string | null;
}

/** What can be done about an entry, with the very commands. */
export function stepsFor({ id, resolution, interaction_id, content_bytes }: Entry): Step[] {
  if (interaction_id !== null) {
    return [{ when: `Nothing: it is interaction ${interaction_id}.`, command: null }];
  }
  if (resolution !== null) return [{ when: 'Nothing: it stays out of the history.', command: null }];
  const look: Step = {
    when: 'To see its bytes:',
    command: `mailcase quarantine show ${id} --raw --output ${id}.eml`,
  };
  return [
    {
      when: 'Once the cause is mended (a new version, a setting, a constraint): records it as if it had just come.',
      command: `mailcase quarantine retry ${id}`,
    },
    ...(content_bytes === null ? [] : [look]),
    {
      when: 'If it is junk: deletes the bytes kept here, and keeps it out. The mail stays in the mailbox.',
      command: `mailcase quarantine drop ${id}`,
    },
  ];
}
