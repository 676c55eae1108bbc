/** What a poll makes of a corpus in ../shared/mail, with every file that is not simply recorded. */
export interface Expected {
  readonly messages: number;
  readonly recorded: number;
  /** Copies by the file that they are copies of. */
  readonly duplicates: Readonly<Record<string, readonly string[]>>;
  /** Files that cannot be recorded, each with the reason. */
  readonly quarantined: Readonly<Record<string, string>>;
  /** Files of which something is not kept, each with what. */
  readonly cut: Readonly<Record<string, readonly string[]>>;
}

const MIKEL = 'mikel-mail__spec_fixtures_emails_';
const MIME4J = 'mime4j__core_src_test_resources_';

/**
 * In nasty/, many files are variants of one mail that a test's author made by hand: the same ids, dates, people and text
 * with another structure, encoding or attachment. By the contract's dedupe key they are copies.
 */
export const CORPORA: Readonly<Record<string, Expected>> = {
  nasty: {
    messages: 265,
    recorded: 229,
    duplicates: {
      'cpython__data_msg_01.txt.eml': ['cpython__data_msg_03.txt.eml', 'cpython__data_msg_29.txt.eml'],
      'cpython__data_msg_08.txt.eml': [
        'cpython__data_msg_09.txt.eml',
        'cpython__data_msg_12.txt.eml',
        'cpython__data_msg_12a.txt.eml',
      ],
      'cpython__data_msg_18.txt.eml': ['cpython__data_msg_40.txt.eml'],
      'cpython__data_msg_04.txt.eml': ['cpython__data_msg_44.txt.eml'],
      'mailauth__test_fixtures_arc-fail.eml': [
        'mailauth__test_fixtures_arc-fail2.eml',
        'mailauth__test_fixtures_arc-pass2.eml',
      ],
      'mailauth__test_fixtures_arc-fail3.eml': ['mailauth__test_fixtures_arc-pass.eml'],
      [`${MIKEL}attachment_emails_attachment_content_disposition.eml`]: [
        `${MIKEL}attachment_emails_attachment_content_location.eml`,
        `${MIKEL}attachment_emails_attachment_message_rfc822.eml`,
        `${MIKEL}attachment_emails_attachment_nonascii_filename.eml`,
        `${MIKEL}attachment_emails_attachment_with_unquoted_name.eml`,
        `${MIKEL}mime_emails_raw_email7.eml`,
      ],
      [`${MIKEL}attachment_emails_attachment_pdf.eml`]: [`${MIKEL}attachment_emails_attachment_pdf_lf.eml`],
      [`${MIKEL}attachment_emails_attachment_pdf_non_ascii.eml`]: [
        `${MIKEL}attachment_emails_attachment_pdf_non_ascii_lf.eml`,
      ],
      [`${MIKEL}error_emails_multiple_content_types.eml`]: [
        `${MIKEL}error_emails_multiple_references_with_one_invalid.eml`,
      ],
      [`${MIKEL}mime_emails_raw_email_with_illegal_boundary.eml`]: [
        `${MIKEL}mime_emails_raw_email_with_quoted_illegal_boundary.eml`,
      ],
      'mikel-mail__spec_fixtures_attachments_basic_email.eml': [`${MIKEL}plain_emails_basic_email.eml`],
      [`${MIKEL}plain_emails_raw_email10.eml`]: [
        `${MIKEL}plain_emails_raw_email5.eml`,
        `${MIKEL}plain_emails_raw_email6.eml`,
      ],
      [`${MIKEL}rfc2822_example01.eml`]: [
        `${MIKEL}rfc2822_example02.eml`,
        `${MIKEL}rfc2822_example08.eml`,
        `${MIKEL}rfc2822_example09.eml`,
      ],
      'mime4j__benchmark_src_main_resources_long-headers.msg.eml': [
        'mime4j__benchmark_src_main_resources_long-multipart.msg.eml',
      ],
      [`${MIME4J}mimetools-testmsgs_attachment-filename-encoding-Latin1.msg.eml`]: [
        `${MIME4J}mimetools-testmsgs_attachment-filename-encoding-UTF8.msg.eml`,
      ],
      [`${MIME4J}mimetools-testmsgs_double-semicolon.msg.eml`]: [
        `${MIME4J}mimetools-testmsgs_double-semicolon2.msg.eml`,
      ],
      [`${MIME4J}mimetools-testmsgs_ak-0696.msg.eml`]: [`${MIME4J}mimetools-testmsgs_mp-msg-rfc822.msg.eml`],
      [`${MIME4J}mimetools-testmsgs_multi-2evil.msg.eml`]: [
        `${MIME4J}mimetools-testmsgs_multi-2gifs.msg.eml`,
      ],
      [`${MIME4J}mimetools-testmsgs_multi-nested.msg.eml`]: [
        `${MIME4J}mimetools-testmsgs_multi-nested3.msg.eml`,
      ],
      [`${MIME4J}mimetools-testmsgs_uu-junk-target.msg.eml`]: [`${MIME4J}mimetools-testmsgs_uu-junk.msg.eml`],
      [`${MIME4J}testmsgs_missing-inner-boundary.msg.eml`]: [
        `${MIME4J}testmsgs_missing-inner-start-boundary.msg.eml`,
      ],
      [`${MIME4J}testmsgs_bad-newlines-multiple-parts.msg.eml`]: [
        `${MIME4J}testmsgs_very-long-boundary.msg.eml`,
        `${MIME4J}testmsgs_very-very-long-boundary.msg.eml`,
        `${MIME4J}testmsgs_weird-boundary.msg.eml`,
      ],
    },
    quarantined: {},
    cut: {
      'mailparser__test_fixtures_large_text.eml': ['body_text: the first 1,000,000 of 1,164,213 characters'],
      'mailparser__test_fixtures_outofmemory.eml': ['body_html: the first 1,000,000 of 1,139,579 characters'],
    },
  },
  volume: { messages: 2_000, recorded: 2_000, duplicates: {}, quarantined: {}, cut: {} },
};
