import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'what the database itself says of its tables and columns';

/** What each table, view and column means, where psql's \d+ and every SQL client show it. tables.md is made of it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(statements((text) => `'${text.replaceAll("'", "''")}'`));
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(statements(() => 'null'));
}

interface Relation {
  readonly kind: 'table' | 'view';
  readonly about: string;
  readonly columns: Readonly<Record<string, string>>;
}

function statements(literal: (text: string) => string): string {
  return Object.entries(RELATIONS)
    .flatMap(([name, { kind, about, columns }]) => [
      `comment on ${kind} ${name} is ${literal(about)};`,
      ...Object.entries(columns).map(
        ([column, text]) => `comment on column ${name}.${column} is ${literal(text)};`,
      ),
    ])
    .join('\n');
}

const INTERACTION_COLUMNS = {
  id: 'Number of the interaction',
  case_id: 'The case that it belongs to',
  customer_id:
    "Whom this mail came from or went to, perhaps not the case's own customer; null: the mail had no usable address",
  folder_id: 'The folder in which it was met first',
  direction: 'in: from a customer; out: to a customer',
  kind: 'mail: written by a person or one of your systems; auto_reply, bounce, receipt, calendar: wrote itself; list: from a mailing list',
  message_id: 'Message-ID without angle brackets; not unique; null where the mail has none that is usable',
  in_reply_to: 'The first Message-ID of In-Reply-To, without angle brackets',
  reference_ids: 'The Message-IDs of References, in their order, without angle brackets',
  subject: 'The Subject field, decoded, on one line; null where the mail has none',
  from_address: 'The first address of From, as it was written; null where none is usable',
  from_name: 'The display name beside it, decoded; null where there is none',
  reply_to_address: 'The first address of Reply-To',
  to_addresses: 'The addresses of To in their order, as they were written, without names',
  cc_addresses: 'The addresses of Cc likewise',
  ip_address: 'Where the customer wrote from, as a trusted header says',
  latitude: 'Decimal degrees, north is positive, as a trusted header says',
  longitude: 'Decimal degrees, east is positive, as a trusted header says',
  city: 'As a trusted header says',
  region: 'As a trusted header says',
  country_code: 'ISO 3166-1 alpha-2 in upper case, as a trusted header says',
  user_agent: "The customer's browser or program, as a trusted header says",
  trusted:
    'Whether its x-headers were instructions when it was recorded, by itself or by a trusted copy of it',
  sender_auth:
    'Whether From was verified: pass, fail, none (not known); always none as long as mailcase verifies nothing',
  outsider:
    'It joined its case by what it answers, from somebody who had no part in the case before: look twice',
  dedupe_key:
    'What makes it the same mail as another: a version byte and a SHA-256, made of the mail itself; unique',
  sent_at: 'The Date field, which the sender wrote; null where it is missing or no date',
  received_at: 'When the server received it (INTERNALDATE): the time to count and sort by',
  created_at: 'When mailcase recorded it',
} as const;

const CONTENT_COLUMNS = {
  body_text: 'Its text parts, decoded and joined; null where it has only HTML, or no text at all',
  body_html:
    'Its HTML parts, decoded, as the sender wrote them: not made safe to be shown in a browser; null where it has none',
  headers:
    '[[name, value], …] in the order of the message, values decoded and on one line, shared secrets overwritten',
  directives:
    '{applied: [{by, field, value}], refused: [{by, value, reason}], decided: [{what, value, why}]}: which header set which field, what was not applied and why, and why kind, direction, customer, case and status are as they are (decided: from migration 0003 on)',
} as const;

const RELATIONS: Readonly<Record<string, Relation>> = {
  mailboxes: {
    kind: 'table',
    about: 'The configured support accounts, by the name that the configuration gives them.',
    columns: {
      id: 'Number of the mailbox',
      name: 'mailboxes[].name of the configuration; under another name it is another mailbox',
      email: "The account's address; null where the IMAP user name is none",
      last_polled_at: 'When a poll last came to a good end; null: none did yet',
      last_error: 'Why the last poll, or a part of it, failed; null after a good one',
      lease_holder: 'Reserved: which daemon polls it; always null today',
      leased_until: 'Reserved: until when; always null today',
      created_at: 'When a poll or an import first tried it',
      busy_until:
        'A poll records new mail, at the latest until then, and imports give way; null: nothing is being recorded',
    },
  },
  folders: {
    kind: 'table',
    about: 'IMAP folders of those accounts, with what is remembered of them from poll to poll.',
    columns: {
      id: 'Number of the folder',
      mailbox_id: 'The mailbox that it is in',
      account: 'IMAP user and host (user@host): another account behind the same name has other UIDs',
      path: 'Its path as the server shows it, in Unicode',
      role: 'inbox: mail that came in; sent: what your people sent, recorded as outbound and never marked',
      uid_validity:
        'UIDVALIDITY (RFC 3501) at the last contact: as long as it stays, a UID means the same message',
      started_at: 'When mailcase first looked into it, in a poll or an import',
      select_by:
        'How polls select its mail: unseen, keyword or new; null: it was imported from, and is not polled',
      start_at: 'Mail received earlier does not count; null: all mail counts',
      start_uid:
        'The first UID that counts, as long as UIDVALIDITY is start_uid_validity; null: start_at decides',
      start_uid_validity: 'The UIDVALIDITY that start_uid belongs to',
      swept_uid: 'With select_by new: every message up to this UID has its receipt or does not count',
      swept_uid_validity: 'The UIDVALIDITY that swept_uid belongs to',
    },
  },
  customers: {
    kind: 'table',
    about: 'The people whom mail came from or went to.',
    columns: {
      id: 'Number of the customer',
      first_name: 'From a display name, or a person; null: not known',
      last_name: 'From a display name, or a person; null: not known',
      company: 'x-desk-customer-company, or a person',
      phone: 'x-desk-customer-phone, or a person; as it was written',
      external_id: "The customer's number in your own systems (x-desk-customer-external-id); unique",
      language: 'ISO 639-1, optionally with a region (es, pt-BR); no header sets it',
      custom_fields: '{"key": "text"} of x-desk-customer-custom-KEY, keys in lower case',
      created_at: 'When mailcase made the row, not when the customer first wrote',
      updated_at: 'When the row last changed',
      merged_into:
        'The customer whom this one was merged into, to whom all that comes for it goes; never itself merged; null: not merged',
    },
  },
  customer_emails: {
    kind: 'table',
    about: 'The addresses of customers; an address belongs to one customer.',
    columns: {
      id: 'Number of the address',
      customer_id: 'Whose it is',
      address: 'As the first mail wrote it',
      address_key:
        'What addresses are compared by: lower case, the domain in A-labels (xn--bcher-kva.example); unique',
      created_at: 'When it was first met',
    },
  },
  cases: {
    kind: 'table',
    about: 'What is to be settled with a customer: a conversation, or all mail with one external id.',
    columns: {
      id: 'Number of the case; what cases.subject_number looks for in subjects',
      customer_id: 'The first customer of the case; null: no mail of it had a usable address',
      external_id: 'Its number in your own systems (x-desk-case-external-id); unique',
      subject: 'Of the first mail, unless x-desk-case-subject or a person said otherwise',
      status:
        'new: nobody answered yet; open: the customer waits; pending: we wait; resolved: settled, an inbound mail opens it again; closed: for good, an answer begins a new case',
      priority: '1 to 10, by x-desk-case-priority or a person; null: not set',
      language:
        'ISO 639-1, optionally with a region (es, pt-BR), by x-desk-case-language or a person; null: not set',
      labels: 'In the order in which they were added, none twice',
      custom_fields: '{"key": "text"} of x-desk-case-custom-KEY, keys in lower case',
      follow_up_of:
        'The case that this one goes on from: it was closed, or a campaign; null: it goes on from none',
      received_at: 'INTERNALDATE of the mail that began it; an import of older mail moves it back',
      opened_at: 'When it last became open; null: never',
      first_resolved_at: 'When it first became resolved; stays when it is opened again',
      resolved_at: 'When it last became resolved; stays when it is opened again',
      closed_at: 'When it last became closed',
      created_at: 'When mailcase made the row',
      updated_at: 'When the row last changed',
      merged_into:
        'The case that this one was merged into, to which all that comes for it goes; then its status is closed; null: not merged',
    },
  },
  case_participants: {
    kind: 'table',
    about: 'Who wrote in a case or was written to in it; never outsiders, never own addresses.',
    columns: {
      case_id: 'The case',
      address_key: 'The address, as in customer_emails.address_key; the person may have others',
      since: 'When this became known, not when the mail came',
    },
  },
  case_events: {
    kind: 'table',
    about: 'Every change of a field of a case, the first status too.',
    columns: {
      id: 'Number of the event; by it, and not by at, they are in the order in which they happened',
      case_id: 'The case that changed',
      at: 'INTERNALDATE of the mail that changed it, which may be read late, or when the person acted',
      field:
        'status, priority, language, subject, labels, custom_fields.KEY, external_id, customer_id, received_at …; merged: another case (new) went into this one; interaction: a mail went from one case (old) to another (new)',
      old: 'The value before as text (labels joined by commas, customers by number); null: there was none',
      new: 'The value after, likewise',
      interaction_id:
        'The mail that changed it; beside an actor, the mail that the person moved or took for no outsider; null: a person changed it, and no mail is concerned',
      actor: 'The person who changed it; null: a mail did',
      reason:
        'What the change goes back to: a header field, the lifecycle, that a person merged cases or customers or moved a mail; null: a person set just this field, or it was changed before migration 0003',
    },
  },
  customer_events: {
    kind: 'table',
    about: 'What people changed of a customer; what mail changes is in the directives of the mail.',
    columns: {
      id: 'Number of the event',
      customer_id: 'The customer who changed',
      at: 'When the person acted',
      field: 'The column, or what was done',
      old: 'The value before as text; null: there was none',
      new: 'The value after as text; null: none',
      actor: 'The person who did it',
    },
  },
  interactions: {
    kind: 'table',
    about: 'One row for each mail that was recorded, however many copies of it came.',
    columns: INTERACTION_COLUMNS,
  },
  interaction_contents: {
    kind: 'table',
    about: 'The wide part of an interaction, apart, so that reports scan narrow rows.',
    columns: { interaction_id: 'The interaction', ...CONTENT_COLUMNS },
  },
  interaction_references: {
    kind: 'table',
    about:
      'What an interaction refers to, by In-Reply-To, References or a report, so that a mail which is read after its answer finds it.',
    columns: {
      message_id: 'The Message-ID that is referred to, without angle brackets; its mail may not be known',
      interaction_id: 'The interaction that refers to it',
    },
  },
  attachments: {
    kind: 'table',
    about:
      'The attachments of interactions; their bytes are in raw_messages, and `mailcase attachment ID` takes them out.',
    columns: {
      id: 'Number of the attachment, for `mailcase attachment`',
      interaction_id: 'The interaction that it came with',
      part: 'IMAP part number (1.2), as in the raw mail',
      file_name: 'As the sender wrote it: not safe as a path; null where it has none',
      content_type: 'Media type in lower case, as the sender wrote it',
      content_id: 'Content-ID by which HTML refers to it; null where it has none',
      disposition: 'attachment, inline or what else the sender wrote; null where nothing is said',
      size_bytes: 'Of the decoded content, in bytes',
      sha256: 'Of the decoded content',
    },
  },
  raw_messages: {
    kind: 'table',
    about: 'Each interaction as the server handed it out: the one copy of its bytes.',
    columns: {
      interaction_id: 'The interaction',
      size_bytes: 'Of content, in bytes',
      sha256: 'Of content',
      content: 'The message (RFC 5322), with shared secrets overwritten in place',
    },
  },
  receipts: {
    kind: 'table',
    about: 'What became of each message of a folder: what has a receipt is not fetched again.',
    columns: {
      folder_id: 'The folder',
      uid_validity: 'Its UIDVALIDITY when the message was read',
      uid: 'UID of the message',
      dedupe_key: 'As in interactions.dedupe_key; null for what was quarantined',
      outcome:
        'recorded: a new interaction; duplicate: a copy of one; quarantined: see quarantine; skipped: reserved',
      interaction_id: 'The interaction that it is, or is a copy of; null for what was quarantined',
      attempts: 'Reserved: always 1 today',
      last_error: 'Why it was quarantined; else null',
      recorded_at: 'When the receipt was written, in the transaction that recorded the message',
      processed_at:
        'When it was marked processed in the folder, or nothing was to be marked; null: it was not marked yet, and the next poll tries again',
    },
  },
  quarantine: {
    kind: 'table',
    about:
      'Messages that could not be recorded for a reason of their own, kept with their bytes and the error.',
    columns: {
      id: 'Number of the entry',
      folder_id: 'The folder that it lies in',
      uid_validity: 'UIDVALIDITY of the folder then',
      uid: 'UID of the message',
      stage:
        'Where it failed: fetch (too large), parse, decide (what it means) or store (the database refused its values)',
      error: 'What was wrong',
      attempts: 'Reserved: always 1 today',
      content: 'The raw message, shared secrets overwritten; null where it was too large to be fetched',
      created_at: 'When it was set aside',
      resolved_at: 'When somebody dealt with it; null: it waits. mailcase itself never sets it today',
    },
  },
  interactions_with_contents: {
    kind: 'view',
    about: 'Interactions with their contents in one row; wide, so not for counting.',
    columns: { ...INTERACTION_COLUMNS, ...CONTENT_COLUMNS },
  },
  customer_history: {
    kind: 'view',
    about: 'One row for each interaction, with its case: the timeline of a customer, ordered by received_at.',
    columns: {
      customer_id: 'Whom the mail came from or went to',
      received_at: INTERACTION_COLUMNS.received_at,
      direction: INTERACTION_COLUMNS.direction,
      kind: INTERACTION_COLUMNS.kind,
      interaction_id: 'The interaction',
      case_id: INTERACTION_COLUMNS.case_id,
      case_external_id: 'cases.external_id',
      case_status: 'cases.status, as it is now',
      case_subject: 'cases.subject',
      subject: INTERACTION_COLUMNS.subject,
      from_address: INTERACTION_COLUMNS.from_address,
      to_addresses: INTERACTION_COLUMNS.to_addresses,
      outsider: INTERACTION_COLUMNS.outsider,
    },
  },
  interactions_per_day: {
    kind: 'view',
    about:
      'How many interactions each day, by mailbox, direction and kind; a mail in two mailboxes counts once.',
    columns: {
      day: 'The day of received_at in UTC',
      mailbox: 'mailboxes.name of the folder in which the mail was met first',
      direction: INTERACTION_COLUMNS.direction,
      kind: INTERACTION_COLUMNS.kind,
      interactions: 'Their number',
    },
  },
};
