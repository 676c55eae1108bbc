/*
 * How much of one message is read and kept, each with its unit and the reason. What is beyond is cut and said on the
 * interaction (interactions.cut); the raw message has it all. Sizes of the message itself are options: message_bytes
 * and body_characters.
 */

/**
 * Longest header block that is read, in bytes, of the message and of each part. Real ones stay under 100 KB, a list of
 * 5,000 recipients takes 200 KB; reading one costs time by the megabyte, in the mail of whoever wants to slow us down.
 */
export const MAX_HEADER_BYTES = 2 * 1024 * 1024;

/**
 * How much of the headers of parts is read, in bytes, all parts together: a megabyte of addresses or encoded words takes
 * half a second, and a message has room for fifty. Beyond it, only fields about the part itself are.
 */
export const MAX_PART_HEADERS_BYTES = 1024 * 1024;

/** Longest field of a part that is read beyond that, in bytes: room for a file name, and for a long boundary. */
export const MAX_PART_FIELD_BYTES = 1_000;

/** The least that a line counts for: a line costs something beside its bytes, and two megabytes have a million of them. */
export const HEADER_LINE_COST = 64;

/** Header fields kept with an interaction, the first ones. Real mail has up to 150. */
export const MAX_HEADER_FIELDS = 1_000;

/** Longest value of one of them that is kept, in characters: longer than any that people read, but for recipients. */
export const MAX_HEADER_CHARACTERS = 16_000;

/** All values together, in characters: with the two above alone, one mail would make a row of 16 MB. */
export const MAX_HEADERS_CHARACTERS = 500_000;

/** MIME parts that are read, the first ones. A digest of a busy list has some hundred; each costs what a mail costs. */
export const MAX_PARTS = 2_000;

/** How deep parts in parts are read. Forwarding a forwarded mail ten times over makes 20 levels. */
export const MAX_NESTING = 100;

/**
 * MIME parts after which the rest is not even looked at: counting what is not read costs memory as well. Beyond
 * MAX_PARTS each takes some kilobytes.
 */
export const MAX_COUNTED_PARTS = 50_000;

/** Attachments that are listed, the first ones: people attach a hundred photographs, not thousands. */
export const MAX_ATTACHMENTS = 1_000;

/**
 * How much of the text parts is decoded, in bytes as they were sent, all parts together: decoding takes up to ten times
 * that in memory. Twice the largest body_characters.
 */
export const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** The least that a line of a text counts for, in bytes: the parser takes a hundred for each, however short it is. */
export const TEXT_LINE_COST = 16;

/** Addresses kept of each of To and Cc, the first ones; the dedupe key is made of all. */
export const MAX_RECIPIENTS = 1_000;

/** Message-IDs kept of each of In-Reply-To and References, the last ones: the nearest ancestors are at the end. */
export const MAX_REFERENCES = 100;

/** Longest subject, name and the like that is kept, in characters: a line of RFC 5322 ends at 998. */
export const MAX_LINE_CHARACTERS = 1_000;

/** Longest content type, content id and the like of a part, in characters; RFC 6838 ends a type at 255. */
export const MAX_TOKEN_CHARACTERS = 255;
