/*
 * Header fields that mean something to other programs, in lower case: RFC 5322, the registry of RFC 4021, and what mail
 * servers add.
 */

/** Every mail has some of these. */
export const STANDARD_FIELDS: readonly string[] = (
  'from to cc bcc subject date message-id in-reply-to references reply-to sender received return-path mime-version ' +
  'content-type content-transfer-encoding content-disposition content-id content-language list-id list-post ' +
  'list-unsubscribe list-help list-archive list-owner list-subscribe auto-submitted precedence ' +
  'authentication-results dkim-signature received-spf delivered-to comments keywords importance priority sensitivity ' +
  'organization user-agent thread-topic thread-index feedback-id errors-to return-receipt-to ' +
  'disposition-notification-to envelope-to'
).split(' ');

/** Beginnings of names that are all standard. */
export const STANDARD_FAMILIES: readonly string[] = ['content-', 'list-', 'resent-', 'arc-', 'dkim-'];
