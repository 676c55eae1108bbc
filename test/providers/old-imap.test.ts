import { useDatabase } from '../support/database.ts';
import { startOldImap } from '../support/providers.ts';
import { cannot, tellStory, WAYS } from './story.ts';

tellStory(useDatabase(), startOldImap, {
  ways: [
    WAYS.both,
    cannot(WAYS.move, 'processed.move', ['\\Seen']),
    cannot(WAYS.delete, 'processed.delete', []),
  ],
  selects: ['unseen', 'keyword'],
});
