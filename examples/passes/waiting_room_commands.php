<?php

declare(strict_types=1);

/**
 * Tells the waiting room what becomes of a visit, for a shop behind a proxy. No dependency; PHP 8.0 and later.
 *
 *     $room = new WaitingRoomCommands('spring-sale', 'http://127.0.0.1:8080', 'k2:…');   // the first of secret_keys
 *     foreach ($room->say('release', $_COOKIE) as $cookie) {
 *         header("Set-Cookie: $cookie", false);
 *     }
 *
 * Say 'payment' when the way to the bank begins, 'basket' where it leads back, 'release' when the order is done. It
 * never throws and waits for two seconds at the most: the order stands, and a seat that is not given back ends by
 * being idle.
 */
final class WaitingRoomCommands
{
    private const CREDENTIAL_MS = 300_000;

    private string $keyId;
    private string $key;

    public function __construct(
        private string $room,
        private string $service,
        string $secret,
        private string $prefix = '/waiting-room',
        private float $timeOutS = 2.0,
    ) {
        [$this->keyId, $text] = explode(':', $secret, 2) + [1 => ''];
        if (strlen($text) < 32) {
            throw new InvalidArgumentException("The secret of the key {$this->keyId} is missing or shorter than 32 characters.");
        }
        $this->key = hash_hmac('sha256', 'wr1.gate', $text, true);
    }

    /**
     * Says $command of the visit whose request bore $cookies; returns what to send to its browser as Set-Cookie.
     *
     * @param array<string, string> $cookies
     * @return list<string>
     */
    public function say(string $command, array $cookies): array
    {
        $body = json_encode([
            'command' => $command,
            'pass' => $cookies["wr_pass_{$this->room}"] ?? '',
            'visitor' => $cookies['wr_visitor'] ?? '',
            'stage' => $cookies["wr_stage_{$this->room}"] ?? '',
        ]);
        $call = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => ['Content-Type: application/json', "Authorization: Bearer {$this->credential()}"],
            'content' => $body,
            'timeout' => $this->timeOutS,
            'ignore_errors' => true,
            'follow_location' => 0,
        ]]);
        $text = @file_get_contents("{$this->service}{$this->prefix}/gate/{$this->room}/command", false, $call);
        $answer = json_decode((string) $text, true);
        if (!is_array($answer['set_cookie'] ?? null)) {
            $reason = $answer['reason'] ?? 'no answer';
            error_log("The waiting room did not take $command: $reason");
            return [];
        }
        return $answer['set_cookie'];
    }

    private function credential(): string
    {
        $claims = json_encode([
            'r' => $this->room,
            'g' => 'php-' . getmypid(),
            'e' => (int) (microtime(true) * 1000) + self::CREDENTIAL_MS,
        ]);
        $signed = "wr1.gate.{$this->keyId}." . self::base64((string) $claims);
        return "$signed." . self::base64(hash_hmac('sha256', $signed, $this->key, true));
    }

    private static function base64(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
