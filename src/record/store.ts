import { createHash } from 'node:crypto';
import type { Transaction } from '../db/connect.ts';
import { bytes, insertRows, nextIds, updateRows } from '../db/insert.ts';
import { needsPieces, storeInPieces } from '../db/pieces.ts';
import { byteLength } from '../message/text.ts';
import type { FolderRef } from './incoming.ts';
import type { NewInteraction, Plan } from './plan.ts';
import type { Customer, SupportCase } from './view.ts';

/** Stores a plan in a few multi-row statements. */
export async function storePlan(trx: Transaction, folder: FolderRef, plan: Plan): Promise<void> {
  const newCustomers = [...plan.customers].filter(isNew);
  const changedCustomers = [...plan.customers].filter((customer) => !isNew(customer));
  const newCases = [...plan.cases].filter(isNew);
  const changedCases = [...plan.cases].filter((supportCase) => !isNew(supportCase));
  const ids = await nextIds(trx, {
    customers: newCustomers.length,
    cases: newCases.length,
    interactions: plan.interactions.length,
  });
  assignIds(newCustomers, ids.customers);
  assignIds(newCases, ids.cases);
  assignIds(plan.interactions, ids.interactions);

  const now = new Date();
  const customerRow = (customer: Customer) => ({
    ...customer,
    id: idOf(customer),
    created_at: now,
    updated_at: now,
  });
  const caseRow = (supportCase: SupportCase) => ({
    ...supportCase,
    id: idOf(supportCase),
    customer: undefined,
    customer_id: supportCase.customer?.id ?? null,
    followUpOf: undefined,
    follow_up_of: supportCase.followUpOf?.id ?? null,
    created_at: now,
    updated_at: now,
  });
  await insertRows(
    trx,
    'customers',
    [...CUSTOMER_COLUMNS, 'created_at', 'id'],
    newCustomers.map(customerRow),
  );
  await updateRows(trx, 'customers', CUSTOMER_COLUMNS, changedCustomers.map(customerRow));
  await storeEmails(trx, plan);
  await insertRows(trx, 'cases', [...CASE_COLUMNS, ...NEW_CASE_COLUMNS], newCases.map(caseRow));
  await updateRows(trx, 'cases', CASE_COLUMNS, changedCases.map(caseRow));
  await insertRows(
    trx,
    'interactions',
    INTERACTION_COLUMNS,
    plan.interactions.map((i) => interactionRow(folder, i)),
  );
  await storeContents(trx, plan.interactions);
  await storeRawMessages(trx, plan.interactions);
  await storeAttachments(trx, plan.interactions);
  await storeEvents(trx, plan);
  await storeReceipts(trx, folder, plan);
}

const CUSTOMER_COLUMNS = [
  'first_name',
  'last_name',
  'company',
  'phone',
  'external_id',
  'custom_fields',
  'updated_at',
] as const;

const CASE_COLUMNS = [
  'subject',
  'status',
  'priority',
  'language',
  'labels',
  'custom_fields',
  'opened_at',
  'first_resolved_at',
  'resolved_at',
  'closed_at',
  'updated_at',
] as const;

const NEW_CASE_COLUMNS = [
  'id',
  'customer_id',
  'external_id',
  'follow_up_of',
  'received_at',
  'created_at',
] as const;

const INTERACTION_COLUMNS = [
  'id',
  'case_id',
  'customer_id',
  'folder_id',
  'direction',
  'kind',
  'message_id',
  'in_reply_to',
  'reference_ids',
  'subject',
  'from_address',
  'from_name',
  'reply_to_address',
  'to_addresses',
  'cc_addresses',
  'ip_address',
  'latitude',
  'longitude',
  'city',
  'region',
  'country_code',
  'user_agent',
  'trusted',
  'sender_auth',
  'outsider',
  'dedupe_key',
  'sent_at',
  'received_at',
  'created_at',
] as const;

function interactionRow(folder: FolderRef, interaction: NewInteraction) {
  const { incoming, supportCase, customer } = interaction;
  const { message, directives } = incoming;
  const said = directives.interaction;
  return {
    id: idOf(interaction),
    case_id: idOf(supportCase),
    customer_id: customer?.id ?? null,
    folder_id: folder.folderId,
    direction: incoming.direction,
    kind: message.kind,
    message_id: message.messageId ?? null,
    in_reply_to: message.inReplyTo[0] ?? null,
    reference_ids: message.references,
    subject: message.subject ?? null,
    from_address: message.from?.address ?? null,
    from_name: message.from?.name || null,
    reply_to_address: message.replyTo[0]?.address ?? null,
    to_addresses: message.to.map(({ address }) => address),
    cc_addresses: message.cc.map(({ address }) => address),
    ip_address: said.ip_address ?? null,
    latitude: said.latitude ?? null,
    longitude: said.longitude ?? null,
    city: said.city ?? null,
    region: said.region ?? null,
    country_code: said.country_code ?? null,
    user_agent: said.user_agent ?? null,
    trusted: incoming.trusted,
    // Nothing verifies From yet, so nothing is known of it.
    sender_auth: 'none',
    outsider: false,
    dedupe_key: bytes(incoming.dedupeKey),
    sent_at: message.sentAt ?? null,
    received_at: incoming.receivedAt,
    created_at: new Date(),
  };
}

