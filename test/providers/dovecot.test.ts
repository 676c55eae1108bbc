import { useDatabase } from '../support/database.ts';
import { startPlainDovecot } from '../support/providers.ts';
import { tellStory, WAYS } from './story.ts';

tellStory(useDatabase(), startPlainDovecot, {
  ways: [WAYS.keyword, WAYS.move, WAYS.delete],
  selects: ['keyword'],
});
