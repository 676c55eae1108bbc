/*
 * Header fields that mean something to other programs, in lower case: those of RFC 5322, of the registry of RFC 4021 and of
 * IANA's since, and what mail servers add.
 */

/** Every mail has some of these. */
export const STANDARD_FIELDS: readonly string[] = (
  'from to cc bcc subject date message-id in-reply-to references reply-to sender received return-path mime-version ' +
  'content-type content-transfer-encoding content-disposition content-id content-language content-description ' +
  'content-location content-base content-md5 content-duration content-features content-alternative content-return ' +
  'content-identifier list-id list-post list-unsubscribe list-unsubscribe-post list-help list-archive list-owner ' +
  'list-subscribe archived-at mailing-list auto-submitted autosubmitted autoforwarded autocrypt precedence ' +
  'authentication-results dkim-signature received-spf delivered-to envelope-to apparently-to original-recipient ' +
  'original-from original-subject original-message-id original-encoded-information-types comments keywords ' +
  'importance priority sensitivity organization organisation user-agent thread-topic thread-index feedback-id ' +
  'errors-to return-receipt-to disposition-notification-to disposition-notification-options accept-language ' +
  'mail-followup-to mail-reply-to mt-priority reply-by expires expiry-date delivery-date deferred-delivery ' +
  'latest-delivery-time supersedes obsoletes incomplete-copy language conversion conversion-with-loss message-type ' +
  'message-context disclose-recipients alternate-recipient originator-return-address generate-delivery-report ' +
  'prevent-nondelivery-report dl-expansion-history pics-label encoding encrypted require-recipient-valid-since ' +
  'solicitation tls-required tls-report-domain tls-report-submitter vbr-info bimi-indicator bimi-location ' +
  'bimi-selector cfbl-address cfbl-feedback-id jabber-id sio-label face path lines xref status newsgroups ' +
  'followup-to distribution approved control summary injection-date injection-info author'
).split(' ');

/** What filters, mail programs and services write, and rules are written on; those that differ in one letter all together. */
export const FILTER_FIELDS: readonly string[] = (
  'x-spam-flag x-spam-status x-spam-score x-spam-level x-spam-bar x-spam-report x-spam-checker-version x-spam-action ' +
  'x-spam-tests x-spam-details x-spam-symbols x-spamd-bar x-spamd-result x-spamd-score x-spamd-action x-rspamd-bar ' +
  'x-rspamd-result x-rspamd-score x-rspamd-action x-virus-scanned x-virus-status x-barracuda-spam-score ' +
  'x-barracuda-spam-status x-forefront-antispam-report x-microsoft-antispam x-ms-exchange-organization-scl ' +
  'x-ms-exchange-organization-pcl x-ms-exchange-organization-bcl x-ms-exchange-organization-authas ' +
  'x-ms-has-attach x-priority x-msmail-priority x-mailer x-mailing-list x-autoreply x-autorespond ' +
  'x-auto-response-suppress x-failed-recipients x-originating-ip x-original-from x-original-to x-forwarded-to ' +
  'x-forwarded-for x-github-reason x-github-sender x-github-recipient x-github-severity ' +
  'x-gitlab-notificationreason x-jira-fingerprint'
).split(' ');

/** Beginnings of names that are all standard. */
export const STANDARD_FAMILIES: readonly string[] = [
  'content-',
  'list-',
  'resent-',
  'arc-',
  'dkim-',
  'x400-',
];

/** Beginnings of names that servers write into mail on its way, so that two copies of one mail differ in them. */
export const SERVER_FAMILIES: readonly string[] = [
  ...['arc-', 'resent-', 'list-', 'x-received', 'x-google-', 'x-gm-', 'x-ms-', 'x-original-'],
  ...['x-forwarded-', 'x-spam-'],
];
