import type { Transaction } from '../db/connect.ts';
import { bytes, insertRows, updateRows } from '../db/insert.ts';
import { needsPieces, storeInPieces } from '../db/pieces.ts';
import { byteLength } from '../message/text.ts';
import type { Directives } from '../rules/directives.ts';
import { sha256Of } from './content.ts';
import type { NewInteraction, Plan } from './plan.ts';
import { idOf, ROWS_PER_INSERT } from './rows.ts';
import { relatedIds } from './threading.ts';
import { trustedHeaders } from './trusted-headers.ts';
import type { SupportCase } from './view.ts';

/** Stores new interactions with all that hangs on them. */
export async function storeInteractions(
  trx: Transaction,
  interactions: readonly NewInteraction[],
): Promise<void> {
  await insertRows(trx, 'interactions', INTERACTION_COLUMNS, interactions.map(interactionRow));
  await storeContents(trx, interactions);
  await storeRawMessages(trx, interactions);
  await storeAttachments(trx, interactions);
  await storeReferences(trx, interactions);
}

/** Stores what the interactions refer to, so that a message which is read after its answer finds it. */
async function storeReferences(trx: Transaction, interactions: readonly NewInteraction[]): Promise<void> {
  const rows = interactions.flatMap((interaction) =>
    relatedIds(interaction.incoming.message).map((messageId) => ({ id: idOf(interaction), messageId })),
  );
  if (rows.length === 0) return;
  await trx.raw(
    `insert into interaction_references (message_id, interaction_id)
     select * from unnest(?::text[], ?::bigint[])`,
    [rows.map(({ messageId }) => messageId), rows.map(({ id }) => id)],
  );
}

/** What headers say of the interaction itself. */
export const SAID_COLUMNS = [
  'ip_address',
  'latitude',
  'longitude',
  'city',
  'region',
  'country_code',
  'user_agent',
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
  ...SAID_COLUMNS,
  'trusted',
  'sender_auth',
  'outsider',
  'dedupe_key',
  'cut',
  'sent_at',
  'received_at',
  'created_at',
] as const;

function interactionRow(interaction: NewInteraction) {
  const { incoming, supportCase, customer } = interaction;
  const { message, directives } = incoming;
  return {
    ...saidColumns(directives.interaction),
    id: idOf(interaction),
    case_id: idOf(supportCase),
    customer_id: customer?.id ?? null,
    folder_id: incoming.folder.folderId,
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
    trusted: incoming.trusted,
    sender_auth: incoming.senderAuth,
    outsider: interaction.outsider,
    dedupe_key: bytes(incoming.dedupeKey),
    cut: message.cut,
    sent_at: message.sentAt ?? null,
    received_at: incoming.receivedAt,
    created_at: new Date(),
  };
}

function saidColumns(said: Directives['interaction']) {
  return {
    ip_address: said.ip_address ?? null,
    latitude: said.latitude ?? null,
    longitude: said.longitude ?? null,
    city: said.city ?? null,
    region: said.region ?? null,
    country_code: said.country_code ?? null,
    user_agent: said.user_agent ?? null,
  };
}

const CHANGED_COLUMNS = [
  'case_id',
  'customer_id',
  'direction',
  'kind',
  'trusted',
  'outsider',
  ...SAID_COLUMNS,
] as const;

/** What trusted copies and replays change in interactions that were stored before. */
export async function storeChanged(trx: Transaction, { changed }: Plan): Promise<void> {
  await updateRows(
    trx,
    'interactions',
    CHANGED_COLUMNS,
    changed.map(({ id, supportCase, customer, direction, kind, said, outsider, trusted }) => ({
      ...saidColumns(said),
      id,
      case_id: idOf(supportCase),
      customer_id: customer?.id ?? null,
      direction,
      kind,
      trusted,
      outsider,
    })),
  );
  for (const { id, directives, supportCase, fromCopy } of changed) {
    await trx.raw(
      'update interaction_contents set directives = ?, from_copy = from_copy or ? where interaction_id = ?',
      [JSON.stringify(directivesColumn(directives, supportCase)), fromCopy, id],
    );
  }
}

/** What of directives is kept. */
export function keptColumn({ applied, refused, decided, byRules }: Directives) {
  return { applied, refused, decided, ...(byRules && { rules: byRules.matched }) };
}

/** A case that was new when it was decided has its number by now. */
function directivesColumn(directives: Directives, supportCase: SupportCase) {
  const decided = directives.decided.map((each) =>
    each.what === 'case' && each.value === null ? { ...each, value: `case ${idOf(supportCase)}` } : each,
  );
  return keptColumn({ ...directives, decided });
}

const CONTENT_COLUMNS = [
  'interaction_id',
  'body_text',
  'body_html',
  'headers',
  'directives',
  'trusted_headers',
  'from_copy',
] as const;

async function storeContents(trx: Transaction, interactions: readonly NewInteraction[]): Promise<void> {
  const large: { id: number; column: string; text: string }[] = [];
  const inline = (id: number, column: string, text: string | undefined) => {
    if (text === undefined || !needsPieces(byteLength(text))) return text ?? null;
    large.push({ id, column, text });
    return '';
  };
  const rows = interactions.map((interaction) => {
    const { incoming, supportCase } = interaction;
    const { message, directives } = incoming;
    const id = idOf(interaction);
    return {
      interaction_id: id,
      body_text: inline(id, 'body_text', message.text),
      body_html: inline(id, 'body_html', message.html),
      headers: message.headers.fields.map(({ name, value }) => [name, value]),
      directives: directivesColumn(directives, supportCase),
      trusted_headers: trustedHeaders(incoming),
      from_copy: interaction.fromCopy === true,
    };
  });
  await insertRows(trx, 'interaction_contents', CONTENT_COLUMNS, rows);
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
      sha256: sha256Of(interaction.incoming.source),
      content: isLarge(interaction) ? Buffer.alloc(0) : interaction.incoming.source,
      is_whole: interaction.incoming.isWhole,
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
      sha256: attachment.sha256 ?? null,
      left_in_mailbox: attachment.sha256 === undefined,
    })),
  );
  if (rows.length > 0) await trx.batchInsert('attachments', rows, ROWS_PER_INSERT);
}