async function storeEmails(trx: Transaction, { emails }: Plan): Promise<void> {
  if (emails.length === 0) return;
  await trx('customer_emails').insert(
    emails.map(({ customer, address, key }) => ({ customer_id: idOf(customer), address, address_key: key })),
  );
}

async function storeContents(trx: Transaction, interactions: readonly NewInteraction[]): Promise<void> {
  const large: { id: number; column: string; text: string }[] = [];
  const inline = (id: number, column: string, text: string | undefined) => {
    if (text === undefined || !needsPieces(byteLength(text))) return text ?? null;
    large.push({ id, column, text });
    return '';
  };
  const rows = interactions.map((interaction) => {
    const { message, directives } = interaction.incoming;
    const id = idOf(interaction);
    return {
      interaction_id: id,
      body_text: inline(id, 'body_text', message.text),
      body_html: inline(id, 'body_html', message.html),
      headers: message.headers.fields.map(({ name, value }) => [name, value]),
      directives: { applied: directives.applied, refused: directives.refused },
    };
  });
  const columns = ['interaction_id', 'body_text', 'body_html', 'headers', 'directives'] as const;
  await insertRows(trx, 'interaction_contents', columns, rows);
  for (const { id, column, text } of large) {
    const target = {
      table: 'interaction_contents',
      column,
      key: 'interaction_id',
      id,
      type: 'text',
    } as const;
    await storeInPieces(trx, target, Buffer.from(text, 'utf8'));
  }
}

async function storeRawMessages(trx: Transaction, interactions: readonly NewInteraction[]): Promise<void> {
  if (interactions.length === 0) return;
  const isLarge = ({ incoming }: NewInteraction) => needsPieces(incoming.source.length);
  await trx('raw_messages').insert(
    interactions.map((interaction) => ({
      interaction_id: idOf(interaction),
      size_bytes: interaction.incoming.source.length,
      sha256: createHash('sha256').update(interaction.incoming.source).digest(),
      content: isLarge(interaction) ? Buffer.alloc(0) : interaction.incoming.source,
    })),
  );
  for (const interaction of interactions.filter(isLarge)) {
    const id = idOf(interaction);
    const target = {
      table: 'raw_messages',
      column: 'content',
      key: 'interaction_id',
      id,
      type: 'bytea',
    } as const;
    await storeInPieces(trx, target, interaction.incoming.source);
  }
}

async function storeAttachments(trx: Transaction, interactions: readonly NewInteraction[]): Promise<void> {
  const rows = interactions.flatMap((interaction) =>
    interaction.incoming.message.attachments.map((attachment) => ({
      interaction_id: idOf(interaction),
      part: attachment.part,
      file_name: attachment.fileName ?? null,
      content_type: attachment.contentType,
      content_id: attachment.contentId ?? null,
      disposition: attachment.disposition ?? null,
      size_bytes: attachment.sizeBytes,
      sha256: attachment.sha256,
    })),
  );
  if (rows.length > 0) await trx.batchInsert('attachments', rows, ROWS_PER_INSERT);
}

/** PostgreSQL takes 65,535 parameters a statement; eight columns a row leave room. */
const ROWS_PER_INSERT = 1000;

async function storeEvents(trx: Transaction, { events }: Plan): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ supportCase, interaction, at, field, old, new: value }) => ({
    case_id: idOf(supportCase),
    at,
    field,
    old,
    new: value,
    interaction_id: idOf(interaction),
  }));
  await trx.batchInsert('case_events', rows, ROWS_PER_INSERT);
}

async function storeReceipts(trx: Transaction, folder: FolderRef, { receipts }: Plan): Promise<void> {
  if (receipts.length === 0) return;
  await trx('receipts').insert(
    receipts.map(({ incoming, outcome, interaction }) => ({
      folder_id: folder.folderId,
      uid_validity: folder.uidValidity,
      uid: incoming.uid,
      dedupe_key: incoming.dedupeKey,
      outcome,
      interaction_id: idOf(interaction),
    })),
  );
}

function isNew(row: { id: number | undefined }): boolean {
  return row.id === undefined;
}

function assignIds(rows: readonly { id: number | undefined }[], ids: readonly number[]): void {
  for (const [index, row] of rows.entries()) row.id = ids[index];
}

function idOf(row: { id: number | undefined }): number {
  if (row.id === undefined) throw new TypeError('a row is used before it has an id');
  return row.id;
}
