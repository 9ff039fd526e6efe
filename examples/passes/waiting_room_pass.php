<?php

declare(strict_types=1);

/**
 * Verifies passes of the waiting room offline, without any dependency. PHP 8.0 and later.
 *
 *     $passes = new WaitingRoomPasses('spring-sale', ['k2:…', 'k1:…']);   // as the service has them
 *     $pass = $passes->verify($_COOKIE['wr_pass_spring-sale'] ?? '', (int) (microtime(true) * 1000));
 *
 * A pass that is good tells who may shop, with which seat, and until when. It cannot tell that a seat was given back
 * early or taken away: only the service knows that, or a gate that reports to it.
 */
final class WaitingRoomPasses
{
    private const VERSION = 'wr1';
    private const LONGEST = 2048;
    private const TEXTS = ['lane' => 'l', 'visitor' => 'v', 'seat' => 's'];
    private const NUMBERS = ['number' => 'n', 'issued_ms' => 'i', 'hard_end_ms' => 'e'];

    /** @var array<string, string> */
    private array $keys = [];

    /** @param list<string> $secrets each "<key id>:<secret>"; all of them verify */
    public function __construct(private string $room, array $secrets)
    {
        foreach ($secrets as $secret) {
            [$id, $text] = explode(':', $secret, 2) + [1 => ''];
            if (strlen($text) < 32) {
                throw new InvalidArgumentException("The secret of the key $id is missing or shorter than 32 characters.");
            }
            $this->keys[$id] = hash_hmac('sha256', self::VERSION . '.pass', $text, true);
        }
    }

    /**
     * Returns the pass that $text proves at $nowMs, or throws WaitingRoomRefusal with a reason.
     *
     * @return array{lane: string, number: int, visitor: string, seat: string, issued_ms: int, hard_end_ms: int}
     */
    public function verify(string $text, int $nowMs): array
    {
        $parts = explode('.', $text);
        if (strlen($text) > self::LONGEST || count($parts) !== 5 || $parts[0] !== self::VERSION || $parts[1] !== 'pass') {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        $key = $this->keys[$parts[2]] ?? null;
        $signed = substr($text, 0, (int) strrpos($text, '.'));
        if ($key === null || !hash_equals(self::base64(hash_hmac('sha256', $signed, $key, true)), $parts[4])) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        $claims = json_decode((string) base64_decode(strtr($parts[3], '-_', '+/')), true);
        if (!is_array($claims) || ($claims['r'] ?? null) !== $this->room) {
            throw new WaitingRoomRefusal('pass_invalid');
        }
        $pass = [];
        foreach (self::TEXTS as $name => $claim) {
            $pass[$name] = is_string($claims[$claim] ?? null) ? $claims[$claim] : throw new WaitingRoomRefusal('pass_invalid');
        }
        foreach (self::NUMBERS as $name => $claim) {
            $pass[$name] = is_int($claims[$claim] ?? null) ? $claims[$claim] : throw new WaitingRoomRefusal('pass_invalid');
        }
        if ($pass['hard_end_ms'] <= $nowMs) {
            throw new WaitingRoomRefusal('pass_expired');
        }
        return $pass;
    }

    private static function base64(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}

/** Says why a pass does not count: pass_invalid or pass_expired. */
final class WaitingRoomRefusal extends RuntimeException
{
}
