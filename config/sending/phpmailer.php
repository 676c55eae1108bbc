<?php
// A shipping notice that mailcase files, sent with PHPMailer (`composer require phpmailer/phpmailer`, or Debian's
// libphp-phpmailer; tried with 6.6):
//   SMTP_HOST=mail.example.com MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com \
//     CUSTOMER_EMAIL=asa@example.org php phpmailer.php
use PHPMailer\PHPMailer\PHPMailer;

foreach (['MAIL_FROM', 'SUPPORT_MAILBOX', 'CUSTOMER_EMAIL'] as $name) {
    if (!getenv($name)) {
        fwrite(STDERR, "set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: $name is empty\n");
        exit(2);
    }
}

// Composer's, or Debian's.
$autoload = getenv('PHPMAILER_AUTOLOAD');
$places = $autoload ? [$autoload] : ['vendor/autoload.php', '/usr/share/php/libphp-phpmailer/autoload.php'];
foreach (array_filter($places, 'is_file') as $place) {
    require_once $place;
    if (class_exists(PHPMailer::class)) {
        break;
    }
}
if (!class_exists(PHPMailer::class)) {
    fwrite(STDERR, 'no PHPMailer in ' . implode(' or ', $places)
        . ": composer require phpmailer/phpmailer here, apt-get install libphp-phpmailer, or set PHPMAILER_AUTOLOAD\n");
    exit(2);
}
set_exception_handler(function (Throwable $error) {
    fwrite(STDERR, 'not sent: ' . strtok($error->getMessage(), "\n") . "\n");
    exit(1);
});

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
$email = getenv('CUSTOMER_EMAIL');
$secret = getenv('DESK_SECRET');

// true: it throws, also at a line break in a header's value.
$mail = new PHPMailer(true);
$mail->CharSet = PHPMailer::CHARSET_UTF8;
$mail->isSMTP();
$mail->Host = getenv('SMTP_HOST') ?: 'localhost';
$mail->Port = (int) (getenv('SMTP_PORT') ?: 587);
if (getenv('SMTP_USER')) {
    $mail->SMTPAuth = true;
    $mail->SMTPSecure = $mail->Port === 465 ? PHPMailer::ENCRYPTION_SMTPS : PHPMailer::ENCRYPTION_STARTTLS;
    $mail->Username = getenv('SMTP_USER');
    $mail->Password = getenv('SMTP_PASSWORD');
}

$mail->setFrom(getenv('MAIL_FROM'));
$mail->addAddress($email, $name);
$mail->Subject = "Your order $order is on its way";
$mail->Body = 'Your parcel has left our house.';
// The same in both messages where there are two: the customer's answer names it.
$mail->MessageID = '<' . bin2hex(random_bytes(16)) . '@' . explode('@', getenv('MAIL_FROM'))[1] . '>';

// PHPMailer encodes what is not ASCII; addrFormat quotes and encodes the name alone.
$desk = [
    'x-desk-customer-email' => $mail->addrFormat([$email, $name]),
    'x-desk-interaction-direction' => 'out',
    'x-desk-case-external-id' => "order-$order",
    'x-desk-case-status' => 'resolved',
    'x-desk-case-labels' => 'order, shipping',
    'x-desk-case-custom-depot' => 'Malmö',
];

if (getenv('SIGNING_KEY') && getenv('SIGNING_KEY_ID')) {
    // trust: hmac. The customer reads the x-headers too, and can change none of them.
    $read = ['x-desk-customer-email' => $name === '' ? $email : "$name <$email>"] + $desk;
    $desk['x-mailcase-signature']
        = signature(getenv('MAIL_FROM'), $read, getenv('SIGNING_KEY_ID'), getenv('SIGNING_KEY'));
    $mail->addBCC(getenv('SUPPORT_MAILBOX'));
} elseif ($secret === false) {
    // trust: all. The customer reads the x-headers too; over SMTP, Bcc stands in nobody's copy.
    $mail->addBCC(getenv('SUPPORT_MAILBOX'));
} else {
    // trust: secret. A second message for the mailbox alone: whoever sees the secret can use it. PHPMailer sends to
    // whom it names, so this one is to the mailbox, and x-desk-customer-email says whose it is.
    $mail->send();
    $mail->clearAllRecipients();
    $mail->addAddress(getenv('SUPPORT_MAILBOX'));
    $desk['x-our-secret'] = $secret;
}
foreach ($desk as $header => $value) {
    $mail->addCustomHeader($header, $value);
}
$mail->send();
