/*
 * How much header fields may set, each with its unit and the reason. What is beyond is refused, with the reason, and the
 * field keeps what it would have without it.
 */

/** Longest identifier, in bytes of UTF-8: it is looked up through an index, whose rows have a limit. */
export const MAX_IDENTIFIER_BYTES = 255;

/** Longest key of a custom field, in bytes of UTF-8: a key is an identifier. */
export const MAX_KEY_BYTES = 255;

/** Longest label, in bytes of UTF-8: a label is a word or a few. */
export const MAX_LABEL_BYTES = 255;

/** Longest text that a header sets, in characters: a delivery note of several pages, and no file. */
export const MAX_TEXT_CHARACTERS = 10_000;

/** Labels that one mail sets: the first ones. */
export const MAX_LABELS_OF_MAIL = 100;

/** Custom fields that one mail sets of the customer, and of the case: the first ones. */
export const MAX_CUSTOM_FIELDS_OF_MAIL = 100;

/**
 * Labels that a case comes to have: a sending system that puts a number into each label would add one with every mail,
 * and each change keeps all of them in its event.
 */
export const MAX_LABELS = 200;

/** Custom fields that a customer or a case comes to have, for the same reason. */
export const MAX_CUSTOM_FIELDS = 200;

/** What is kept of a mail's directives: entries of each list, the first ones; a mail may have as many headers as it likes. */
export const MAX_DIRECTIVES = 500;

/** What is kept of a value in them, in characters: enough to see what was meant. */
export const MAX_DIRECTIVE_CHARACTERS = 1_000;
