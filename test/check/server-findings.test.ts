import { expect, it } from 'vitest';
import { sectionOf } from '../../src/check/finding.ts';
import { failureFinding } from '../../src/check/server-findings.ts';
import { MailcaseError } from '../../src/errors.ts';
import { loadMailbox } from '../support/mailcase.ts';

const section = sectionOf('Mailbox support');
const mailbox = (imap: Record<string, unknown> = {}) =>
  loadMailbox('support@example.com', {
    imap: { host: 'imap.example.com', port: 993, tls: 'implicit', ...imap },
  });

it('says for how long a server asks to be left alone, where it has said so', async () => {
  const found = async (fields: Record<string, number>) =>
    failureFinding(
      section,
      await mailbox(),
      new MailcaseError('imap_throttled', 'no', { fields }),
      undefined,
    );
  expect((await found({ retryAfterMs: 119_001 })).cure).toMatch(/^wait 120 s, as it asks for, then run/);
  expect((await found({})).cure).toMatch(/^wait, then run/);
});

it.each([
  ['starttls', true],
  ['implicit', false],
])('a port that keeps silent with tls: %s may speak TLS at once: %s', async (tls, isSaid) => {
  const { cure } = failureFinding(section, await mailbox({ tls }), undefined, 60);
  expect(cure?.includes('try `tls: implicit`')).toBe(isSaid);
});
