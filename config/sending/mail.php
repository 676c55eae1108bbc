<?php
// A shipping notice that mailcase files, sent with PHP's own mail(), which hands it to the machine's sendmail (tried
// with PHP 8.2 and msmtp):
//   MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com CUSTOMER_EMAIL=asa@example.org php mail.php

foreach (['MAIL_FROM', 'SUPPORT_MAILBOX', 'CUSTOMER_EMAIL'] as $name) {
    if (!getenv($name)) {
        fwrite(STDERR, "set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: $name is empty\n");
        exit(2);
    }
}

/** mail() encodes nothing: a text as encoded words (RFC 2047), on one line as far as it goes. */
function encoded(string $text): string
{
    $text = preg_replace('/[\r\n]+/', ' ', $text);
    if (!preg_match('/[^ -~]/', $text)) {
        return $text;
    }
    $charsets = ['input-charset' => 'UTF-8', 'output-charset' => 'UTF-8', 'scheme' => 'B'];
    return substr(iconv_mime_encode('X', $text, $charsets), strlen('X: '));
}

/** A name and an address: the name is quoted, or encoded. */
function address(string $name, string $email): string
{
    $encoded = encoded($name);
    return ($encoded === $name ? '"' . addcslashes($name, '"\\') . '"' : $encoded) . " <$email>";
}

/** The signature of a mail: of its From (the address alone) and of all its x-desk- fields, as people read them. */
function signature(string $from, array $fields, string $id, string $secret): string
{
    $time = time();
    $nonce = bin2hex(random_bytes(16));
    $text = "mailcase-signature-v1\nk=$id\nt=$time\nn=$nonce\nfrom=" . strtolower($from) . "\n";
    $fields = array_change_key_case($fields);
    ksort($fields, SORT_STRING);
    foreach ($fields as $name => $value) {
        $value = trim(preg_replace('/[ \t\r\n]+/', ' ', $value), ' ');
        if ($value !== '') {
            $text .= "$name:$value\n";
        }
    }
    return "v=1; k=$id; t=$time; n=$nonce; s=" . hash_hmac('sha256', $text, $secret);
}

$order = getenv('ORDER') ?: '10423';
$name = getenv('CUSTOMER_NAME') ?: 'Åsa Öberg';
$customer = address($name, getenv('CUSTOMER_EMAIL'));
$from = getenv('MAIL_FROM');
$secret = getenv('DESK_SECRET');
$subject = encoded("Your order $order is on its way");
$text = "Your parcel has left our house.\n";

$fields = [
    'From' => $from,
    // The same in both messages where there are two: the customer's answer names it.
    'Message-ID' => '<' . bin2hex(random_bytes(16)) . '@' . explode('@', $from)[1] . '>',
    'MIME-Version' => '1.0',
    'Content-Type' => 'text/plain; charset=utf-8',
    'Content-Transfer-Encoding' => '8bit',
];
$desk = [
    'x-desk-customer-email' => $customer,
    'x-desk-interaction-direction' => 'out',
    'x-desk-case-external-id' => encoded("order-$order"),
    'x-desk-case-status' => 'resolved',
    'x-desk-case-labels' => 'order, shipping',
    'x-desk-case-custom-depot' => encoded('Malmö'),
];

// An array of headers, never a string: of an array PHP refuses a value with a line break in it, in a string it becomes
// a header of its own, and with "Bcc:" in it somebody else's mail.
if (getenv('SIGNING_KEY') && getenv('SIGNING_KEY_ID')) {
    // trust: hmac. The customer reads the x-headers too, and can change none of them. Signed is what people read.
    $read = [
        'x-desk-customer-email' => "$name <" . getenv('CUSTOMER_EMAIL') . '>',
        'x-desk-case-external-id' => "order-$order",
        'x-desk-case-custom-depot' => 'Malmö',
    ] + $desk;
    $desk['x-mailcase-signature'] = signature($from, $read, getenv('SIGNING_KEY_ID'), getenv('SIGNING_KEY'));
    $sent = mail($customer, $subject, $text, [...$fields, ...$desk, 'Bcc' => getenv('SUPPORT_MAILBOX')], "-f$from");
} elseif ($secret === false) {
    // trust: all. The customer reads the x-headers too; sendmail takes the Bcc field out.
    $sent = mail($customer, $subject, $text, [...$fields, ...$desk, 'Bcc' => getenv('SUPPORT_MAILBOX')], "-f$from");
} else {
    // trust: secret. A second message for the mailbox alone: whoever sees the secret can use it. mail() sends to whom
    // it names, so this one is to the mailbox, and x-desk-customer-email says whose it is.
    $sent = mail($customer, $subject, $text, $fields, "-f$from")
        && mail(getenv('SUPPORT_MAILBOX'), $subject, $text, [...$fields, ...$desk, 'x-our-secret' => $secret], "-f$from");
}
if (!$sent) {
    fwrite(STDERR, "not sent: sendmail (sendmail_path in php.ini) did not take the mail\n");
    exit(1);
}
